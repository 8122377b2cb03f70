import ArgumentParser
import Bytes
import Collector
import Foundation
import History
import Records
import Reports

struct SuspectsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspects",
    abstract: "Who waits on these hosts, for what, and who moves the bytes.",
    discussion: """
      Asks the agents of the hosts, and shows what culprit-agent suspects shows there, of all \
      hosts in one ranking: tasks in uninterruptible sleep (D), those that wait for a file lock \
      or a FUSE server, with the reason and who holds what they wait for; then who moves bytes \
      to and from devices, or keeps a CPU busy. An agent that resides on its host answers at \
      once, out of its memory. Where a collector of this machine holds a session to a host, that \
      is asked over it; the others are logged in to.

      With --since the history answers, also for hosts that are down: who was seen to wait in \
      that time, how often and for what, and what each process moved.

      EXAMPLES
        culprit suspects db1
        culprit suspects @web -web3 --for 10s
        culprit suspects local --json
        culprit suspects --since 1h
        culprit suspects db1 --since 03:00 --until 03:30 --json
        culprit suspects @db --check || page-somebody

      EXIT CODES
        0 told   1 some hosts didn't answer   2 wrong use   3 trouble, with --check
      """)

  @Argument(help: ArgumentHelp("Hosts, ranges or @tags; all of the fleet file by default."))
  var hosts: [String] = []

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "The span that is looked at, up to 1h; 2s where none is given.", valueName: "2s|1m"))
  var span: DurationArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Out of the history, from when on: \(TimeExpression.help), or 1h.", valueName: "time"))
  var since: TimeExpression?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Out of the history, until when.", valueName: "time"))
  var until: TimeExpression?

  @Option(help: "Most lines of each list, and most who only move bytes in JSON.")
  var rows = 20

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var zone: ZoneOptions
  @OptionGroup var logging: LogOptions

  @Flag(help: "JSON Lines: a suspect per line.")
  var json = false

  @Flag(help: "Exit with code 3 where a task waits for half a second or more.")
  var check = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func validate() throws {
    if span?.seconds ?? 0 > 3600 { throw ValidationError("--for is up to 1h.") }
    if span != nil, since != nil || until != nil {
      throw ValidationError("--for looks at now, --since and --until at the past: give one.")
    }
    if until != nil, since == nil { throw ValidationError("--until goes with --since.") }
    if rows <= 0 { throw ValidationError("--rows is 1 or more.") }
  }

  func run() async throws {
    if let since { return try showPast(since: since) }
    let plan = try FleetPlan(
      arguments: hosts, file: history.fleetFile(), connection: connection, local: nil,
      acceptsNewKeys: false)
    let errand = AgentErrand(plan, history, log: try logging.logger())
    let replies = try errand.ask { plan, sessions, agent, log in
      try AgentLook.ask(
        plan.targets, seconds: span?.seconds ?? 2, over: sessions, options: plan.options,
        localAgent: agent, log: log)
    }
    var found: [FleetSuspects.Host] = []
    var failed: [String] = []
    for reply in replies {
      switch reply.look {
      case .success(let look):
        found.append(FleetSuspects.Host(name: reply.host, tally: SuspectsCommand.tally(look)))
      case .failure(let failure):
        failed.append(reply.host)
        AgentErrand.complain(
          of: reply.host, failure,
          orElse: "; culprit watch \(reply.host) shows who is in D there, by ps")
      }
    }
    show(found)
    if check, FleetSuspects(found).hasTrouble { throw CommandFailure.trouble }
    guard failed.isEmpty else {
      // What kept them from it has been said, host by host.
      throw CommandFailure.failed(
        replies.count == 1
          ? ""
          : "\(failed.count) of \(replies.count) hosts didn't answer: \(HostNames.fold(failed))")
    }
  }

  // MARK: - Out of the history

  private func showPast(since: TimeExpression) throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let names = try HostArguments.names(hosts, in: store, history)
    let (from, to) = (zone.moment(since), until.map(zone.moment) ?? .now)
    try ZoneOptions.requireOrder(since: from, until: to)
    let past = try PastSuspects(of: names, from: from, to: to, rows: rows, in: store)
    if past.isEmpty { try store.requireRows(names, from, to, zone.timeZone) }
    StandardOutput.write(json ? past.json() : past.text(zone.timeZone))
    try Gaps.tell(of: names, from: from, to: to, in: store, zone: zone, apart: json)
    if check, past.hasTrouble { throw CommandFailure.trouble }
  }

  // MARK: - Live

  /// The ticks are of an agent that was at it before: each has figures of its own.
  private static func tally(_ look: AgentLook) -> SuspectTally {
    var tally = SuspectTally(before: look.ticks.first)
    var newcomers = look.identities
    for tick in look.ticks {
      tally.add(tick, identities: newcomers)
      newcomers = []
    }
    return tally
  }

  private func show(_ found: [FleetSuspects.Host]) {
    guard !found.isEmpty else { return }
    var suspects = FleetSuspects(found)
    if json { return StandardOutput.write(suspects.json(movers: rows)) }
    suspects.rows = rows
    suspects.width = OutputWidth.columns
    suspects.colours = OutputColours(isPlain: plain).areOn
    StandardOutput.write(suspects.text())
  }
}
