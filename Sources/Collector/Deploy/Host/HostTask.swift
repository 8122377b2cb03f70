import Bytes
import SSHFleet

/// One host's part of a roll-out, step by step, on a thread that may block.
struct HostTask {
  let target: FleetTarget
  let fleet: Fleet
  let tell: @Sendable (RolloutEvent) -> Void
  let shell: HostShell

  /// How long each may take, seconds. The host's own watch lets go after `HostScript.patienceSeconds`.
  private static let loginSeconds = 60.0

  init(
    _ target: FleetTarget, on fleet: Fleet, patienceSeconds: Int,
    tell: @escaping @Sendable (RolloutEvent) -> Void
  ) {
    self.target = target
    self.fleet = fleet
    self.tell = tell
    shell = HostShell(target, on: fleet, patienceSeconds: patienceSeconds) { sent, total in
      tell(.sent(host: target.name, bytes: sent, of: total))
    }
  }

  var host: String { target.name }

  /// Runs the steps of `body`; where one fails, what was done is taken back.
  func run(_ body: () throws(StepFailure) -> HostOutcome) -> HostOutcome {
    defer { shell.close() }
    var outcome: HostOutcome
    do throws(StepFailure) {
      outcome = try body()
    } catch {
      outcome = HostOutcome(host, undo(after: error))
    }
    outcome.sentBytes = shell.sentBytes
    return outcome
  }

  // MARK: - Steps

  /// Says that a step begins, and how it ended.
  func step<Value>(
    _ step: DeployStep, _ body: () throws(HostShell.Failure) -> (Value, String)
  ) throws(StepFailure) -> Value {
    tell(.step(host: host, step, .begun))
    do throws(HostShell.Failure) {
      let (value, detail) = try body()
      tell(.step(host: host, step, .done(detail)))
      return value
    } catch {
      let failure = HostTask.failure(error, in: step)
      tell(.step(host: host, failure.step, .failed(failure.description)))
      throw failure
    }
  }

  /// A step that is a verb of the host's script.
  @discardableResult
  func step(
    _ step: DeployStep, _ words: [String], payloads: [[UInt8]] = [], within seconds: Double = 120,
    detail: String = ""
  ) throws(StepFailure) -> HostReply {
    try self.step(step) { () throws(HostShell.Failure) in
      let reply = try shell.run(words, payloads: payloads, within: seconds)
      return (reply, reply.notes.isEmpty ? detail : reply.notes.joined(separator: "; "))
    }
  }

  private static func failure(_ failure: HostShell.Failure, in step: DeployStep) -> StepFailure {
    switch failure {
    case .unreachable(let why): StepFailure(step, .unreachable, why)
    case .noRoot(let why):
      StepFailure(
        .root, .refused,
        "\(why); log in as root, or let this user run sudo without a password (deploy/sudoers)")
    case .refused(let why): StepFailure(step, .refused, why)
    case .cut(let why):
      StepFailure(
        step, .cut,
        "the connection was lost (\(why)); the host takes back what was begun: run this again")
    }
  }

  // MARK: - The steps that all have

  /// Connects, and takes the host for us alone.
  ///
  /// - Parameter toRemove: what an earlier run left half done is in nobody's way then.
  func enter(toRemove: Bool = false) throws(StepFailure) {
    try step(.connect) { () throws(HostShell.Failure) in
      try shell.open(within: HostTask.loginSeconds)
      return ((), "")
    }
    try step(.lock, [toRemove ? "seize" : "lock"])
  }

  func look() throws(StepFailure) -> HostFindings {
    HostFindings(try step(.look, ["look"]))
  }

  /// Proves the agent there good. What it says last, where it isn't, is part of the reason.
  func prove(_ proof: HealthProof) throws(StepFailure) {
    try step(.prove) { () throws(HostShell.Failure) in
      do throws(HealthProof.Failure) {
        return ((), try proof.prove(target, on: fleet))
      } catch {
        let words = (try? shell.run(["words"]))?["words"] ?? ""
        let said = words.isEmpty ? "" : "; its last words: \(words)"
        throw .refused("not healthy: \(error.description)\(said)")
      }
    }
  }

  private func undo(after failure: StepFailure) -> HostOutcome.Result {
    // Without a connection the host does it by itself.
    guard failure.kind == .refused, failure.step != .root, failure.step != .lock else {
      return .failed(failure)
    }
    do throws(StepFailure) {
      try step(.undo, ["undo"])
      return .failed(failure)
    } catch  where error.kind == .cut {
      return .failed(
        StepFailure(failure.step, .cut, "\(failure.description); then \(error.description)"))
    } catch {
      return .leftHalfDone(failure, undo: error.description)
    }
  }
}
