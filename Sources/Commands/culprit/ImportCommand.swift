import ArgumentParser
import Bytes
import Collector
import Foundation
import History
import Records

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Read saved vmstat logs into the history.",
    discussion: """
      Reads the output of every procps: repeated headers, -a, -n, -S, -t, -w, translated \
      headers, epoch seconds before each line. The first row of each run is the average since \
      boot and left out. The same file again changes nothing.

      EXAMPLES
        culprit import --host web1 --time-zone Europe/Berlin vmstat-t.log
        culprit import --host web1 --start 2026-11-22T03:00:00Z --interval 1s vmstat.log
        zcat old.gz | culprit import --host web1 --start -2h --interval 5s --cpus 8 -
      """)

  @Argument(help: ArgumentHelp("Logs; “-” is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("The host they are of.", valueName: "name"))
  var host: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "When vmstat was started, for logs without times: \(TimeExpression.help).",
      valueName: "time"))
  var start: TimeExpression?

  @Option(
    help: ArgumentHelp(
      "vmstat's interval, for logs without times.", valueName: "90s|5m|24h"))
  var interval: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "The time zone that the host's clock showed, as in Europe/Berlin.", valueName: "zone"))
  var timeZone: String?

  @Option(help: ArgumentHelp("How many CPUs the host had.", valueName: "n"))
  var cpus: Int?

  @Option(help: ArgumentHelp("The unit given to vmstat -S: k, K, m or M.", valueName: "unit"))
  var unit: MemoryUnit = .kibi

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines: what became of each file.")
  var json = false

  func validate() throws {
    if let cpus, !(1...65536).contains(cpus) {
      throw ValidationError("--cpus must be a number from 1 to 65536.")
    }
    guard HostSelection.isName(host) else {
      throw ValidationError("--host: “\(Printable.text(host, limit: 80))” is no host name.")
    }
    if let timeZone, TimeZone(identifier: timeZone) == nil {
      throw ValidationError(
        "--time-zone: “\(Printable.text(timeZone, limit: 80))” is no time zone; "
          + "write one as in Europe/Berlin.")
    }
  }

  func run() throws {
    let store = try openForWriting()
    defer { try? store.close() }
    let options = VmstatLogReader.Options(
      host: host, start: start.map(zone.moment), interval: interval?.seconds,
      timeZone: timeZone.flatMap(TimeZone.init(identifier:)), memoryUnit: unit, cpus: cpus)
    let reader = LogImport(store: store, options: options)
    var failures = 0
    var span: (first: Timestamp, last: Timestamp)?
    for file in files {
      guard let outcome = try read(file, reader) else {
        failures += 1
        continue
      }
      if !outcome.isComplete { failures += 1 }
      guard let first = outcome.report.first, let last = outcome.report.last else { continue }
      span = (min(first, span?.first ?? first), max(last, span?.last ?? last))
    }
    if let span {
      try reader.diagnose(from: span.first, to: span.last)
      try warnOfRetention(span.first)
    }
    if failures > 0 { throw CommandFailure(description: "", code: 1) }
  }

  /// A collector deletes what is older than its `keep`, whoever stored it.
  private func warnOfRetention(_ first: Timestamp) throws {
    let keep = try history.fleetFile()?.history.keepSeconds
    guard let keep, Timestamp.now.seconds(since: first) > keep else { return }
    printError(
      "culprit: these rows are older than keep = \(Moments.span(keep)) of the fleet file: a "
        + "collector on this history will delete them; import into a file of their own with --db")
  }

  private func openForWriting() throws -> HistoryStore {
    let file = history.db == nil ? try history.fleetFile() : nil
    try StandardPlaces.makeFolder(for: history.path(file))
    do throws(HistoryError) {
      return try HistoryStore.open(path: history.path(file))
    } catch {
      throw CommandFailure.failed(error.description)
    }
  }

  /// Imports one file and says what became of it; `nil` where it couldn't be read at all.
  private func read(_ file: String, _ reader: LogImport) throws -> LogImport.Outcome? {
    do {
      var progress = ImportProgress(file: file)
      let outcome = try reader.read(file) { progress.show(bytes: $0) }
      progress.clear()
      report(file, outcome)
      return outcome
    } catch let problem as LogImport.Problem {
      printError("culprit: \(problem.description)")
      return nil
    } catch let error as HistoryError {
      throw CommandFailure.failed(error.description)
    }
  }

  private func report(_ file: String, _ outcome: LogImport.Outcome) {
    let report = outcome.report
    let name = Printable.text(file, limit: 200)
    for problem in report.problems { printError("\(name):\(problem.line): \(problem.reason)") }
    if report.problemsLeftOut > 0 {
      printError("\(name): \(report.problemsLeftOut) more lines like these")
    }
    for note in report.notes { printError("\(name): \(note)") }
    if json { return writeJSON(name, outcome) }
    let known = outcome.duplicates > 0 ? ", \(outcome.duplicates) known already" : ""
    var text =
      "\(name): \(outcome.stored) rows stored\(known), "
      + "\(report.sinceBootRows) averages since boot left out"
    if let first = report.first, let last = report.last {
      text +=
        ", \(Moments.date(first, zone.timeZone)) to \(Moments.date(last, zone.timeZone))"
    }
    StandardOutput.write(text + "\n")
  }

  private func writeJSON(_ name: String, _ outcome: LogImport.Outcome) {
    let report = outcome.report
    var writer = JSONWriter()
    writer.object { json in
      json.field("file", name)
      json.field("host", host)
      json.field("rows_stored", outcome.stored)
      json.field("rows_known", outcome.duplicates)
      json.field("since_boot_rows", report.sinceBootRows)
      json.field("runs", report.runs)
      json.field("lines_not_read", report.problems.count + report.problemsLeftOut)
      json.field("first", report.first.map { RFC3339.string(nanoseconds: $0.nanoseconds) })
      json.field("last", report.last.map { RFC3339.string(nanoseconds: $0.nanoseconds) })
      json.field("complete", outcome.isComplete)
    }
    StandardOutput.write(writer.takeLine())
  }
}

extension MemoryUnit: ExpressibleByArgument {}

/// A line on a terminal's standard error for imports that take longer than two seconds.
private struct ImportProgress {
  private let file: String
  private let started = Date()
  private var shownAt = Date()
  private var isShown = false

  init(file: String) {
    self.file = Printable.text(file, limit: 60)
  }

  mutating func show(bytes: Int) {
    guard isatty(STDERR_FILENO) == 1, Date().timeIntervalSince(started) > 2,
      Date().timeIntervalSince(shownAt) > 0.2
    else { return }
    shownAt = Date()
    isShown = true
    FileHandle.standardError.write(Data("\r\(file): \(bytes >> 20) MiB read".utf8))
  }

  func clear() {
    if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
