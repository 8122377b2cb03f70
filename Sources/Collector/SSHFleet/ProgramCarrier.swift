import Glibc

/// A stream through OpenSSH's own program: for keys, certificates and algorithms that libssh2
/// doesn't know.
final class ProgramCarrier: LinkCarrier, ChildProcessOwner, @unchecked Sendable {
  // Invariant of @unchecked: used on `loop`'s thread only.
  private enum Phase {
    case resolving
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
  private var complaint = ""
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
      let result: Result<HostSettings, LinkFailure>
      do throws(LinkFailure) {
        result = .success(try environment.resolver.settings(target))
      } catch {
        result = .failure(error)
      }
      loop.post { self.didResolve(result) }
    }
  }

  private func didResolve(_ result: Result<HostSettings, LinkFailure>) {
    guard case .resolving = phase else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let known):
      self.known = known
      phase = .queued
      limits.clear()
      let bastion = known.answer.proxyJump ?? known.answer.proxyCommand
      let window = environment.windows.window(through: bastion)
      window.request { [loop] in
        loop.post {
          guard case .queued = self.phase else { return window.giveBack(.other) }
          self.window = window
          self.start(known)
        }
      }
    }
  }

  private func start(_ known: HostSettings) {
    phase = .connecting
    owner.carrierIsConnecting(.connecting, "ssh to \(place)")
    let slow = known.answer.proxyJump == nil && known.answer.proxyCommand == nil
    let span = UInt64(SSHProgram.connectSeconds + 5) * second
    limits.begin(span, patience: slow, notice: true)
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    controlPath = environment.bastions.newSocketPath()
    let arguments = SSHProgram.arguments(
      target, known, options: environment.options, controlPath: controlPath)
    if let reason = child.start(arguments) { return fail(LinkFailure(.unreachable, reason)) }
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
    guard complaint.count < Self.complaintLimit else { return }
    for index in bytes.indices { complaint.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
  }

  func childDidEnd(_ child: ChildProcess, status: Int32?) {
    switch phase {
    case .streaming: owner.carrierDidEnd(status: status)
    case .connecting where status == 255 || status == nil:
      let failure = SSHProgram.failure(complaint, status: status, place: place)
      // An sshd that has too many logins under way hangs up before its banner.
      if complaint.contains("kex_exchange_identification") { giveBackPlace(.pushedBack) }
      fail(failure)
    case .connecting:
      // The login worked; it is the command that ended, or the login shell.
      giveBackPlace(.worked)
      owner.carrierDidConnect(address: "\(place) by ssh")
      guard case .connecting = phase else { return }
      phase = .streaming
      Array(complaint.utf8).withUnsafeBufferPointer { owner.carrierDidReceiveError($0.span) }
      owner.carrierDidEnd(status: status)
    default: break
    }
  }

  // MARK: - A second command

  func ask(_ command: String) {
    guard case .streaming = phase, probe == nil, let controlPath else {
      return owner.carrierDidAnswer(nil)
    }
    let words =
      SSHProgram.start(options: environment.options)
      + ["-o", "ControlMaster=no", "-o", "ControlPath=\(controlPath)", "--", target.address]
    let probe = ProgramProbe(loop: loop) { [weak self] answer in
      self?.probe = nil
      self?.owner.carrierDidAnswer(answer)
    }
    self.probe = probe
    probe.start(words + ["exec sh -c '\(command)'"])
    owner.carrierDeadlineChanged()
  }

  // MARK: - Time

  var deadline: UInt64 { min(limits.next, probe?.deadline ?? .max) }

  func deadlinePassed(_ now: UInt64) {
    if let probe, probe.deadline <= now { probe.deadlinePassed(now) }
    switch limits.passed(now) {
    case .nothing: break
    case .patience: giveBackPlace(.other)
    case .notice:
      owner.carrierIsConnecting(
        .connecting, "ssh to \(place): it doesn't answer", isNews: true)
    case .end:
      if case .resolving = phase {
        return fail(LinkFailure(.unreachable, "no answer from ssh -G for “\(target.address)”"))
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
