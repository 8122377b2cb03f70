import Records

/// Why nothing was traced.
public enum TraceFailure: Error, Equatable, CustomStringConvertible {
  /// The expression or the unit makes no sense: wrong use. What is wrong with it, in words.
  case badSelection(String)
  /// Nobody matches.
  case noMatch(String)
  /// More match than the request allows.
  case tooMany(matched: Int, limit: Int)
  /// The engine can't run here: why, and what would help.
  case cannotRun(String)
  /// Another trace runs on this host, and there is one budget.
  case isBusy(String)
  /// /proc or a file couldn't be used.
  case failed(String)

  public var description: String {
    switch self {
    case .badSelection(let why), .noMatch(let why), .cannotRun(let why), .isBusy(let why),
      .failed(let why):
      why
    case .tooMany(let matched, let limit):
      "\(matched) processes match and \(limit) is the limit: nothing was traced; "
        + (matched > Int(TraceRequest.mostProcesses)
          ? "match fewer, \(TraceRequest.mostProcesses) at most"
          : "match fewer, or raise the limit with --max \(matched)")
    }
  }
}
