import Bytes
import Diagnosis
import Foundation
import History
import Logging
import Records
import Synchronization

/// Writes what a fleet sends into the history: one transaction each 0.7 s for all hosts,
/// episodes and states with it, retention now and then.
///
/// Where the database can't be written (a full disk), everything is kept in memory, within a
/// bound, and written when that is possible again.
public final class Recorder: Sendable {
  /// A row is durable within a second of its arrival: the time to gather, and one commit.
  static let batchSeconds = 0.7
  /// How long after a failed write the next is tried.
  static let retrySeconds = 2.0
  static let retentionSeconds = 60.0
  /// How often it is said that a host's frames are refused.
  private static let refusalSeconds = 60.0
  /// Samples kept in memory while the database can't be written, about 300 bytes each; of frames as
  /// many as `EventCost.limit` has room for.
  static let pendingLimit = 400_000
  /// Late frames written between two batches of live ones: so many in a transaction, and no new
  /// one after so many seconds.
  static let lateFrames = 2_000
  static let lateSeconds = 0.3
  /// The pause while late frames come: who sent them sends the next ones when these are stored. They
  /// come as long as the last ones are no older than so many seconds.
  static let latePauseSeconds = 0.05
  static let lateGapSeconds = 2.0

  public struct Retention: Equatable, Sendable {
    public var keepSeconds: Double?
    public var maxSizeBytes: Int64?

    public init(keepSeconds: Double?, maxSizeBytes: Int64?) {
      self.keepSeconds = keepSeconds
      self.maxSizeBytes = maxSizeBytes
    }
  }

  private let store: HistoryStore
  private let queue: FleetEventQueue
  private let backFill: BackFill?
  private let tracer: EpisodeTracer?
  private let late: LateDiagnosis
  private let retention: Mutex<Retention>
  private let log: Logger
  private let isStopping = Mutex(false)
  private let wake = DispatchSemaphore(value: 0)
  private let retentionWake = DispatchSemaphore(value: 0)
  private let lost = Mutex(0)
  private let refusalsTold = Mutex<[String: ContinuousClock.Instant]>([:])
  private let trouble = Mutex<String?>(nil)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - backFill: hears what of agents' frames is stored.
  ///   - tracer: hears of spikes as they begin.
  public init(
    store: HistoryStore, queue: FleetEventQueue, backFill: BackFill? = nil,
    tracer: EpisodeTracer? = nil, retention: Retention, log: Logger
  ) {
    self.store = store
    self.queue = queue
    self.backFill = backFill
    self.tracer = tracer
    late = LateDiagnosis(store: store, log: log)
    self.retention = Mutex(retention)
    self.log = log
  }

  public func setRetention(_ new: Retention) {
    retention.withLock { $0 = new }
  }

  /// Starts the recorder's threads: retention has its own, for deleting may take long.
  public func start() {
    startThread("culprit-recorder") { $0.run() }
    startThread("culprit-retention") { $0.runRetention() }
    startThread("culprit-late") { $0.late.run() }
  }

