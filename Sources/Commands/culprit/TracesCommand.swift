import ArgumentParser
import Bytes
import Collector
import Foundation
import History
import Records

struct TracesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traces",
    abstract: "List the traces that were made, or show one again.",
    discussion: """
      Traces that culprit trace made, and those that the collector made by itself when a spike \
      began ([trace] of the fleet file). Each is kept as it was, and shown so again.

      EXAMPLES
        culprit traces                        the last 7 days
        culprit traces @db --since 24h
        culprit traces --since 03:00 --json
        culprit traces show 12
        culprit traces show 12 --json

      EXIT CODES
        0 told   1 there is no such trace   2 wrong use
      """,
    subcommands: [TraceListCommand.self, TraceShowCommand.self],
    defaultSubcommand: TraceListCommand.self)
}

struct TraceListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the traces that were made (the default).")

  @Argument(help: "Hosts; all by default.")
  var hosts: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("From when on: \(TimeExpression.help), or 7d.", valueName: "time"))
  var since = TimeExpression(form: .ago(seconds: 7 * 86400))

  @Option(parsing: .unconditional, help: ArgumentHelp("Until when.", valueName: "time"))
  var until: TimeExpression?

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines: a host's part of a trace per line.")
  var json = false

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let names = try HostArguments.names(hosts, in: store, history)
    let (from, to) = (zone.moment(since), until.map(zone.moment))
    try ZoneOptions.requireOrder(since: from, until: to)
    let traces = try store.answering { store throws(HistoryError) in
      try store.traces(hosts: names, from: from, to: to)
    }
    if json { writeJSON(traces) } else { writeTable(traces) }
  }

  private func writeJSON(_ traces: [PastTrace]) {
    var writer = JSONWriter()
    for trace in traces {
      writer.pastTrace(trace)
      StandardOutput.write(writer.takeLine())
    }
  }

  private func writeTable(_ traces: [PastTrace]) {
    guard !traces.isEmpty else {
      return StandardOutput.write("no trace of that time; culprit trace makes one\n")
    }
    var table = TextTable([
      ("TRACE", .right), ("HOST", .left), ("TIME", .left), ("FOR", .right), ("ENGINE", .left),
      ("TRACED", .right), ("FREE", .right), ("WHOM", .left), ("SPIKE", .right), ("FIRST", .left),
    ])
    for trace in traces {
      table.add([
        "\(trace.number)", trace.host, Moments.date(trace.time, zone.timeZone),
        Moments.span(trace.end.seconds(since: trace.time)), trace.engine,
        "\(trace.attached)/\(trace.matched)", "\(trace.verified)", trace.selection,
        trace.episode.map { "\($0)" } ?? "-", trace.firstWords,
      ])
    }
    StandardOutput.write(table.text)
  }
}

struct TraceShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a trace again, as it was when it was made.")

  @Argument(help: "Its number, as culprit traces lists it.")
  var number: Int64

  @OptionGroup var report: TraceReportOptions
  @OptionGroup var history: HistoryOptions

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let parts = try store.answering { store throws(HistoryError) in
      try store.encodedTrace(number)
    }
    guard !parts.isEmpty else {
      throw CommandFailure.failed(
        "the history has no trace \(number) (any more); culprit traces lists those it has")
    }
    let traces = TraceEvidence.traces(parts)
    guard traces.count == parts.count else {
      throw CommandFailure.failed(
        "trace \(number) can't be shown whole: it was written by a newer culprit, or was too long; "
          + "its figures are in the views traced, traced_process and traced_file")
    }
    report.write(traces)
  }
}

extension PastTrace {
  /// The first of its processes, and the sentence on it.
  var firstWords: String {
    guard let first else { return "nobody was traced" }
    return "\(first.name) (\(first.pid)) \(first.verdict)"
  }
}

extension JSONWriter {
  fileprivate mutating func pastTrace(_ trace: PastTrace) {
    object { json in
      json.field("trace", trace.number)
      json.field("host", trace.host)
      json.field("time", RFC3339.string(nanoseconds: trace.time.nanoseconds))
      json.field("time_ns", trace.time.nanoseconds)
      json.field("end", RFC3339.string(nanoseconds: trace.end.nanoseconds))
      json.field("cause", trace.cause)
      json.field("selection", trace.selection)
      json.field("episode", trace.episode)
      json.field("engine", trace.engine)
      json.field("matched", trace.matched)
      json.field("attached", trace.attached)
      json.field("detached_verified", trace.verified)
      json.field("skipped", trace.skipped)
      json.field("pid", trace.first?.pid)
      json.field("comm", trace.first?.name)
      json.field("verdict", trace.first?.verdict)
    }
  }
}
