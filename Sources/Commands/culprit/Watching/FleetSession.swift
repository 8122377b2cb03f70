import Collector
import Foundation
import History
import Logging
import Records
import SSHFleet

/// What a command connects to, after command line and fleet file have been read.
struct FleetPlan {
  var file: FleetFile?
  var targets: [FleetTarget]
  /// What the targets' commands may ask for.
  var temporaryAgent: TemporaryAgent?
  var options: FleetOptions
  var retention: Recorder.Retention
  var durability: HistoryStore.Durability

  /// Reads the fleet file and chooses the hosts that `arguments` name.
  init(
    arguments: [String], history: HistoryOptions, connection: ConnectionOptions,
    local: LocalOptions, acceptsNewKeys: Bool
  ) throws {
    try self.init(
      arguments: arguments, file: history.fleetFile(), connection: connection,
      local: local, temporaryAgent: local.temporaryAgent(), acceptsNewKeys: acceptsNewKeys)
  }

  /// Chooses the hosts that `arguments` name, of those of `file`.
  ///
  /// - Parameter local: how rows are read; `nil` where nobody reads any.
  init(
    arguments: [String], file: FleetFile?, connection: ConnectionOptions,
    local: LocalOptions?, temporaryAgent: TemporaryAgent? = nil, acceptsNewKeys: Bool
  ) throws {
    self.file = file
    let overrides = LinkSettings(
      identities: connection.identity.isEmpty ? nil : connection.identity,
      knownHosts: connection.knownHosts.isEmpty ? nil : connection.knownHosts)
    let nobody: @Sendable () -> LocalAgent = { .missing("nobody reads rows here") }
    let agent = local?.localAgent ?? nobody
    self.temporaryAgent = temporaryAgent
    do throws(HostSelection.Problem) {
      targets = try HostSelection(
        fleet: file, overrides: overrides,
        localAgent: agent, prefersAgents: local?.usesAgents == true,
        temporaryAgent: temporaryAgent
      ).targets(arguments)
    } catch {
      throw CommandFailure.usage(error.description)
    }
    options = FleetOptions()
    options.acceptsNewKeys = acceptsNewKeys
    // ssh would look for a relative one in ~/.ssh.
    options.sshConfigFile = connection.sshConfig.map(FleetPlan.absolute) ?? file?.defaults.sshConfig
    // One thread serves some hundred hosts; more threads are more wake-ups for the same rows.
    options.threads = min(targets.count / 500 + 1, ProcessInfo.processInfo.activeProcessorCount)
    retention = Recorder.Retention(
      keepSeconds: file?.history.keepSeconds, maxSizeBytes: file?.history.maxSizeBytes)
    durability = file?.history.survivesPowerCut ?? true ? .full : .normal
  }

  private static func absolute(_ path: String) -> String {
    guard path != "none", !path.hasPrefix("~") else { return path }
    return URL(fileURLWithPath: path).path
  }

  var hostNames: [String] { targets.map(\.name) }

  /// What is traced without anybody asking.
  var tracing: FleetFile.Tracing { file?.tracing ?? FleetFile.Tracing() }

  /// Connections for these hosts, not started yet.
  func collector(
    _ queues: [FleetEventQueue], backFill: BackFill? = nil, desk: QuestionDesk? = nil, _ log: Logger
  ) throws(CommandFailure) -> FleetCollector {
    do throws(LinkFailure) {
      return try FleetCollector(
        options: options, queues: queues, backFill: backFill, desk: desk,
        temporaryAgent: temporaryAgent, log: log)
    } catch {
      throw .failed(error.description)
    }
  }
}

/// Where a watcher's events come from.
protocol EventSource {
  /// What has come since the last call.
  mutating func poll() throws -> [FleetEvent]
  /// Bytes that hosts sent us; `nil` where none are connected to.
  var receivedBytes: Int64? { get }
  /// What the viewer should know of now: rows aren't recorded.
  var problem: String? { get }
  /// Ends it; returns how many rows could not be stored.
  @discardableResult
  func stop() -> Int
}

extension EventSource {
  var receivedBytes: Int64? { nil }
  var problem: String? { nil }
}

/// Our own connections, and where wanted a history that they are recorded into.
struct LiveSource: EventSource {
  private let collector: FleetCollector
  private let queue = FleetEventQueue(limit: 100_000)
  private let recording: Recording?
  private let log: Logger

  init(_ plan: FleetPlan, recording: Recording?, log: Logger) throws {
    self.recording = recording
    self.log = log
    let queues = [queue] + (recording.map { [$0.queue] } ?? [])
    collector = try plan.collector(
      queues, backFill: recording?.backFill, desk: recording?.desk, log)
    recording?.start()
    collector.start(plan.targets)
  }