  private func startThread(_ name: String, _ body: @escaping @Sendable (Recorder) -> Void) {
    let thread = Thread { [self] in
      body(self)
      ended.signal()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// Writes what has come so far and ends; returns, when that is done, how many rows were lost
  /// since the start because the history could not be written.
  @discardableResult
  public func stop() -> Int {
    isStopping.withLock { $0 = true }
    wake.signal()
    retentionWake.signal()
    ended.wait()
    ended.wait()
    // When the last rows are stored.
    late.stop()
    ended.wait()
    return lost.withLock { $0 }
  }

  /// Why nothing is written at the moment, for who watches; `nil` while it is.
  public var problem: String? { trouble.withLock { $0 } }

  // MARK: - The recorder's thread

  private func run() {
    var pending = PendingBatch(limit: Recorder.pendingLimit, tracer: tracer)
    var diagnosis = FleetDiagnosis(store: store, log: log)
    var lateCame: ContinuousClock.Instant?
    markOthersStopped()
    while true {
      let isLast = isStopping.withLock { $0 }
      let (events, dropped) = queue.drain()
      let trimmed = pending.add(events, diagnosis: &diagnosis)
      if dropped + trimmed > 0 {
        lost.withLock { $0 += dropped + trimmed }
        log.error("\(dropped + trimmed) rows are lost: the history can't keep up")
      }
      let isWritten = write(&pending, isLast: isLast)
      pending.trimLate()
      if !pending.late.isEmpty { lateCame = .now }
      if isWritten { writeLate(&pending, isLast: isLast) }
      if isLast { return }
      guard isWritten else {
        // It isn't stored, so it is fetched again.
        pending.late.removeAll()
        pause(Recorder.retrySeconds)
        continue
      }
      let isFilling =
        lateCame.map { $0.duration(to: .now) < .seconds(Recorder.lateGapSeconds) } ?? false
      pause(isFilling ? Recorder.latePauseSeconds : Recorder.batchSeconds)
    }
  }

  private func runRetention() {
    while !isStopping.withLock({ $0 }) {
      enforceRetention()
      _ = retentionWake.wait(timeout: .now() + Recorder.retentionSeconds)
    }
  }

  /// A collector that was killed left its hosts as they were; those we connect to say soon how
  /// they are, the others are watched by nobody.
  private func markOthersStopped() {
    do throws(HistoryError) {
      let stale = try store.hosts().map(\.status).filter { $0.state != .stopped }
      let stopped = stale.map { status in
        var status = status
        status.stop()
        status.since = .now
        return status
      }
      if !stopped.isEmpty { _ = try store.record(HistoryBatch(statuses: stopped)) }
    } catch {
      log.error("can't set right what an earlier collector left: \(error.description)")
    }
  }

  /// Sleeps, but not past `stop`.
  private func pause(_ seconds: Double) {
    _ = wake.wait(timeout: .now() + seconds)
  }

  /// Writes late frames for a while, if not all of them. Each transaction is short, and live rows go
  /// between.
  private func writeLate(_ pending: inout PendingBatch, isLast: Bool) {
    let end = ContinuousClock.now + .seconds(Recorder.lateSeconds)
    while !pending.late.isEmpty {
      guard isLast || ContinuousClock.now < end else { return }
      let count = min(Recorder.lateFrames, pending.late.count)
      var batch = HistoryBatch()
      batch.deliveries = Array(pending.late.prefix(count))
      do throws(HistoryError) {
        note(try store.record(batch, now: .now))
        pending.late.removeFirst(count)
        for delivery in batch.deliveries {
          guard let sample = delivery.sample else { continue }
          late.note(host: sample.host, sample.time)
        }
      } catch {
        pending.late.removeAll()
        log.error("late rows were not stored, and are fetched again: \(error.description)")
      }
    }
    for host in pending.filled { late.finish(host: host) }
    pending.filled.removeAll()
  }

  private func note(_ result: RecordResult) {
    backFill?.note(result)
    for host in result.refusedHosts where isNews(host) {
      log.warning("frames of \(host) are not stored: their numbers jump about")
    }
  }

  /// Whether nothing was said of the host's refused frames for a while.
  private func isNews(_ host: String) -> Bool {
    refusalsTold.withLock { told in
      if let last = told[host], last.duration(to: .now) < .seconds(Self.refusalSeconds) {
        return false
      }
      told[host] = .now
      return true
    }
  }

  private func write(_ pending: inout PendingBatch, isLast: Bool) -> Bool {
    guard !pending.batch.isEmpty else { return true }
    do throws(HistoryError) {
      let result = try store.record(pending.batch, now: .now)
      note(result)
      if result.refused > 0 {
        log.warning("\(result.refused) rows had the time of too many others and were not stored")
      }
      if let since = pending.failingSince {
        let seconds = Int(Date().timeIntervalSince(since))
        log.notice("the history is written again, after \(seconds) s; \(result.stored) rows kept")
      }
      pending.clear()
      trouble.withLock { $0 = nil }
      return true
    } catch {
      let count = pending.batch.samples.count + pending.batch.deliveries.count
      trouble.withLock { $0 = "NOT RECORDING: \(error.description); \(count) rows wait in memory" }
      if pending.noteFailure() || isLast {
        if isLast { lost.withLock { $0 += count } }
        let fate = isLast ? "are lost" : "wait in memory and are written when it can be"
        log.error("\(error.description); \(count) rows \(fate)")
      }
      return false
    }
  }

  private func enforceRetention() {
    let retention = self.retention.withLock { $0 }
    do throws(HistoryError) {
      let report = try store.enforceRetention(
        keepSeconds: retention.keepSeconds.map { Int64($0) }, maxSizeBytes: retention.maxSizeBytes,
        now: .now)
      guard report.hasDeleted else { return }
      func day(_ moment: Timestamp?) -> String {
        moment.map { RFC3339.string(nanoseconds: $0.nanoseconds) } ?? "?"
      }
      let span = "\(day(report.first)) to \(day(report.last))"
      let size = "from \(report.bytesBefore >> 20) to \(report.bytesAfter >> 20) MiB"
      log.notice("retention: \(report.rowsDeleted) rows of \(span) deleted; the file went \(size)")
    } catch {
      log.error("retention failed: \(error.description)")
    }
  }
}

/// What has arrived and isn't written yet.
private struct PendingBatch {
  private var thinning = SuspectThinning()
  /// Late frames come in order too, but theirs is another time.
  private var lateThinning = SuspectThinning()
  /// Frames out of spools, in the order in which they came.
  var late: [FrameDelivery] = []
  /// Hosts whose late frames are all there.
  var filled: Set<String> = []
  private(set) var batch = HistoryBatch()
  private(set) var failingSince: Date?
  private var lastComplaint = Date.distantPast
  private let limit: Int
  private let tracer: EpisodeTracer?
  /// Losses kept while the history can't be written; those of a spool are found again.
  private static let lossesLimit = 50_000
  /// Traces kept while it can't.
  private static let tracesLimit = 20

  init(limit: Int, tracer: EpisodeTracer?) {
    (self.limit, self.tracer) = (limit, tracer)
  }

  /// Returns how many rows were given up for want of room.
  mutating func add(_ events: [FleetEvent], diagnosis: inout FleetDiagnosis) -> Int {
    var latest: [String: HostStatus] = [:]
    for event in events {
      switch event {
      case .sample(let sample):
        batch.samples.append(sample)
        note(diagnosis.feed(sample))
      case .suspects(let report):
        if thinning.keeps(report) { batch.suspects.append(report) }
      case .delivery(let delivery): add(delivery, &diagnosis)
      case .lost(let loss): batch.losses.append(loss)
      case .listed(let host, let streams): batch.listed[host] = streams
      case .filled(let host): filled.insert(host)
      case .traced(let record): batch.traces.append(record)
      case .activity, .burst: break
      case .status(let status):
        latest[status.host] = status
        if status.state == .stopped, let episode = diagnosis.end(status.host) {
          batch.episodes.append(episode)
        }
      }
    }
    guard !latest.isEmpty else { return trim() }
    batch.statuses.removeAll { latest[$0.host] != nil }
    batch.statuses += latest.values
    return trim()
  }

  private mutating func add(_ delivery: FrameDelivery, _ diagnosis: inout FleetDiagnosis) {
    var delivery = delivery
    if let report = delivery.suspects {
      let keeps = delivery.isLive ? thinning.keeps(report) : lateThinning.keeps(report)
      if !keeps { delivery.suspects = nil }
    }
    guard delivery.isLive else {
      late.append(delivery)
      return
    }
    batch.deliveries.append(delivery)
    if let sample = delivery.sample { note(diagnosis.feed(sample)) }
  }

  private mutating func note(_ episodes: [Episode]) {
    guard !episodes.isEmpty else { return }
    batch.episodes += episodes
    tracer?.note(episodes)
  }

  /// What isn't stored is fetched again.
  mutating func trimLate() {
    late.removeFirst(EventCost.surplus(late, limit: EventCost.limit))
  }

  private mutating func trim() -> Int {
    guard failingSince != nil else { return 0 }
    // Of an episode only its newest state matters.
    var newest: [String: Episode] = [:]
    for episode in batch.episodes {
      newest["\(episode.host)\0\(episode.start.nanoseconds)"] = episode
    }
    batch.episodes = newest.values.sorted { $0.start < $1.start }
    batch.suspects.removeFirst(max(0, batch.suspects.count - limit / 100))
    batch.traces.removeFirst(max(0, batch.traces.count - PendingBatch.tracesLimit))
    let surplus = max(0, batch.samples.count - limit)
    batch.samples.removeFirst(surplus)
    // Of agents that keep them they come again.
    let frames = EventCost.surplus(batch.deliveries, limit: EventCost.limit)
    batch.deliveries.removeFirst(frames)
    batch.losses.removeFirst(max(0, batch.losses.count - PendingBatch.lossesLimit))
    return surplus + frames
  }

  /// Whether it is time to complain: at once, then each minute.
  mutating func noteFailure() -> Bool {
    if failingSince == nil { failingSince = Date() }
    guard Date().timeIntervalSince(lastComplaint) > 60 else { return false }
    lastComplaint = Date()
    return true
  }

  mutating func clear() {
    batch = HistoryBatch()
    failingSince = nil
    lastComplaint = .distantPast
  }
}
