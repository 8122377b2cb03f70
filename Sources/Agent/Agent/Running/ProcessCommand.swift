import Bytes
import Glibc
import ProcFS
import Records
import Reports
import Sampling

/// `culprit-agent process PID`: all about one process, on the spot.
struct ProcessCommand {
  /// Files that grow slowly show it in a while.
  private static let defaultWatchNanoseconds: UInt64 = 1_000_000_000
  private static let longestWatch: UInt64 = 60_000_000_000

  private let pid: Int32
  private var isJSON = false
  private var watchNanoseconds = defaultWatchNanoseconds
  private var policy = CommandLinePolicy.masked
  private var rows: Int?

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var pid: Int32?
    var reader = OptionReader(words, of: "process")
    while let word = reader.next() {
      switch word {
      case "--json": isJSON = true
      case "--for":
        watchNanoseconds = try reader.duration(of: word)
        guard watchNanoseconds <= ProcessCommand.longestWatch else {
          throw UsageError("--for is up to 60s here")
        }
      case "--rows": rows = try reader.number(of: word, in: 1...10_000)
      case "--cmdline": policy = try reader.choice(of: word, CommandLinePolicy.self)
      case _ where !word.hasPrefix("-") && pid == nil:
        guard let number = Int32(word), number > 0 else {
          throw UsageError("process wants a pid, not “\(Printable.text(word, limit: 40))”")
        }
        pid = number
      default: throw reader.unknown(word)
      }
    }
    guard let pid else { throw UsageError("process wants a pid; see its --help") }
    self.pid = pid
  }

  func run() throws(Failure) -> Int32 {
    let found: ProcessReport?
    do throws(ProcError) {
      var reporter = try ProcessReporter(policy: policy)
      found = reporter.report(pid: pid, watchNanoseconds: watchNanoseconds)
    } catch {
      throw Failure("/proc can't be read: \(error)")
    }
    guard let found else {
      throw Failure("no process \(pid) here (any more); culprit-agent top shows those there are")
    }
    if isJSON {
      Output.write(ProcessReportJSON(host: HostFacts.name, report: found).line())
      return 0
    }
    var text = ProcessReportText(host: HostFacts.name, report: found)
    text.colours = Output.hasColours
    text.width = Output.columns ?? 160
    if let rows { text.rows = rows }
    Output.write(text.text())
    return 0
  }
}
