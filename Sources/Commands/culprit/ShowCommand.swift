import ArgumentParser
import Bytes
import Foundation
import History
import Records
import Watch

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print one host's rows around a moment.",
    discussion: """
      Before the rows stand, as lines that begin with “#”, the spikes of that time, what is \
      missing of it (gone, or still to come from an agent's spool), the tasks that were seen to \
      wait: in uninterruptible sleep (D), or for a lock; where an agent looked, who moved the \
      bytes; and the traces that were made.

      EXAMPLES
        culprit show db1 --at 03:12
        culprit show db1 --at 2026-11-22T03:12:00Z --window 20m --utc
        culprit show db1 --at -2h --json
      """)

  @Argument(help: "The host.")
  var host: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The moment: \(TimeExpression.help).", valueName: "time"))
  var at: TimeExpression

  @Option(help: ArgumentHelp("How much around it, in all.", valueName: "90s|5m|24h"))
  var window = DurationArgument(seconds: 300)

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines: a row per line.")
  var json = false

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    guard try HostArguments.names([host], in: store, history)?.count == 1 else {
      throw CommandFailure.usage("“\(Printable.text(host, limit: 80))” is several hosts; name one")
    }
    let moment = zone.moment(at)
    let half = window.seconds / 2
    let from = moment.advanced(bySeconds: -half)
    let to = moment.advanced(bySeconds: half)
    if !json {
      try writeEpisodes(store, from, to)
      for line in try Gaps.lines(
        of: [host], from: from, to: to, in: store, zone: zone, namesHosts: false)
      {
        StandardOutput.write("# \(line)\n")
      }
      for line in try Suspects(of: host, from: from, to: to, in: store).lines() {
        StandardOutput.write("# \(Printable.text(line))\n")
      }
      for line in try TraceLines.of(host, from: from, to: to, in: store, zone.timeZone) {
        StandardOutput.write("# \(Printable.text(line))\n")
      }
    }
    var rows = RowWriter(json: json, hosts: [host], zone: zone.viewerZone)
    try store.forEachSample(hosts: [host], from: from, to: to, limit: nil) { sample in
      rows.write(sample)
      return true
    }
    rows.flush()
    if rows.count == 0 { try explainNothing(store, moment) }
  }

  private func writeEpisodes(_ store: HistoryStore, _ from: Timestamp, _ to: Timestamp) throws {
    let episodes = try store.answering { store throws(HistoryError) in
      try store.episodes(hosts: [host], from: from, to: to, kinds: nil)
    }
    for episode in episodes {
      let start = Moments.date(episode.start, zone.timeZone)
      let end = Moments.clock(episode.end, zone.timeZone)
      let span = episode.isOpen ? "since \(start), still on at \(end)" : "\(start) to \(end)"
      StandardOutput.write("# spike \(span): \(episode.verdict)\n")
    }
  }

  private func explainNothing(_ store: HistoryStore, _ moment: Timestamp) throws {
    var nearest = ""
    try store.forEachSample(
      hosts: [host], from: nil, to: moment, limit: 1, newestFirst: true
    ) { sample in
      nearest = "; the last row before is of \(Moments.date(sample.time, zone.timeZone))"
      return false
    }
    throw CommandFailure.failed(
      "no row of \(host) around \(Moments.date(moment, zone.timeZone))\(nearest)")
  }
}
