import ArgumentParser
import Collector
import Foundation
import History
import Logging
import Watch

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Show the vmstat rows of many servers in one terminal, live.",
    discussion: """
      Without hosts: those of the fleet file, or this machine. Where a collector records the \
      hosts already, its history is followed and nobody logs in a second time. Rows are kept \
      only with --db.

      On a terminal there are a table (one line per host, worst first) and a merged view; “?” \
      shows the keys. In a pipe, or with --plain, rows come as TIME HOST ROW lines.

      EXAMPLES
        culprit watch                       this machine, or the fleet file's hosts
        culprit watch web1 root@db1:2222    two servers
        culprit watch web[1-20] --view merged
        culprit watch @db --json --for 10s | jq .wa
        culprit watch web1 --accept-new     write a new host key to known_hosts
      """)

  enum View: String, ExpressibleByArgument, CaseIterable {
    case table, merged
  }

  @Argument(help: ArgumentHelp("Hosts: [user@]host[:port], web[1-20], @tag, or local."))
  var hosts: [String] = []

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var zone: ZoneOptions
  @OptionGroup var logging: LogOptions

  @Flag(help: "Accept host keys that are not known yet (never changed ones).")
  var acceptNew = false

  @Option(name: .customLong("for"), help: ArgumentHelp("End by itself.", valueName: "duration"))
  var duration: DurationArgument?

  @Option(help: "The view to begin with: table or merged.")
  var view: View = .table

  @Flag(help: "TIME HOST ROW lines, also on a terminal.")
  var plain = false

  @Flag(help: "JSON Lines: a row per line.")
  var json = false

  func validate() throws {
    if plain, json { throw ValidationError("--plain and --json can't both be given.") }
  }

  func run() async throws {
    let isScreen = !plain && !json && StandardOutput.isTerminal && isatty(STDIN_FILENO) == 1
    let signals = StopSignals(reloads: false)
    let log = try logging.logger(screenInUse: isScreen)
    let plan = try FleetPlan(
      arguments: hosts, history: history, connection: connection, acceptsNewKeys: acceptNew)
    var (source, notice) = try makeSource(plan, log)
    defer { source.stop() }
    let end = duration.map { SteadyTime.after(seconds: $0.seconds) } ?? .never
    if isScreen {
      var screen = try WatchScreen(
        hosts: plan.hostNames, zone: zone.viewerZone, view: view, notice: notice, log: log)
      try screen.run(&source, signals: signals, until: end)
    } else {
      if let notice { log.info("\(notice)") }
      var lines = WatchLines(hosts: plan.hostNames, zone: zone.viewerZone, json: json, log: log)
      try lines.run(&source, signals: signals, until: end)
    }
  }

  /// A collector's history where it records these hosts already, or else connections of our own.
  private func makeSource(
    _ plan: FleetPlan, _ log: Logger
  ) throws -> (any EventSource, notice: String?) {
    for path in candidates(plan) {
      guard let holder = CollectorLock.holder(of: path),
        let store = try? HistoryStore.openReadOnly(path: path)
      else { continue }
      let missing = try missingHosts(plan, in: store)
      if missing.isEmpty {
        let notice = "following \(path), which pid \(holder) records"
        return (FollowSource(store: store, path: path, hosts: plan.hostNames), notice)
      }
      try? store.close()
      if history.db != nil {
        throw CommandFailure.failed(
          "\(path) is recorded by pid \(holder), which doesn't record \(missing[0]); "
            + "leave --db out to watch without recording, or name another file")
      }
    }
    let path = history.path(plan.file)
    guard history.db != nil else {
      return (try LiveSource(plan, recording: nil, log: log), nil)
    }
    let recording = try Recording(path: path, plan: plan, log: log)
    return (try LiveSource(plan, recording: recording, log: log), "recording into \(path)")
  }

  /// Where a collector of these hosts may be: the history named, or else one's own and the
  /// service's.
  private func candidates(_ plan: FleetPlan) -> [String] {
    let path = history.path(plan.file)
    return history.db != nil || path == StandardPlaces.serviceHistory
      ? [path] : [path, StandardPlaces.serviceHistory]
  }

  /// The hosts that the collector of `store` isn't on.
  private func missingHosts(_ plan: FleetPlan, in store: HistoryStore) throws -> [String] {
    let recorded = try store.hosts().filter { $0.status.state != .stopped }.map(\.status.host)
    return plan.hostNames.filter { !recorded.contains($0) }
  }
}
