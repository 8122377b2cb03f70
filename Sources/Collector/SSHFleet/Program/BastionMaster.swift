import Bytes
import Foundation

/// One ssh process that holds a login at a bastion and forwards sockets through it.
///
/// Confined to its loop's thread, but for `stop`, which comes when that has ended.
final class BastionMaster: ChildProcessOwner, LoopHandler, @unchecked Sendable {
  // Invariant of @unchecked: see above.
  typealias Completion = @Sendable (Result<String, LinkFailure>) -> Void

  private enum Phase {
    case idle
    case starting
    case ready
  }

  /// A place behind the bastion.
  private struct Forwarding {
    var path: String
    var isOpen = false
    var waiting: [Completion] = []
  }

  let loop: EventLoop
  private let jump: String
  private let keys: [String]
  private let options: FleetOptions
  private unowned let bastions: Bastions
  private var phase = Phase.idle
  private var child: ChildProcess?
  private var controlPath = ""
  private var complaint = Complaint(limit: complaintLimit)
  private var forwardings: [String: Forwarding] = [:]
  /// Places that are to be forwarded yet, in the order they were asked for.
  private var queue: [String] = []
  /// Who waits for the login itself.
  private var loginWaiters: [Completion] = []
  private var probe: ProgramProbe?
  private var backoff = Backoff()
  private var random = SystemRandomNumberGenerator()
  /// After a failure: not before this a bastion is asked again, however many hosts ask.
  private var restUntil: UInt64 = 0
  private var lastFailure: LinkFailure?
  private var loginEnd = UInt64.max

  /// What the program prints once it has logged in.
  private static let readyWord = "culprit-ready"
  private static let complaintLimit = 4000
  private static let noFolder = LinkFailure(
    .unreachable, "no folder for sockets in $XDG_RUNTIME_DIR or /tmp")

  init(
    jump: String, keys: [String], options: FleetOptions, loop: EventLoop, bastions: Bastions
  ) {
    self.jump = jump
    self.keys = keys
    self.options = options
    self.loop = loop
    self.bastions = bastions
  }

  // MARK: - Asking

  func logIn(_ completion: @escaping Completion) {
    if case .ready = phase { return completion(.success(controlPath)) }
    if let lastFailure, monotonicNow() < restUntil { return completion(.failure(lastFailure)) }
    loginWaiters.append(completion)
    if case .idle = phase { start() }
  }

  func forgive() {
    restUntil = 0
    backoff.reset()
  }

  func forward(to place: String, _ completion: @escaping Completion) {
    if let known = forwardings[place], known.isOpen, case .ready = phase {
      return completion(.success(known.path))
    }
    if let lastFailure, monotonicNow() < restUntil { return completion(.failure(lastFailure)) }
    guard let path = forwardings[place]?.path ?? bastions.newSocketPath() else {
      return completion(.failure(Self.noFolder))
    }
    if forwardings[place] == nil {
      forwardings[place] = Forwarding(path: path)
      queue.append(place)
    }
    forwardings[place]?.waiting.append(completion)
    switch phase {
    case .idle: start()
    case .starting: break
    case .ready: forwardNext()
    }
  }

  private func forwardNext() {
    guard case .ready = phase, probe == nil, !queue.isEmpty else { return }
    let place = queue.removeFirst()
    guard let path = forwardings[place]?.path else { return forwardNext() }
    let words =
      SSHProgram.beside(controlPath) + ["-O", "forward", "-L", "\(path):\(place)", "--", "bastion"]
    // The answer is empty; whether the socket is there says whether it worked. The next one waits
    // for the next turn, for it may get the descriptors that this one just closed.
    let probe = ProgramProbe(loop: loop) { [weak self, loop] _ in
      guard let self else { return }
      loop.post { self.didForward(place) }
    }
    self.probe = probe
    loop.deadlineChanged(of: self)
    probe.start(words)
    loop.deadlineChanged(of: self)
  }

