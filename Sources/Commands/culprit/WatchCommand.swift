import ArgumentParser
import Collector
import Foundation
import History
import Logging
import Records
import Watch

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Show the vmstat rows of many servers in one terminal, live.",
    discussion: """
      Without hosts: those of the fleet file, or this machine, which is read through culprit-agent \
      where there is one. Where a collector records the \
      hosts already, its history is followed and nobody logs in a second time. Rows are kept \
      only with --db.

      On a terminal there are a table (one line per host, worst first), a merged scroll, a \
      window per host, and the fleet's processes by what they move, where hosts have an agent; “h” shows the keys. With a history the same views go back in time: “e” \
      to the last load spike, “b” to a time, “0” to now. In a pipe, or with --plain, rows come \
      as TIME HOST ROW lines.

      EXAMPLES
        culprit watch                       this machine, or the fleet file's hosts
        culprit watch web1 root@db1:2222    two servers
        culprit watch web[1-20] --view merged
        culprit watch -s 2 web[1-4]         four windows in two columns
        culprit watch --at 03:12            last night, as the history has it
        culprit watch @db --json --for 10s | jq .wa
        culprit watch --view processes --json   a line per process and tick
        culprit watch web1 --accept-new     write a new host key to known_hosts
      """)

  /// `WatchView`, by the names it has.
  enum View: String, ExpressibleByArgument, CaseIterable {
    case table, merged, split, processes

    var view: WatchView {
      switch self {
      case .table: .table
      case .merged: .merged
      case .split: .split
      case .processes: .processes
      }
    }
  }

  @Argument(help: ArgumentHelp("Hosts: [user@]host[:port], web[1-20], @tag, or local."))
  var hosts: [String] = []

  @OptionGroup var history: HistoryOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var local: LocalOptions
  @OptionGroup var notifying: NotifyOptions
  @OptionGroup var zone: ZoneOptions
  @OptionGroup var logging: LogOptions

  @Flag(help: "Accept host keys that are not known yet (never changed ones).")
  var acceptNew = false

  @Option(name: .customLong("for"), help: ArgumentHelp("End by itself.", valueName: "duration"))
  var duration: DurationArgument?

  @Option(
    help: """
      The view to begin with: table, merged, split or processes (default: split up to four hosts).
      """)
  var view: View?

  @Option(
    name: [.customShort("s"), .customLong("split")],
    help: ArgumentHelp("Windows in this many columns.", valueName: "columns"))
  var splitColumns: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Begin in the past: \(TimeExpression.help). Without hosts: those of the history.",
      valueName: "time"))
  var at: TimeExpression?

  @Option(
    help: ArgumentHelp(
      "Colours and keys of your own, instead of culprit.conf in the usual places.",
      valueName: "file"), completion: .file())
  var config: String?

  @Flag(help: "TIME HOST ROW lines, also on a terminal.")
  var plain = false

  @Flag(help: "JSON Lines: a row per line, or with --view processes a process.")
  var json = false

  func validate() throws {
    if plain, json { throw ValidationError("--plain and --json can't both be given.") }
    if let splitColumns, !(1...15).contains(splitColumns) {
      throw ValidationError("-s \(splitColumns): give 1 to 15 columns.")
    }
    if at != nil, plain || json {
      throw ValidationError("--at is for the terminal; culprit show HOST --at prints rows.")
    }
  }

  func run() async throws {
    let isScreen = !plain && !json && StandardOutput.isTerminal && isatty(STDIN_FILENO) == 1
    guard isScreen || at == nil else {
      throw CommandFailure.usage("--at needs a terminal; culprit show HOST --at prints rows")
    }
    // Also where there is no screen: wrong rules are told where they can be tested.
    let rules = isScreen || config != nil ? try RulesFile.read(config) : .standard
    let signals = StopSignals(reloads: false)
    let log = try logging.logger(screenInUse: isScreen)
    let end = duration.map { SteadyTime.after(seconds: $0.seconds) } ?? .never
    if at != nil, hosts.isEmpty {
      return try watchHistory(rules, signals, end, log)
    }
    let plan = try plan()
    let (source, notice) = try makeSource(plan, log)
    try using(notified(source, log)) { source in
      if isScreen {
        let options = screenOptions(plan.hostNames, rules, notice)
        return try watch(&source, options, history.candidates(plan.file), signals, end, log)
      }
      if let notice { log.info("\(notice)") }
      var lines = WatchLines(
        hosts: plan.hostNames, zone: zone.viewerZone, json: json,
        showsProcesses: view == .processes, log: log)
      try lines.run(&source, signals: signals, until: end)
    }
  }

  /// Runs `body`, ends the source, and fails where rows were lost on the way.
  private func using(
    _ source: any EventSource, _ body: (inout any EventSource) throws -> Void
  ) throws {
    var source = source
    do {
      try body(&source)
    } catch {
      source.stop()
      throw error
    }
    let lost = source.stop()
    guard lost == 0 else {
      throw CommandFailure.failed("\(lost) rows could not be stored; the reasons stand in the log")
    }
  }

  private func notified(_ source: any EventSource, _ log: Logger) -> any EventSource {
    notifying.notifier(log).map { NotifyingSource(source: source, notifier: $0) } ?? source
  }

  private func plan() throws -> FleetPlan {
    try FleetPlan(
      arguments: hosts, history: history, connection: connection, local: local,
      acceptsNewKeys: acceptNew)
  }

  /// The hosts that the history knows. Connections are made only to those of the fleet file, if
  /// there is one: a host whose log was imported may be nowhere.
  private func watchHistory(
    _ rules: WatchRules, _ signals: StopSignals, _ end: SteadyTime, _ log: Logger
  ) throws {
    let file = try history.fleetFile()
    let path = history.path(file)
    let store = try history.open(path)
    let known = try store.answering { store throws(HistoryError) in
      try store.hosts().map(\.status.host)
    }
    try? store.close()
    guard file?.hosts.isEmpty == false else {
      guard !known.isEmpty else {
        throw CommandFailure.failed("\(path) has no host; culprit import or collect fills it")
      }
      var source: any EventSource = SilentSource(hosts: known)
      let options = screenOptions(known, rules, "no host is connected to: \(path) is read only")
      return try watch(&source, options, [path], signals, end, log)
    }
    let plan = try plan()
    let (source, notice) = try makeSource(plan, log)
    try using(notified(source, log)) { source in
      try watch(
        &source, screenOptions(plan.hostNames, rules, notice), history.candidates(plan.file),
        signals, end, log)
    }
  }

  private func screenOptions(
    _ hosts: [String], _ rules: WatchRules, _ notice: String?
  ) -> WatchScreen.Options {
    WatchScreen.Options(
      hosts: hosts, zone: zone, view: view?.view ?? (splitColumns == nil ? nil : .split),
      splitColumns: splitColumns, rules: rules, at: at.map(zone.moment), notice: notice)
  }

  private func watch(
    _ source: inout any EventSource, _ options: WatchScreen.Options, _ paths: [String],
    _ signals: StopSignals, _ end: SteadyTime, _ log: Logger
  ) throws {
    let past = PastReader(
      paths: paths,
      scope: PastReader.Scope(watched: options.hosts, isNamed: !hosts.isEmpty),
      zone: zone.timeZone)
    var screen = try WatchScreen(options, past: past, log: log)
    try screen.run(&source, signals: signals, until: end)
  }

  /// A collector's history where it records these hosts already, or else connections of our own.
  private func makeSource(
    _ plan: FleetPlan, _ log: Logger
  ) throws -> (any EventSource, notice: String?) {
    for path in history.candidates(plan.file) {
      guard let holder = CollectorLock.holder(of: path),
        let store = try? HistoryStore.openReadOnly(path: path)
      else { continue }
      let missing = try missingHosts(plan, in: store)
      if missing.isEmpty {
        let notice = "following \(path), which a collector records"
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

  /// The hosts that the collector of `store` isn't on.
  private func missingHosts(_ plan: FleetPlan, in store: HistoryStore) throws -> [String] {
    let recorded = try store.hosts().filter { $0.status.state != .stopped }.map(\.status.host)
    return plan.hostNames.filter { !recorded.contains($0) }
  }
}
