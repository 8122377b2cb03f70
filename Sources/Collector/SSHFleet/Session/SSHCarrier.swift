import CLibSSH2
import CSystem
import Foundation
import Glibc

/// One attempt to reach a host over libssh2: resolve, connect, key exchange, host key, login,
/// command, stream.
///
/// Confined to its loop's thread; while the ssh-agent is asked the session is lent to a worker,
/// and touched by nobody else until it is back.
final class SSHCarrier: LinkCarrier, @unchecked Sendable {
  // Invariant of @unchecked: used on `loop`'s thread only, but for `lent` sessions (see above).
  enum Phase {
    case resolving
    /// Waiting for the bastion's login or forwarding.
    case routing
    case queued
    case connecting
    case handshaking
    case loggingIn
    /// The session is with a worker.
    case lent
    case opening
    case starting
    case streaming
    /// At the end of the stream, waiting for the exit status.
    case draining
    /// The ProxyCommand gave up; its last words are awaited.
    case leaving
    case closed
  }

  let target: FleetTarget
  let environment: FleetEnvironment
  let loop: EventLoop
  unowned let owner: any LinkCarrierOwner
  var phase = Phase.resolving
  var endpoint: Endpoint?
  var plan: LoginPlan?
  var session: SSHSession?
  /// The stream's channel, and the second command beside it.
  var channel: SSHChannel?
  var probe: SessionProbe?
  /// What waits to go to the command's standard input.
  let output = SessionOutput()
  /// Whose packet is half sent: until it has left, nobody else may write on the session, and
  /// reading may write too (window adjusts, new keys). libssh2 keeps one packet only, and takes
  /// whatever comes next for its rest.
  var sender: Sender?

  enum Sender {
    case stream
    case probe
    case output
  }

  /// The ProxyCommand, where there is one, and what it complained of.
  var proxy: ChildProcess?
  var proxyComplaint = Complaint(limit: 2000)
  /// What known_hosts lists for the host.
  var knownKeys: KnownKeys?
  var socket: Int32 = -1
  var addressIndex = 0
  private var watched: UInt32 = 0
  private var goesOnLater = false
  var heldWindow: ConnectWindow?
  var holdsPlace: Bool { heldWindow != nil }
  var limits = LinkDeadlines()
  /// Index into the plan's attempts, and how many keys the server has refused so far.
  var attempt = 0
  var refusals = 0

  init(
    target: FleetTarget, environment: FleetEnvironment, loop: EventLoop,
    owner: any LinkCarrierOwner
  ) {
    self.target = target
    self.environment = environment
    self.loop = loop
    self.owner = owner
  }

  var addressText: String {
    guard let endpoint else { return target.address }
    guard addressIndex < endpoint.addresses.count else { return endpoint.place }
    return endpoint.addresses[addressIndex].text
  }

  // MARK: - Resolve and queue

  func open() {
    _ = LibSSH2.initialised
    limits.begin(LinkDeadlines.resolve)
    owner.carrierIsConnecting(.resolving, "looking up \(target.address)")
    let (target, environment, loop) = (target, environment, loop)
    environment.resolvers.run {
      let result = Result { () throws(LinkFailure) in
        let endpoint = try environment.resolver.resolve(target)
        return (endpoint, LoginPlan(endpoint, keys: environment.identities))
      }
      loop.post { self.didResolve(result) }
    }
  }