  private func didForward(_ place: String) {
    probe = nil
    guard var forwarding = forwardings[place] else { return forwardNext() }
    let waiting = forwarding.waiting
    forwarding.waiting = []
    forwarding.isOpen = access(forwarding.path, F_OK) == 0
    if forwarding.isOpen {
      forwardings[place] = forwarding
      for completion in waiting { completion(.success(forwarding.path)) }
    } else {
      forwardings[place] = nil
      let failure = LinkFailure(
        .unreachable, "the bastion \(jump) can't be asked to forward to \(place)")
      for completion in waiting { completion(.failure(failure)) }
    }
    forwardNext()
  }

  // MARK: - The program

  /// The last of the bastions: the one that forwards.
  private var jumpHost: String {
    let last = jump.split(separator: ",").last.map(String.init) ?? jump
    return last.hasPrefix("ssh://") ? last : "ssh://" + last
  }

  private func start() {
    guard let path = bastions.newSocketPath() else { return failed(Self.noFolder) }
    controlPath = path
    complaint = Complaint(limit: Self.complaintLimit)
    phase = .starting
    var words = SSHProgram.start(options: options)
    // What the user's configuration forwards on such a login isn't for us.
    words += ["-M", "-S", path, "-N", "-o", "ClearAllForwardings=yes"]
    words += ["-o", "ExitOnForwardFailure=no", "-o", "PermitLocalCommand=yes"]
    words += ["-o", "LocalCommand=echo \(Self.readyWord)", "-o", "StreamLocalBindMask=0177"]
    words += keys
    let before = jump.split(separator: ",").dropLast().joined(separator: ",")
    if !before.isEmpty { words += ["-J", before] }
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    if let reason = child.start(words + ["--", jumpHost]) {
      return failed(LinkFailure(.unreachable, reason))
    }
    loginEnd = monotonicNow() + LinkDeadlines.program
    loop.addTimed(self)
  }

  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>) {
    guard case .starting = phase else { return }
    phase = .ready
    loginEnd = .max
    backoff.reset()
    lastFailure = nil
    let waiting = loginWaiters
    loginWaiters = []
    for completion in waiting { completion(.success(controlPath)) }
    forwardNext()
  }

  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>) {
    // While it forwards, it complains of every host that can't be reached.
    guard case .starting = phase else { return }
    complaint.take(bytes)
  }

  func childDidEnd(_ child: ChildProcess, status: Int32?) {
    let hadLoggedIn = if case .ready = phase { true } else { false }
    let failure =
      hadLoggedIn
      ? LinkFailure(.unreachable, "the connection ended")
      : SSHProgram.failure(complaint.text, status: status, place: jump)
    failed(failure)
  }

  private func failed(_ failure: LinkFailure) {
    let name = Printable.text(jump, limit: 100)
    let words = failure.description
    var told = LinkFailure(
      failure.kind, words.hasPrefix(name) ? "bastion \(words)" : "bastion \(name): \(words)")
    told.isOfBastion = true
    let seconds = backoff.next(using: &random)
    // A key that it refused, it refuses for every host behind it.
    restUntil = told.isFinal ? .max : monotonicNow() + UInt64(seconds * 1e9)
    lastFailure = told
    let waiting = forwardings.values.flatMap(\.waiting) + loginWaiters
    loginWaiters = []
    end()
    for completion in waiting { completion(.failure(told)) }
  }

  private func end() {
    phase = .idle
    loginEnd = .max
    loop.removeTimed(self)
    child?.terminate()
    child = nil
    probe?.cancel()
    probe = nil
    for path in forwardings.values.map(\.path) + [controlPath] { unlink(path) }
    forwardings = [:]
    queue = []
  }

  /// When the loops have ended.
  func stop() { end() }

  // MARK: - Time

  var deadline: UInt64 { min(loginEnd, probe?.deadline ?? .max) }

  func deadlinePassed(_ now: UInt64) {
    if let probe, probe.deadline <= now { probe.deadlinePassed(now) }
    guard loginEnd <= now else { return }
    failed(
      LinkFailure(
        .unreachable, "no login within \(SSHProgram.connectSeconds) s: it is down or busy"))
  }

  func handle(_ events: UInt32, of descriptor: Int32) {}
}
