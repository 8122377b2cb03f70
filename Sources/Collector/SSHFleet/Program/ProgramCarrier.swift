import Glibc

/// A stream through OpenSSH's own program: for keys, certificates and algorithms that libssh2
/// doesn't know.
final class ProgramCarrier: LinkCarrier, ChildProcessOwner, @unchecked Sendable {
  // Invariant of @unchecked: used on `loop`'s thread only.
  private enum Phase {
    case resolving
    /// Waiting for the bastion's login.
    case routing
    case queued
    /// The program runs and has shown nothing of the command yet.
    case connecting
    case streaming
    case closed
  }

  private let target: FleetTarget
  private let environment: FleetEnvironment
  private let loop: EventLoop
  private unowned let owner: any LinkCarrierOwner
  private var phase = Phase.resolving
  private var limits = LinkDeadlines()
  private var child: ChildProcess?
  private var complaint = Complaint(limit: complaintLimit)
  private var window: ConnectWindow?
  private var probe: ProgramProbe?
  private var known: HostSettings?
  /// Where other sessions of the same connection are asked for.
  private var controlPath: String?

  /// Longest standard error kept while connecting, characters.
  private static let complaintLimit = 4000

  init(
    target: FleetTarget, environment: FleetEnvironment, loop: EventLoop,
    owner: any LinkCarrierOwner
  ) {
    self.target = target
    self.environment = environment
    self.loop = loop
    self.owner = owner
  }

  private var place: String {
    let user = known?.settings.user.map { "\($0)@" } ?? ""
    return user + (known?.answer.hostName ?? target.address)
  }

  func open() {
    limits.begin(LinkDeadlines.resolve)
    owner.carrierIsConnecting(.resolving, "asking ssh for \(target.address)")
    environment.resolvers.run { [target, environment, loop] in
      let result = Result { () throws(LinkFailure) in try environment.resolver.settings(target) }
      loop.post { self.didResolve(result) }
    }
  }

