/// Why a line that looks like vmstat's can't be read.
public enum UnreadableReason: Error, Equatable, Sendable, CustomStringConvertible {
  /// Numbers as of a row, but no line has named the columns yet.
  case rowBeforeHeader
  /// The header names only some of the columns: a mailer or a narrow window broke it.
  case headerBroken
  /// A header in a language whose columns can't be told by their place.
  case headerUnknown
  /// The row has more or fewer numbers than the header has columns.
  case countMismatch(numbers: Int, columns: Int)
  /// The rows of this table carry a time (`vmstat -t`), and this one carries none.
  case timeMissing
  /// A number below zero: no vmstat column can be.
  case negative
  /// A word where a number belongs.
  case notANumber
  /// A number past 18 digits, or past 64 bits in KiB.
  case numberTooLarge

  public var description: String {
    switch self {
    case .rowBeforeHeader:
      "a row before any header: its columns are unknown; keep the header line in the log"
    case .headerBroken:
      "the header is broken over several lines or cut: join its lines, and those of its rows"
    case .headerUnknown:
      "a header in a language we don't know; run vmstat with LC_ALL=C"
    case .countMismatch(let numbers, let columns):
      "\(numbers) numbers where the header names \(columns) columns: the line is cut or joined"
    case .timeMissing: "the row lacks the time that the other rows of its table carry"
    case .negative: "a number below zero: the row is damaged"
    case .notANumber: "a word where a number belongs: the row is damaged"
    case .numberTooLarge: "a number too large for any counter: the row is damaged"
    }
  }
}