  func poll() -> [FleetEvent] {
    let (events, dropped) = queue.drain()
    if dropped > 0 { log.warning("\(dropped) rows were not shown: the output is too slow") }
    return events
  }

  var receivedBytes: Int64? { collector.receivedBytes }

  var problem: String? { recording?.problem }

  func stop() -> Int {
    collector.stop()
    return recording?.stop() ?? 0
  }
}

/// A history that another process records.
struct FollowSource: EventSource {
  private let store: HistoryStore
  private let path: String
  private let hosts: [String]
  private var follower: HistoryFollower
  private var nextPoll = SteadyTime.now
  private var nextLook = SteadyTime.after(seconds: 2)
  private var isAlone = false
  private var nextActivities = SteadyTime.now

  /// The history sums processes and disks up over so many seconds; a sum is whole when they are
  /// over.
  private static let activitySeconds = 10.0

  init(store: HistoryStore, path: String, hosts: [String]) {
    self.store = store
    self.path = path
    self.hosts = hosts
    follower = HistoryFollower(store: store, hosts: hosts)
  }

  /// Asks the database twice a second, however often it is called, and every two seconds
  /// whether there is a collector still.
  mutating func poll() throws -> [FleetEvent] {
    guard nextPoll.isPast else { return [] }
    nextPoll = .after(seconds: 0.5)
    var events = try follower.poll()
    events += try activities()
    guard nextLook.isPast else { return events }
    nextLook = .after(seconds: 2)
    let wasAlone = isAlone
    isAlone = CollectorLock.holder(of: path) == nil
    if isAlone, !wasAlone { events += hosts.map(FollowSource.abandoned) }
    return events
  }

  private mutating func activities() throws -> [FleetEvent] {
    guard nextActivities.isPast else { return [] }
    nextActivities = .after(seconds: FollowSource.activitySeconds)
    let moment = Timestamp.now.advanced(bySeconds: -FollowSource.activitySeconds)
    return try store.activities(hosts: hosts, at: moment).map { .activity($0) }
  }

  private static func abandoned(_ host: String) -> FleetEvent {
    .status(
      HostStatus(
        host: host, state: .stopped, since: .now,
        lastError: "the collector has ended; start culprit collect, or watch again"))
  }

  func stop() -> Int {
    try? store.close()
    return 0
  }
}

/// A history held for writing, and the recorder that writes it.
final class Recording: Sendable {
  let queue = FleetEventQueue(content: .recording)
  /// What is stored of agents' frames.
  let backFill = BackFill()
  /// Where questions for the hosts' agents come from.
  let desk = QuestionDesk()
  let path: String
  private let lock: LockBox
  private let store: HistoryStore
  private let recorder: Recorder
  private let tracer: EpisodeTracer
  private let server: QuestionServer?
  private let log: Logger

  /// Takes the collector's lock and opens the history.
  init(path: String, plan: FleetPlan, log: Logger) throws {
    self.log = log
    self.path = path
    do {
      try StandardPlaces.makeFolder(for: path)
    } catch {
      throw CommandFailure.failed(
        "can't make \(StandardPlaces.stateFolder): \(error.localizedDescription); "
          + "name another history with --db FILE")
    }
    let open: [Episode]
    do throws(HistoryError) {
      lock = LockBox(try CollectorLock.acquire(path))
      store = try HistoryStore.open(path: path, durability: plan.durability, logger: log)
      try backFill.load(from: store)
      open = try store.openEpisodes()
    } catch {
      throw CommandFailure.failed(error.description)
    }
    server = QuestionServer(history: path, desk: desk, log: log)
    tracer = EpisodeTracer(
      policy: plan.tracing, desk: desk, queue: queue, open: open, log: log)
    recorder = Recorder(
      store: store, queue: queue, backFill: backFill, tracer: tracer, retention: plan.retention,
      log: log)
  }

  func start() {
    recorder.start()
    server?.start()
  }

  var problem: String? { recorder.problem }

  /// Takes over what a fleet file that was read again says of the history.
  func apply(_ plan: FleetPlan) throws(HistoryError) {
    recorder.setRetention(plan.retention)
    tracer.setPolicy(plan.tracing)
    try store.setDurability(plan.durability)
  }

  /// Writes what is left and closes the file; returns how many rows were lost.
  @discardableResult
  func stop() -> Int {
    // What it has got is written.
    tracer.stop()
    let lost = recorder.stop()
    close()
    return lost
  }

  /// Closes a history that was never started.
  func close() {
    server?.stop()
    do throws(HistoryError) {
      try store.close()
    } catch {
      log.error("closing the history: \(error.description)")
    }
  }
}

/// Keeps the collector's lock for as long as it lives.
private final class LockBox: Sendable {
  private let lock: CollectorLock

  init(_ lock: consuming CollectorLock) {
    self.lock = lock
  }
}
