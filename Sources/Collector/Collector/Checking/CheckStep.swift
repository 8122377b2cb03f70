/// What `culprit check` looks at, in the order in which a connection meets it.
public enum CheckStep: String, CaseIterable, Sendable {
  case name
  case bastion
  case port
  case hostKey = "host-key"
  case login
  case vmstat
  case agent
  case clock
}

/// What became of a step.
public struct CheckResult: Equatable, Sendable {
  public enum Outcome: String, Sendable {
    case ok
    /// It works, and something about it should be known.
    case warning
    case failed
    /// Not looked at: an earlier step failed, or it has no meaning for this host.
    case skipped
  }

  public var step: CheckStep
  public var outcome: Outcome
  /// What was found; of a failure also what to do.
  public var detail: String

  public init(_ step: CheckStep, _ outcome: Outcome, _ detail: String) {
    self.step = step
    self.outcome = outcome
    self.detail = detail
  }
}
