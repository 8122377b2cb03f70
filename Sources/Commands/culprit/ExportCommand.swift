import ArgumentParser
import Bytes
import Foundation
import History
import Records

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write rows of the history as CSV or JSON Lines.",
    discussion: """
      CSV has a header line and is quoted as RFC 4180 says; an absent column is empty. What is \
      missing of the span (gone, or still to come from an agent's spool) is told on standard \
      error, a line each.

      EXAMPLES
        culprit export > all.csv
        culprit export web[1-3] --since 03:00 --until 04:00 --json
      """)

  @Argument(help: "Hosts; all by default.")
  var hosts: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("From when on: \(TimeExpression.help).", valueName: "time"))
  var since: TimeExpression?

  @Option(parsing: .unconditional, help: ArgumentHelp("Until when.", valueName: "time"))
  var until: TimeExpression?

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines instead of CSV.")
  var json = false

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let names = try HostArguments.names(hosts, in: store, history)
    let (from, to) = (since.map(zone.moment), until.map(zone.moment))
    if let from { try ZoneOptions.requireOrder(since: from, until: to) }
    try Gaps.tell(of: names, from: from, to: to, in: store, zone: zone, apart: true)
    if json {
      var rows = RowWriter(json: true, hosts: [], zone: .utc)
      try store.forEachSample(hosts: names, from: from, to: to, limit: nil) { sample in
        rows.write(sample)
        return true
      }
      rows.flush()
    } else {
      try writeCSV(store, names, from, to)
    }
  }

  private func writeCSV(
    _ store: HistoryStore, _ names: [String]?, _ from: Timestamp?, _ to: Timestamp?
  ) throws {
    var csv = SampleCSV()
    csv.header()
    try store.forEachSample(hosts: names, from: from, to: to, limit: nil) { sample in
      csv.append(sample)
      if csv.bytes.count > 64 << 10 {
        StandardOutput.write(csv.bytes)
        csv.bytes.removeAll(keepingCapacity: true)
      }
      return true
    }
    StandardOutput.write(csv.bytes)
  }
}

/// Rows as CSV (RFC 4180).
struct SampleCSV {
  var bytes: [UInt8] = []

  private static let columns = VmstatColumn.standard + [.gu, .inact, .active]

  mutating func header() {
    let names =
      ["host", "time", "source"] + SampleCSV.columns.map(\.name)
      + ["load1", "load5", "load15", "cpus"]
    add(names)
  }

  mutating func append(_ sample: HostSample) {
    var cells = [
      SampleCSV.quoted(sample.host), RFC3339.string(nanoseconds: sample.time.nanoseconds),
      sample.source.name,
    ]
    cells += SampleCSV.columns.map { sample.row[$0].map(String.init) ?? "" }
    let load = sample.load
    cells += [load?.oneMinute, load?.fiveMinutes, load?.fifteenMinutes].map {
      $0.map { String($0) } ?? ""
    }
    cells.append(sample.cpus.map(String.init) ?? "")
    add(cells)
  }

  private mutating func add(_ cells: [String]) {
    bytes += cells.joined(separator: ",").utf8
    bytes += "\r\n".utf8
  }

  /// Quoted where it must be; a leading `=`, `+`, `-` or `@`, which a spreadsheet would run as a
  /// formula, gets a quote of its own in front.
  private static func quoted(_ text: String) -> String {
    var text = text
    if let first = text.first, "=+-@".contains(first) { text = "'" + text }
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
