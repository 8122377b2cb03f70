import GRDB
import Records

/// One batch's way into the tables, inside one transaction.
struct BatchWriter {
  /// What a batch did to one host.
  private struct Tally {
    var stored: Int64 = 0
    /// Latest moment of its rows from the host itself, and of imported ones.
    var lastLive: Int64?
    var lastImported: Int64?

    mutating func add(_ time: Int64, source: SampleSource) {
      stored += 1
      if source.isLive {
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

  mutating func write(_ batch: HistoryBatch, _ directory: inout ServerDirectory) throws {
    for status in batch.statuses {
      try ServerTable.write(status, id: directory.entry(of: status.host, db).id, db)
    }
    try write(batch.samples, &directory)
    for episode in batch.episodes {
      let host = try directory.entry(of: episode.host, db).id
      result.episodeIDs.append(try EpisodeTable.upsert(episode, host: host, db))
    }
    for report in batch.suspects {
      try SuspectTable.insert(report, host: directory.entry(of: report.host, db).id, db)
    }
  }

  private mutating func write(
    _ samples: [HostSample], _ directory: inout ServerDirectory
  ) throws {
    guard !samples.isEmpty else { return }
    let inserter = try TickInserter(db)
    for placed in try inTableOrder(samples, &directory) {
      let outcome = try inserter.put(samples[placed.index], host: placed.key.host)
      count(outcome, samples[placed.index], host: placed.key.host)
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
    _ outcome: TickInserter.Outcome, _ sample: HostSample, host: Int64
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
    tallies[host, default: Tally()].add(time, source: sample.source)
  }

  private func writeCounters() throws {
    let update = try BoundStatement(
      """
      INSERT INTO server_rows (host, arrived, last_ns) VALUES (?1, ?2, coalesce(?3, ?4))
      ON CONFLICT (host) DO UPDATE SET arrived = arrived + ?2,
        last_ns = coalesce(?3, max(last_ns, ?4))
      """, db)
    // In order of the numbers, so that neighbours on a page follow each other.
    for (host, tally) in tallies.sorted(by: { $0.key < $1.key }) {
      update.bind(host, at: 1)
      update.bind(tally.stored, at: 2)
      update.bind(tally.lastLive, at: 3)
      update.bind(tally.lastImported, at: 4)
      try update.run()
    }
  }
}
