import ArgumentParser
import Bytes
import Collector
import Foundation
import Records
import Reports

struct ProcessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "process",
    abstract:
      "All about one process of a host: who started it, what it has open, what it waits for.",
    discussion: """
      Asks the agent of the host: parents, the login and the SSH client behind it, unit or \
      container, threads that wait and for what, bytes moved over the last minutes, open files \
      and whether they grow, sockets and who is at the other end, file locks and who waits for \
      them. “local” is this machine. A resident agent answers also while a disk of its host \
      hangs, where root's own /etc/culprit/agent.toml there allows it: over the session of a \
      collector of this machine where one holds it, for a new login would hang, too.

      EXAMPLES
        culprit process db1 4711
        culprit process local 1
        culprit process db1 4711 --json

      EXIT CODES
        0 told   1 no such process, or no answer   2 wrong use
      """)

  @Argument(help: "The host.")
  var host: String

  @Argument(help: "The process's number on that host.")
  var pid: Int32

  @Option(help: "Most lines of each list.")
  var rows = 20

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var zone: ZoneOptions
  @OptionGroup var logging: LogOptions

  @Flag(help: "JSON: one line.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func validate() throws {
    if pid <= 0 { throw ValidationError("A process's number is 1 or more.") }
    if rows <= 0 { throw ValidationError("--rows is 1 or more.") }
  }

  func run() async throws {
    let plan = try FleetPlan(
      arguments: [host], file: history.fleetFile(), connection: connection, local: nil,
      acceptsNewKeys: false)
    guard plan.targets.count == 1 else {
      throw CommandFailure.usage("“\(Printable.text(host, limit: 80))” is several hosts; name one")
    }
    let errand = AgentErrand(plan, history, log: try logging.logger())
    let replies = try errand.ask { plan, sessions, agent, log in
      try AgentQuestion.process(
        pid, of: plan.targets, over: sessions, options: plan.options, localAgent: agent, log: log)
    }
    guard let reply = replies.first else { throw CommandFailure.failed("no answer") }
    switch reply.report {
    case .success(let report): show(report, of: reply.host)
    case .failure(let failure):
      throw CommandFailure.failed("\(Printable.text(reply.host)): \(failure.description)")
    }
  }

  private func show(_ report: ProcessReport, of host: String) {
    if json {
      return StandardOutput.write(ProcessReportJSON(host: host, report: report).line())
    }
    var text = ProcessReportText(host: host, report: report)
    text.rows = rows
    text.width = OutputWidth.columns
    text.colours = OutputColours(isPlain: plain).areOn
    let timeZone = zone.timeZone
    text.moment = { Moments.date($0, timeZone) }
    text.clock = { Moments.clock($0, timeZone) }
    StandardOutput.write(text.text())
  }
}
