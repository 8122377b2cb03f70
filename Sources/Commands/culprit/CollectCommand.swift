import ArgumentParser
import Collector
import Foundation
import Logging
import SSHFleet

struct CollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Record the vmstat rows of a fleet into a history, as a daemon.",
    discussion: """
      Connects to every host, reconnects for ever, and stores each row within a second of its \
      arrival. SIGTERM and SIGINT end it cleanly; SIGHUP reads the fleet file again and tries \
      hosts again whose key was refused. A row that is committed survives a power cut, unless \
      the fleet file says synchronous = "normal".

      EXAMPLES
        culprit collect --fleet config/fleet.toml --db history.db
        culprit collect web1 web2 --db /tmp/try.db --for 1m
        culprit collect @db                     only the hosts with the tag “db”
      """)

  @Argument(help: ArgumentHelp("Hosts, ranges or @tags; all of the fleet file by default."))
  var hosts: [String] = []

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var local: LocalOptions
  @OptionGroup var notifying: NotifyOptions
  @OptionGroup var logging: LogOptions

  @Option(name: .customLong("for"), help: ArgumentHelp("End by itself.", valueName: "90s|5m|24h"))
  var duration: DurationArgument?

  func run() async throws {
    let signals = StopSignals(reloads: true)
    let log = try logging.logger()
    let plan = try makePlan()
    var session = try CollectSession(plan, path: history.path(plan.file), log: log)
    let count = plan.targets.count
    log.notice(
      "recording \(count) host\(count == 1 ? "" : "s") into \(session.path) (pid \(getpid()))")
    let notifier = notifying.notifier(log)
    untilStopped(signals, &session, notifier, log)
    notifier?.stop()
    let lost = session.stop()
    guard lost == 0 else {
      throw CommandFailure.failed("stopped; \(lost) rows could not be stored, see above")
    }
    log.notice("stopped; everything that arrived is stored")
  }

  private func makePlan() throws -> FleetPlan {
    try FleetPlan(
      arguments: hosts, history: history, connection: connection, local: local,
      acceptsNewKeys: false)
  }

  private func untilStopped(
    _ signals: StopSignals, _ session: inout CollectSession, _ notifier: Notifier?, _ log: Logger
  ) {
    let end = duration.map { SteadyTime.after(seconds: $0.seconds) } ?? .never
    var journal = StateJournal(log: log)
    var manager = ServiceManager()
    manager.hasBegun()
    while !signals.wantsStop, !end.isPast {
      manager.showLife()
      let events = session.statuses.drain().events
      journal.note(events)
      notifier?.take(events)
      if signals.takeReload() { reload(&session, log) }
      signals.wait(seconds: 1, until: end)
    }
    manager.isEnding()
  }

  /// An invalid file changes nothing: the fleet goes on as it was.
  private func reload(_ session: inout CollectSession, _ log: Logger) {
    do {
      let plan = try makePlan()
      let change = try session.apply(plan, path: history.path(plan.file))
      log.notice("fleet file read again: \(change)")
    } catch {
      log.error("the fleet file was not taken over, the old one stays in force: \(error)")
    }
  }
}
