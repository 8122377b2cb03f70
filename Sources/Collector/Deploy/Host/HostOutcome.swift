/// What a roll-out did to one host.
public struct HostOutcome: Equatable, Sendable {
  public enum Result: Equatable, Sendable {
    /// The version is new there, and good.
    case installed
    /// It was there and good already.
    case unchanged
    /// `--dry-run`: what would be done, in words.
    case planned(String)
    case rolledBack
    case removed
    /// There is no agent that deploy installed.
    case absent
    case looked(HostStatus)
    /// The host is as it was.
    case failed(StepFailure)
    /// What was done could not be taken back: `undo` says why.
    case leftHalfDone(StepFailure, undo: String)
    /// Something went wrong before its turn came.
    case notTried
  }

  public var host: String
  public var result: Result
  /// The version it has now, and the one it had before.
  public var version: String?
  public var previous: String?
  /// What people should know.
  public var notes: [String] = []
  /// Bytes of the package that were sent.
  public var sentBytes = 0
  public var seconds = 0.0

  init(_ host: String, _ result: Result, version: String? = nil, previous: String? = nil) {
    self.host = host
    self.result = result
    self.version = version
    self.previous = previous
  }

  /// What stops the roll-out.
  public var failure: StepFailure? {
    switch result {
    case .failed(let failure), .leftHalfDone(let failure, _): failure
    default: nil
    }
  }
}

/// What `deploy status` found on a host.
public struct HostStatus: Equatable, Sendable {
  /// `running`, `stopped` or `absent`.
  public var service: String
  /// The version it could go back to.
  public var rollback: String?
  /// What isn't as it was rolled out; empty where all is.
  public var drift: [String]
  /// Why the collector gets nothing from it; `nil` where it does.
  public var trouble: String?

  public var isGood: Bool { drift.isEmpty && trouble == nil }
}
