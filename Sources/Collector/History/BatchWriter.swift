import GRDB
import Records

/// One batch's way into the tables, inside one transaction.
struct BatchWriter {
  /// What a batch did to one host.
  private struct Tally {
    var stored: Int64 = 0
    /// Rows out of a spool: who follows the history doesn't wait for them.
    var filled: Int64 = 0
    /// Latest moment of its rows from the host itself, and of imported ones.
    var lastLive: Int64?
    var lastImported: Int64?

    mutating func add(_ time: Int64, isLive: Bool, isFilled: Bool) {
      if isFilled { filled += 1 } else { stored += 1 }
      if isLive, !isFilled {
        lastLive = max(lastLive ?? time, time)
      } else {
        lastImported = max(lastImported ?? time, time)
      }
    }
  }

  /// A sample's place in the table and in the batch.
  private struct Placed {
    var key: TickKey
    var index: Int
  }

  private let db: Database
  private var tallies: [Int64: Tally] = [:]
  private(set) var result = RecordResult()

  init(_ db: Database) {
    self.db = db
  }

  mutating func write(
    _ batch: HistoryBatch, _ memory: WriterMemory, now: Timestamp
  ) throws {
    for status in batch.statuses {
      try ServerTable.write(status, id: memory.servers.entry(of: status.host, db).id, db)
    }
    for (name, streams) in batch.listed {
      let host = try memory.servers.entry(of: name, db).id
      try memory.ledger.note(listed: streams, host: host, now: now.nanoseconds, db)
    }
    var samples = batch.samples
    let filled = try write(
      batch.deliveries, batch.losses, memory, now: now.nanoseconds, &samples)
    try write(samples + filled, filledFrom: samples.count, &memory.servers)
    for episode in batch.episodes {
      let host = try memory.servers.entry(of: episode.host, db).id
      result.episodeIDs.append(try EpisodeTable.upsert(episode, host: host, db))
    }
    for report in batch.suspects {
      try SuspectTable.insert(report, host: memory.servers.entry(of: report.host, db).id, db)
    }
    for trace in batch.traces {
      result.traceNumbers.append(try TraceTable.insert(trace, &memory.servers, db))
    }
  }

  // MARK: - Frames

  /// What the frames say whose numbers are new goes into the tables; their samples are handed on,
  /// to be written with the others; those out of a spool are returned.
  private mutating func write(
    _ deliveries: [FrameDelivery], _ losses: [FrameLoss], _ memory: WriterMemory,
    now: Int64, _ samples: inout [HostSample]
  ) throws -> [HostSample] {
    guard !deliveries.isEmpty || !losses.isEmpty else { return [] }
    var filled: [HostSample] = []
    var activity = try ActivityWriter(db)
    for delivery in deliveries {
      let host = try memory.servers.entry(of: delivery.host, db).id
      if let loss = delivery.loss {
        note(try memory.ledger.take(loss, host: host, now: now, db), of: delivery.host)
        continue
      }
      let verdict = try memory.ledger.take(delivery, host: host, now: now, db)
      note(verdict, of: delivery.host)
      guard verdict == .new else { continue }
      if let sample = delivery.sample {
        if delivery.isLive { samples.append(sample) } else { filled.append(sample) }
      }
      if let report = delivery.suspects {
        try SuspectTable.insert(
          report, host: host, boot: delivery.stream.boot, &memory.processes, db)
      }
      if let moved = delivery.activity {
        try activity.add(moved, boot: delivery.stream.boot, host: host, &memory.processes)
      }
    }
    try activity.flush()
    for loss in losses {
      let host = try memory.servers.entry(of: loss.host, db).id
      note(try memory.ledger.take(loss, host: host, now: now, db), of: loss.host)
    }
    let names = try ServerTable.names(db)
    for change in try memory.ledger.flush(now: now, db) {
      guard let name = names[change.host] else { continue }
      result.ledgers.append(
        StreamLedger(host: name, stream: change.stream, settled: change.settled))
    }
    return filled
  }

  private mutating func note(_ verdict: LedgerDirectory.Verdict, of host: String) {
    switch verdict {
    case .new: result.frames += 1
    case .known: result.repeatedFrames += 1
    case .uncounted: break
    case .refused: result.refusedHosts.insert(host)
    }
  }

  private mutating func write(
    _ samples: [HostSample], filledFrom: Int, _ directory: inout ServerDirectory
  ) throws {
    guard !samples.isEmpty else { return }
    let inserter = try TickInserter(db)
    for placed in try inTableOrder(samples, &directory) {
      let outcome = try inserter.put(samples[placed.index], host: placed.key.host)
      count(
        outcome, samples[placed.index], host: placed.key.host,
        isFilled: placed.index >= filledFrom)
    }
    try writeCounters()
  }

  /// Rows that fall on one page are written one after the other; rows of one moment in the order
  /// they arrived.
  private func inTableOrder(
    _ samples: [HostSample], _ directory: inout ServerDirectory
  ) throws -> [Placed] {
    var order: [Placed] = []
    order.reserveCapacity(samples.count)
    for (index, sample) in samples.enumerated() {
      let entry = try directory.entry(of: sample.host, db)
      if let cpus = sample.cpus, cpus != entry.cpus {
        try directory.note(cpus: cpus, host: sample.host, db)
      }
      let key = TickKey(
        time: sample.time.nanoseconds, host: entry.id, source: Int64(sample.source.rawValue))
      order.append(Placed(key: key, index: index))
    }
    order.sort { $0.key == $1.key ? $0.index < $1.index : $0.key < $1.key }
    return order
  }

  private mutating func count(
    _ outcome: TickInserter.Outcome, _ sample: HostSample, host: Int64, isFilled: Bool
  ) {
    var time = sample.time.nanoseconds
    switch outcome {
    case .stored: break
    case .shifted(let moved):
      time = moved
      result.shifted += 1
    case .duplicate:
      result.duplicates += 1
      return
    case .refused:
      result.refused += 1
      return
    }
    result.stored += 1
    tallies[host, default: Tally()].add(
      time, isLive: sample.source.isLive, isFilled: isFilled)
  }

  private func writeCounters() throws {
    let update = try BoundStatement(
      """
      INSERT INTO server_rows (host, arrived, last_ns, filled)
      VALUES (?1, ?2, coalesce(?3, ?4), ?5)
      ON CONFLICT (host) DO UPDATE SET arrived = arrived + ?2, filled = filled + ?5,
        last_ns = coalesce(?3, max(last_ns, ?4))
      """, db)
    // In order of the numbers, so that neighbours on a page follow each other.
    for (host, tally) in tallies.sorted(by: { $0.key < $1.key }) {
      update.bind(host, at: 1)
      update.bind(tally.stored, at: 2)
      update.bind(tally.lastLive, at: 3)
      update.bind(tally.lastImported, at: 4)
      update.bind(tally.filled, at: 5)
      try update.run()
    }
  }
}

/// What the writing connection remembers from batch to batch.
final class WriterMemory: @unchecked Sendable {
  // Invariant of @unchecked: used inside accesses of the one writing connection, which come one
  // after the other.
  var servers = ServerDirectory()
  var ledger = LedgerDirectory()
  var processes = ProcessDirectory()

  /// After a transaction that was rolled back: it may hold what was never committed.
  func removeAll() {
    servers.removeAll()
    ledger.removeAll()
    processes.removeAll()
  }
}