  private func didResolve(_ result: Result<(Endpoint, LoginPlan), LinkFailure>) {
    guard case .resolving = phase else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let (endpoint, plan)):
      self.endpoint = endpoint
      self.plan = plan
      if let reason = endpoint.needsProgram, target.transport == .auto, SSHProgram.isInstalled {
        return fail(
          LinkFailure(.unsupported, "libssh2 can't log in with \(reason)", program: .any))
      }
      guard !plan.attempts.isEmpty else { return fail(noKeyFailure()) }
      if case .jump(let bastion) = endpoint.route { return route(through: bastion, endpoint) }
      queue(endpoint)
    }
  }

  func queue(_ endpoint: Endpoint) {
    phase = .queued
    limits.clear()
    // Behind a bastion of ours hosts share its login, so they wait with all others.
    let bastion: String? =
      if case .command(_, let template) = endpoint.route { template } else { nil }
    let window = environment.windows.window(through: bastion)
    window.request { [loop] in
      loop.post {
        guard case .queued = self.phase else { return window.giveBack(.other) }
        self.heldWindow = window
        if case .command(let command, _) = endpoint.route {
          self.connect(by: command)
        } else {
          self.connect()
        }
      }
    }
  }

  // MARK: - Events

  func handle(_ events: UInt32, of descriptor: Int32) {
    guard case .connecting = phase else { return advance() }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
    if code == 0 { didConnect() } else { connectFailed(code) }
  }

  /// Steps taken in one turn: a host that floods us must leave the others theirs.
  private static let stepsOfTurn = 16

  /// Takes the steps that need no waiting, up to a turn's worth.
  func advance() {
    var steps = 0
    while let session, takeStep(session) {
      steps += 1
      guard steps < SSHCarrier.stepsOfTurn else { return goOnLater() }
    }
    guard let session else { return }
    if case .lent = phase { return }
    if case .leaving = phase { return }
    if case .closed = phase { return }
    // While a packet is half sent nothing is read, so what stands there must not wake us.
    watch(sender == nil ? session.wantedEvents : EPOLLOUT.rawValue)
  }

  /// What is left is queued inside libssh2 already, so epoll wouldn't wake us for it.
  private func goOnLater() {
    guard !goesOnLater else { return }
    goesOnLater = true
    loop.post { [self] in
      goesOnLater = false
      if case .closed = phase { return }
      advance()
    }
  }

  /// One step of the current phase; whether another may follow at once.
  private func takeStep(_ session: SSHSession) -> Bool {
    switch phase {
    case .handshaking: return handshakeStep(session)
    case .loggingIn: return loginStep(session)
    case .opening:
      let channel = channel ?? session.makeChannel()
      self.channel = channel
      return follow(channel.open(), "open a channel") { phase = .starting }
    case .starting:
      guard let channel else { return false }
      let command = "exec sh -c '\(target.command)'"
      return follow(channel.start(command), "start the command") { beginStream() }
    case .streaming: return readStep(session)
    case .draining:
      guard let channel else { return false }
      if case .again = channel.waitForClose() { return false }
      owner.carrierDidEnd(status: channel.exitStatus)
      return false
    case .leaving, .resolving, .routing, .queued, .connecting, .lent, .closed: return false
    }
  }

  func follow(_ step: SSHSession.Step, _ what: String, then next: () -> Void) -> Bool {
    switch step {
    case .again: return false
    case .done:
      next()
      return true
    case .failed(_, let text):
      fail(LinkFailure(.unreachable, "\(addressText): can't \(what): \(text)"))
      return false
    }
  }

  private func handshakeStep(_ session: SSHSession) -> Bool {
    switch session.handshake() {
    case .again: return false
    case .failed(let code, let text):
      handshakeFailed(session, code: code, text: text)
      return false
    case .done:
      guard checkHostKey(session) else { return false }
      session.forgetGreeting()
      phase = .loggingIn
      owner.carrierIsConnecting(.loggingIn, "logging in to \(addressText)")
      return true
    }
  }

  private func handshakeFailed(_ session: SSHSession, code: Int32, text: String) {
    let greeting = ServerGreeting(session.greetingBytes)
    if let mismatch = greeting.mismatch {
      return fail(LinkFailure(.unsupported, "\(addressText): \(mismatch)", program: .any))
    }
    if greeting.banner == nil, let bastion = endpoint?.route.bastion {
      guard proxy != nil else { return fail(proxyFailure(bastion)) }
      // Its socket closes before it ends: what it says of the reason is still to come.
      phase = .leaving
      limits.begin(second)
      unwatch()
      return owner.carrierDeadlineChanged()
    }
    if greeting.banner == nil {
      giveBackPlace(.pushedBack)
      return fail(
        LinkFailure(
          .unreachable,
          "\(addressText) closed the connection before its SSH banner (too many logins at once, "
            + "a ban, or no sshd): \(text)"))
    }
    fail(LinkFailure(.unreachable, "\(addressText): key exchange failed: \(text)"))
  }

  // MARK: - End

  func fail(_ failure: LinkFailure) {
    if case .closed = phase { return }
    owner.carrierDidFail(failure)
  }

  func close() {
    giveBackPlace(.other)
    if case .streaming = phase { session?.sayGoodbye() }
    phase = .closed
    limits.clear()
    closeSocket()
  }

  /// Lets the socket go. A session owns its socket, and goes when nobody holds it any more: a
  /// step that is under way, or the worker it is lent to, whose calls fail after the shutdown.
  func closeSocket() {
    proxy?.terminate()
    proxy = nil
    // Before the session, which frees what they stand for.
    (channel, probe) = (nil, nil)
    guard socket >= 0 else { return }
    loop.forget(socket)
    watched = 0
    shutdown(socket, Int32(SHUT_RDWR))
    if session == nil { Glibc.close(socket) }
    session = nil
    socket = -1
  }

  func giveBackPlace(_ outcome: ConnectWindow.Outcome) {
    heldWindow?.giveBack(outcome)
    heldWindow = nil
  }

  func watch(_ events: UInt32) {
    guard events != watched, socket >= 0 else { return }
    watched = events
    loop.watch(socket, events, self)
  }

  /// While a worker holds the session, the loop must not wake for its socket.
  func unwatch() {
    loop.forget(socket)
    watched = 0
  }
}

/// libssh2_init isn't safe to call from two threads, so it is called once, before any.
enum LibSSH2 {
  static let initialised: Bool = libssh2_init(0) == 0

  /// The version of the library in use, not of the header.
  public static var version: String {
    libssh2_version(0).map { String(cString: $0) } ?? "?"
  }
}
