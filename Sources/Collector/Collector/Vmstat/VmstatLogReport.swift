import Bytes
import Records

/// What `VmstatLogReader` made of a saved log.
public struct VmstatLogReport: Equatable, Sendable {
  /// A line that could not be used, and why.
  public struct Problem: Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public var line: Int
    public var reason: Reason

    public var description: String { "line \(line): \(reason)" }
  }

  public enum Reason: Equatable, Sendable, CustomStringConvertible {
    case unreadable(UnreadableReason)
    /// A run whose time nothing tells, in a file where the first run's was told.
    case runWithoutTime(firstLine: Int)
    /// Rows were cut out before this one (`[...]`), so that counting gives no time.
    case afterCut(line: Int)
    case clockWentBack(from: Timestamp, to: Timestamp)
    /// By --interval the run before would have ended after this one started.
    case overlap
    /// The log breaks off inside this line.
    case brokenOff

    public var description: String {
      switch self {
      case .unreadable(let reason): reason.description
      case .runWithoutTime(let firstLine):
        "nothing tells when the run that begins at line \(firstLine) was made: split the file "
          + "there and import that part with its own --start"
      case .afterCut(let line):
        "rows were cut out at line \(line), so the time of what follows can't be counted: "
          + "split the file there and import that part with its own --start"
      case .clockWentBack(let from, let to):
        "the clock went back from \(RFC3339.string(nanoseconds: from.nanoseconds)) to "
          + "\(RFC3339.string(nanoseconds: to.nanoseconds)): a moment can't be stored twice"
      case .overlap:
        "this run starts before the one above it has ended: is --interval right?"
      case .brokenOff: "the log breaks off inside this row"
      }
    }
  }

  /// Most problems kept; the rest are counted.
  public static let problemLimit = 100

  /// Samples handed over.
  public var rows = 0
  /// First rows of runs: averages since boot, left out.
  public var sinceBootRows = 0
  public var runs = 0
  /// Lines that are no part of vmstat's output: prompts, notes, dates.
  public var noiseLines = 0
  public var problems: [Problem] = []
  /// Problems past `problemLimit`.
  public var problemsLeftOut = 0
  /// Time of the first and of the last sample handed over.
  public var first: Timestamp?
  public var last: Timestamp?
  /// Runs of a single row, and the line of the first of them.
  public var oneRowRuns = 0
  public var firstOneRowLine: Int?
  /// The reading stopped at this; samples handed over before it stand.
  public var refusal: VmstatLogError?
  /// A header names UTC, and --time-zone was followed instead.
  public var overruledZone: String?

  public init() {}

  /// What a person should know besides the numbers, a sentence each.
  public var notes: [String] {
    var notes: [String] = []
    if let refusal { notes.append(refusal.description) }
    if let firstOneRowLine {
      let tables = oneRowRuns == 1 ? "a table has" : "\(oneRowRuns) tables have"
      notes.append(
        "line \(firstOneRowLine)\(oneRowRuns == 1 ? "" : "…"): \(tables) only one row, the average "
          + "since boot; run vmstat with an interval (vmstat -t 1) to get samples")
    }
    if let overruledZone { notes.append(overruledZone) }
    if runs == 0, refusal == nil, problems.isEmpty {
      notes.append("no row of vmstat in this file")
    }
    return notes
  }

  mutating func add(_ reason: Reason, line: Int) {
    guard problems.count < VmstatLogReport.problemLimit else {
      problemsLeftOut += 1
      return
    }
    problems.append(Problem(line: line, reason: reason))
  }
}

/// Why a log is read no further.
public enum VmstatLogError: Error, Equatable, Sendable, CustomStringConvertible {
  case foreign(ForeignFormat, line: Int)
  /// Rows without any time, and no --start (or no --interval) was given.
  case startNeeded(line: Int)
  /// The run's start is known by the date line above it, how far apart its rows are is not.
  case intervalNeeded(line: Int)
  /// Times in a zone whose word doesn't tell which; `nil` where no zone is printed at all.
  case zoneNeeded(word: String?, line: Int)

  public var description: String {
    switch self {
    case .foreign(let format, let line): "line \(line): \(format)"
    case .startNeeded(let line):
      "line \(line): the rows carry no time; give --start (when vmstat was started) and "
        + "--interval (its seconds between rows)"
    case .intervalNeeded(let line):
      "line \(line): the date above this run tells when it began, not how far apart its rows "
        + "are; give --interval (vmstat's seconds between rows)"
    case .zoneNeeded(let word?, let line):
      "line \(line): “\(word)” may stand for several time zones; give --time-zone, such as "
        + (VmstatLogError.example[word] ?? "Europe/Berlin")
    case .zoneNeeded(nil, let line):
      "line \(line): the times carry no time zone; give --time-zone, such as Europe/Berlin"
    }
  }

  /// Where a zone word is most often from: an example in a message, never an assumption.
  private static let example = [
    "PDT": "America/Los_Angeles", "PST": "America/Los_Angeles", "EDT": "America/New_York",
    "EST": "America/New_York", "CDT": "America/Chicago", "CST": "America/Chicago",
    "MDT": "America/Denver", "MST": "America/Denver", "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo", "BST": "Europe/London", "EET": "Europe/Helsinki",
    "EEST": "Europe/Helsinki", "MSK": "Europe/Moscow", "AEST": "Australia/Sydney",
  ]
}
