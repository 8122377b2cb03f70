import GRDB
import Records

extension HistoryStore {
  /// Hands over the samples of the span (both ends included), in order of time on the hosts'
  /// clocks, until there are no more, `limit` is reached, or `body` returns `false`. Rows of one
  /// moment come in no particular order of hosts.
  ///
  /// However many rows there are, no more than a few thousand are in memory, and `body` runs
  /// outside any transaction: it may take its time, and write to the history. Rows are kept by
  /// time, so a span costs the same for one host as for all.
  ///
  /// - Parameter hosts: `nil` for all; names that the history doesn't know are no error.
  /// - Throws: `HistoryError`, or what `body` throws.
  public func forEachSample(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int? = nil,
    newestFirst: Bool = false, _ body: (HostSample) throws -> Bool
  ) throws {
    guard let times = HistoryStore.range(from, to) else { return }
    let wanted = try hosts.map { hosts in try read { db in try ServerTable.ids(of: hosts, db) } }
    var remaining = limit ?? Int.max
    var scan = TickScan(times: times, direction: newestFirst ? .newestFirst : .oldestFirst)
    while !scan.isAtEnd, remaining > 0, wanted?.isEmpty != true {
      for sample in try samples(of: &scan, hosts: wanted, limit: remaining) {
        remaining -= 1
        guard try body(sample) else { return }
      }
    }
  }

  private func samples(
    of scan: inout TickScan, hosts: Set<Int64>?, limit: Int
  ) throws(HistoryError) -> [HostSample] {
    try read { db in
      var samples: [HostSample] = []
      try scan.next(db) { key, rows in
        guard hosts?.contains(key.host) ?? true else { return true }
        if let sample = TickTable.sample(rows, host: try name(of: key.host, db)) {
          samples.append(sample)
        }
        return samples.count < limit
      }
      return samples
    }
  }

  /// The episodes that overlap the span (both ends included), in order of their start. One that
  /// is open counts as going on still.
  public func episodes(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil,
    kinds: Set<EpisodeKind>? = nil
  ) throws(HistoryError) -> [Episode] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let ids = try hosts.map { try ServerTable.ids(of: $0, db) }
      return try EpisodeTable.overlapping(
        from: times.lowerBound, to: times.upperBound, hosts: ids, kinds: kinds, db)
    }
  }

  /// The looks at waiting tasks within the span (both ends included), in order of time.
  ///
  /// - Parameter limit: tasks handed over in all; a look may be cut off by it.
  public func suspects(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int = 20_000
  ) throws(HistoryError) -> [SuspectReport] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let ids = try hosts.map { try ServerTable.ids(of: $0, db) }
      return try SuspectTable.reports(times, hosts: ids, limit: limit, db)
    }
  }

  /// The episodes that no end was recorded of: those going on, and those that a collector which
  /// was killed left behind, for the next one to resume or close.
  public func openEpisodes() throws(HistoryError) -> [Episode] {
    try read { db in try EpisodeTable.open(db) }
  }

  /// Every host that was ever recorded, by name.
  public func hosts() throws(HistoryError) -> [HostRecord] {
    try read { db in try ServerTable.records(db) }
  }

  static func range(_ from: Timestamp?, _ to: Timestamp?) -> ClosedRange<Int64>? {
    let first = from?.nanoseconds ?? .min
    let last = to?.nanoseconds ?? .max
    return first <= last ? first...last : nil
  }

  /// The host's name, from memory once it was seen: a host never changes or loses its number.
  func name(of host: Int64, _ db: Database) throws -> String {
    if let name = names.withLock({ $0[host] }) { return name }
    let all = try ServerTable.names(db)
    names.withLock { $0 = all }
    return all[host] ?? "host \(host)"
  }
}
