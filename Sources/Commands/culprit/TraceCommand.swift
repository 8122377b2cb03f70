import ArgumentParser
import Bytes
import Collector
import Foundation
import History
import Records

struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Trace system calls of processes on these hosts, and rank them.",
    discussion: """
      Has the agents of the hosts watch what the chosen processes ask of the kernel, and ranks all \
      of them: bytes moved, time in calls about files, the files, the slowest calls, a sentence \
      each. Nobody is left traced: the report says how many were seen free again, and where the \
      connection is lost, the agents let go at once. Ctrl-C ends it early and reports what was \
      seen. Init, kernel threads, sshd, the agent and who is traced already are left alone. What \
      is read and written is never captured.

      An agent that resides on its host traces only where root's own /etc/culprit/agent.toml \
      there says control = true. It is asked over the session of a collector of this machine \
      where one holds it, else by a login. The trace goes into the history, where there is one: \
      culprit traces.

      EXAMPLES
        culprit trace db1 --suspects
        culprit trace @web --match 'php-fpm: pool www' --for 30s
        culprit trace db1 --pid 4711 4712 --json
        culprit trace db1 --unit postgresql.service --top 5
        culprit trace @db --match postgres --dry-run      who would be traced
        culprit trace old1 --pid 4711 --engine strace     it stops the process at each call
        culprit trace new1 --suspects --agent temporary   no agent is installed there
        culprit trace local --suspects                    this machine

      EXIT CODES
        0 traced, and all seen free again   1 failed, or in part   2 wrong use
      """)

  enum AgentUse: String, ExpressibleByArgument, CaseIterable {
    case auto, temporary
  }

  @Argument(help: ArgumentHelp("Hosts, ranges or @tags."))
  var hosts: [String]

  @OptionGroup var what: TraceArguments
  @OptionGroup var report: TraceReportOptions

  @Option(help: "Most hosts.")
  var maxHosts = 10

  @Option(
    help: ArgumentHelp(
      "Whose agent: the host's own (auto), or where it has none one that is copied there for the "
        + "time of the trace (temporary).", valueName: "auto|temporary"))
  var agent = AgentUse.auto

  @Flag(help: "Don't keep it in the history.")
  var noRecord = false

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    if maxHosts <= 0 { throw ValidationError("--max-hosts is 1 or more.") }
  }

  func run() async throws {
    let plan = try makePlan()
    let request = what.request
    let replies = try TraceErrand(plan, history, log: try logging.logger()).ask(request)
    var traces: [(host: String, trace: HostTrace)] = []
    var failed: [String] = []
    for reply in replies {
      switch reply.trace {
      case .success(let trace): traces.append((reply.host, trace))
      case .failure(let failure):
        failed.append(reply.host)
        AgentErrand.complain(of: reply.host, failure, orElse: hint(failure))
      }
    }
    report.write(traces)
    keep(traces, of: request, plan)
    try judge(traces, failed, of: replies.count)
  }

  private func makePlan() throws -> FleetPlan {
    var copied: TemporaryAgent?
    if agent == .temporary {
      do throws(TemporaryAgent.Problem) {
        copied = try TemporaryAgent(LocalAgent.find())
      } catch {
        throw CommandFailure.failed(error.description)
      }
    }
    let plan = try FleetPlan(
      arguments: hosts, file: history.fleetFile(), connection: connection, local: nil,
      temporaryAgent: copied, acceptsNewKeys: false)
    let count = plan.targets.count
    guard count <= maxHosts else {
      throw CommandFailure.usage(
        "these are \(count) hosts, and \(maxHosts) is the limit: name fewer, or say --max-hosts "
          + "\(count)")
    }
    return plan
  }

  private func hint(_ failure: AgentQuestion.Failure) -> String {
    guard agent == .auto, failure.description.contains("no culprit-agent on the host") else {
      return ""
    }
    return ", or have one copied there for the time of the trace: --agent temporary"
  }

  // MARK: - The history

  private func keep(
    _ traces: [(host: String, trace: HostTrace)], of request: TraceRequest, _ plan: FleetPlan
  ) {
    guard !noRecord, let record = TraceEvidence.record(traces, of: request) else { return }
    let places = history.candidates(plan.file)
    var why = "there is no history \(places[0]) (culprit collect makes one)"
    for path in places where FileManager.default.fileExists(atPath: path) {
      do throws(HistoryError) {
        let number = try TraceCommand.store(record, path)
        return printError("culprit: kept as trace \(number): culprit traces show \(number)")
      } catch {
        why = error.description
      }
    }
    printError("culprit: the trace isn't kept: \(Printable.text(why))")
  }

  private static func store(_ record: TraceRecord, _ path: String) throws(HistoryError) -> Int64 {
    // A collector that runs would not know what became of the file of an older version.
    if CollectorLock.holder(of: path) != nil {
      try HistoryStore.openReadOnly(path: path).close()
    }
    let store = try HistoryStore.open(path: path)
    var batch = HistoryBatch()
    batch.traces = [record]
    let result = try store.record(batch)
    try store.close()
    return result.traceNumbers.first ?? 0
  }

  // MARK: - The end

  /// What kept hosts from being traced has been said, host by host.
  private func judge(
    _ traces: [(host: String, trace: HostTrace)], _ failed: [String], of count: Int
  ) throws {
    let loose = traces.filter { !$0.trace.isDryRun && $0.trace.verified < $0.trace.attached }
    for (host, trace) in loose {
      let left = trace.processes.filter { $0.ending == .unverified }
      let pids = left.prefix(20).map { "\($0.identity.id.pid)" }.joined(separator: " ")
      printError(
        "culprit: \(Printable.text(host, limit: 80)): \(trace.attached - trace.verified) were not "
          + "seen free again\(pids.isEmpty ? "" : ": \(pids)"); look what they do: "
          + "culprit process \(Printable.text(host, limit: 80)) PID")
    }
    if !failed.isEmpty {
      throw CommandFailure.failed(
        count == 1
          ? "" : "\(failed.count) of \(count) hosts were not traced: \(HostNames.fold(failed))")
    }
    guard traces.contains(where: { !$0.trace.processes.isEmpty }) else {
      throw CommandFailure.failed(
        "nobody was traced: no process matches that may be; --dry-run shows who matches")
    }
    if !loose.isEmpty { throw CommandFailure.failed("") }
  }
}
