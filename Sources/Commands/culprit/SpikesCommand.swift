import ArgumentParser
import Bytes
import Foundation
import History
import Records

struct SpikesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikes",
    abstract: "List load spikes: which host, when, how high, and was it CPU, disk or swap.",
    discussion: """
      A spike is a span in which more tasks ran or waited than the host could serve. Its kind \
      is judged from vmstat's columns and the load average; “unclear” means that the load rose \
      and the columns don't say why.

      Under a spike stand its suspects: tasks that were seen in uninterruptible sleep (D) then, or \
      by an agent to wait for a lock or a FUSE server. Who waits may as well be the victim as the \
      culprit. Where an agent looked, those who moved the bytes or kept the CPUs busy follow; and \
      the traces that were made of that time.

      EXAMPLES
        culprit spikes --since 24h
        culprit spikes db1 web[1-20] --since 22:00 --until 06:00
        culprit spikes --since 7d --kind disk --json
        culprit spikes --since 10m --check      exit code 3 where there was one
      """)

  @Argument(help: "Hosts; all by default.")
  var hosts: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("From when on: \(TimeExpression.help), or 24h.", valueName: "time"))
  var since = TimeExpression(form: .ago(seconds: 86400))

  @Option(parsing: .unconditional, help: ArgumentHelp("Until when.", valueName: "time"))
  var until: TimeExpression?

  @Option(help: "Only this kind: cpu, disk, swap or unclear. May be given more than once.")
  var kind: [EpisodeKind] = []

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines: a spike per line.")
  var json = false

  @Flag(help: "Exit with code 3 where there is a spike.")
  var check = false

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let names = try HostArguments.names(hosts, in: store, history)
    let (from, to) = (zone.moment(since), until.map(zone.moment))
    try ZoneOptions.requireOrder(since: from, until: to)
    let episodes = try store.answering { store throws(HistoryError) in
      try store.episodes(
        hosts: names, from: from, to: to, kinds: kind.isEmpty ? nil : Set(kind))
    }
    if episodes.isEmpty { try store.requireRows(names, from, to, zone.timeZone) }
    let suspects = try episodes.map {
      try Suspects(of: $0.host, from: $0.start, to: $0.end, kind: $0.kind, in: store)
    }
    if json { writeJSON(episodes, suspects) } else { try writeTable(episodes, suspects, store) }
    try Gaps.tell(of: names, from: from, to: to, in: store, zone: zone, apart: json)
    if check, !episodes.isEmpty { throw CommandFailure.trouble }
  }

  private func writeJSON(_ episodes: [Episode], _ suspects: [Suspects]) {
    var writer = JSONWriter()
    for (episode, suspects) in zip(episodes, suspects) {
      writer.episode(episode, suspects: suspects)
      StandardOutput.write(writer.takeLine())
    }
  }

  private func writeTable(
    _ episodes: [Episode], _ suspects: [Suspects], _ store: HistoryStore
  ) throws {
    guard !episodes.isEmpty else {
      return StandardOutput.write("no load spike in that time\n")
    }
    var table = TextTable([
      ("HOST", .left), ("START", .left), ("LASTED", .right), ("KIND", .left), ("LOAD1", .right),
      ("R", .right), ("B", .right), ("CPUS", .right), ("VERDICT", .left),
    ])
    for (episode, suspects) in zip(episodes, suspects) {
      let lasted = Moments.span(episode.end.seconds(since: episode.start))
      table.add([
        episode.host, Moments.date(episode.start, zone.timeZone),
        episode.isOpen ? "\(lasted)…" : lasted, episode.kind.rawValue,
        episode.load1Peak.map { Figures.twoDecimals($0) } ?? "-",
        Figures.whole(episode.runnablePeak), Figures.whole(episode.blockedPeak),
        episode.cpus.map(String.init) ?? "-", episode.verdict,
      ])
      for line in suspects.lines(atMost: Suspects.shown) { table.addNote(line) }
      let more = suspects.ranked.count - Suspects.shown
      if more > 0 { table.addNote("and \(more) more: culprit show \(episode.host)") }
      for line in try TraceLines.of(
        episode.host, from: episode.start, to: episode.end, in: store, zone.timeZone)
      {
        table.addNote(line)
      }
    }
    StandardOutput.write(table.text)
  }
}

extension EpisodeKind: ExpressibleByArgument {}