  private func didResolve(_ result: Result<HostSettings, LinkFailure>) {
    guard case .resolving = phase else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let known):
      self.known = known
      guard let jump = known.answer.proxyJump else { return queue(known, bastion: nil) }
      // Hosts behind a bastion share its login here too.
      phase = .routing
      limits.begin(LinkDeadlines.program, notice: true)
      owner.carrierIsConnecting(.routing, "through the bastion \(jump)")
      owner.carrierDeadlineChanged()
      environment.bastions.logIn(at: jump, target: target, loop: loop) { [loop] result in
        loop.post { self.didRoute(result, known) }
      }
    }
  }

  private func didRoute(_ result: Result<String, LinkFailure>, _ known: HostSettings) {
    guard case .routing = phase else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let master): queue(known, bastion: master)
    }
  }

  private func queue(_ known: HostSettings, bastion: String?) {
    phase = .queued
    limits.clear()
    let proxy = bastion == nil ? known.answer.proxyCommand : nil
    let window = environment.windows.window(through: proxy)
    window.request { [loop] in
      loop.post {
        guard case .queued = self.phase else { return window.giveBack(.other) }
        self.window = window
        self.start(known, bastion: bastion)
      }
    }
  }

  private func start(_ known: HostSettings, bastion: String?) {
    phase = .connecting
    owner.carrierIsConnecting(.connecting, "ssh to \(place)")
    // A ProxyCommand logs in at its bastion meanwhile: that place is kept until it is done.
    limits.begin(
      LinkDeadlines.program, patience: known.answer.proxyCommand == nil, notice: true)
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    controlPath = environment.bastions.newSocketPath()
    let arguments = SSHProgram.arguments(
      target, known, options: environment.options, controlPath: controlPath, bastion: bastion)
    if let reason = child.start(arguments, isSentTo: true) {
      return fail(LinkFailure(.unreachable, reason))
    }
    // The command's output shows that it runs, and it may have to be asked for some.
    _ = child.send(owner.carrierWillStart())
    owner.carrierDeadlineChanged()
  }

  func handle(_ events: UInt32, of descriptor: Int32) {}

  // MARK: - The program

  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>) {
    if case .connecting = phase {
      phase = .streaming
      limits.clear()
      giveBackPlace(.worked)
      let port = known?.settings.port.map { ":\($0)" } ?? ""
      owner.carrierDidConnect(address: "\(place)\(port) by ssh")
    }
    guard case .streaming = phase else { return }
    owner.carrierDidReceive(bytes)
  }

  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>) {
    if case .streaming = phase { return owner.carrierDidReceiveError(bytes) }
    complaint.take(bytes)
  }

  func childDidEnd(_ child: ChildProcess, status: Int32?) {
    switch phase {
    case .streaming: owner.carrierDidEnd(status: status)
    case .connecting where status == 255 || status == nil:
      let failure = SSHProgram.failure(complaint.text, status: status, place: place)
      // An sshd that has too many logins under way hangs up before its banner.
      if complaint.text.contains("kex_exchange_identification") { giveBackPlace(.pushedBack) }
      fail(failure)
    case .connecting:
      // The login worked; it is the command that ended, or the login shell.
      giveBackPlace(.worked)
      owner.carrierDidConnect(address: "\(place) by ssh")
      guard case .connecting = phase else { return }
      phase = .streaming
      Array(complaint.text.utf8).withUnsafeBufferPointer { owner.carrierDidReceiveError($0.span) }
      owner.carrierDidEnd(status: status)
    default: break
    }
  }

  func send(_ bytes: [UInt8]) -> Bool { child?.send(bytes) ?? true }

  func childDidDrain(_ child: ChildProcess) { owner.carrierDidDrain() }

  // MARK: - A second command

  func ask(_ command: String) {
    guard case .streaming = phase, probe?.isDone ?? true, let controlPath else {
      return owner.carrierDidAnswer(nil)
    }
    let probe = ProgramProbe(loop: loop, waitsForLate: true) { [weak self] answer in
      self?.owner.carrierDidAnswer(answer)
    }
    self.probe = probe
    probe.start(
      SSHProgram.beside(controlPath) + ["--", target.address, "exec sh -c '\(command)'"])
    owner.carrierDeadlineChanged()
  }

  // MARK: - Time

  private var routes: Bool { if case .routing = phase { true } else { false } }

  var deadline: UInt64 { min(limits.next, probe?.deadline ?? .max) }

  func deadlinePassed(_ now: UInt64) {
    if let probe, probe.deadline <= now { probe.deadlinePassed(now) }
    switch limits.passed(now) {
    case .nothing: break
    case .patience: giveBackPlace(.other)
    case .notice where routes:
      owner.carrierIsConnecting(.routing, "no answer from its bastion yet", isNews: true)
    case .notice:
      owner.carrierIsConnecting(
        .connecting, "ssh to \(place): it doesn't answer", isNews: true)
    case .end:
      if case .resolving = phase {
        return fail(LinkFailure(.unreachable, "no answer from ssh -G for “\(target.address)”"))
      }
      if routes {
        return fail(LinkFailure(.unreachable, "no way through its bastion: it is down or busy"))
      }
      fail(
        LinkFailure(
          .unreachable,
          "\(place): ssh took longer than \(SSHProgram.connectSeconds) s: the host "
            + "is down or overloaded, or its sshd hangs"))
    }
  }

  // MARK: - End

  private func fail(_ failure: LinkFailure) {
    if case .closed = phase { return }
    owner.carrierDidFail(failure)
  }

  func close() {
    giveBackPlace(.other)
    phase = .closed
    limits.clear()
    child?.terminate()
    child = nil
    probe?.cancel()
    probe = nil
    if let controlPath { unlink(controlPath) }
  }

  private func giveBackPlace(_ outcome: ConnectWindow.Outcome) {
    window?.giveBack(outcome)
    window = nil
  }
}
