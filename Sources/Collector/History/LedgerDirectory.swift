import Bytes
import GRDB
import Records

/// The ledgers of the hosts at work, kept between batches, so that a frame costs one look-up in
/// memory. After a transaction that was rolled back it must be emptied.
struct LedgerDirectory {
  /// A stream's place: a frame is mostly of the stream of the frame before.
  struct Place: Hashable {
    var host: Int64
    var stream: StreamID
  }

  /// How old the time may be that a stream was seen last, nanoseconds: so seldom it is written.
  private static let seenPrecision: Int64 = 3_600 * 1_000_000_000
  /// Gaps of one stream whose end has no time yet; of more the end stays unknown.
  private static let openGapsLimit = 64

  private var hosts: [Int64: [StreamID: LedgerEntry]] = [:]
  private var dirty: Set<Place> = []
  private var gaps = GapCounts()

  mutating func removeAll() {
    hosts.removeAll()
    dirty.removeAll()
    gaps = GapCounts()
  }

  enum Verdict {
    /// It is new: what it says is to be stored.
    case new
    /// It was settled before.
    case known
    /// It doesn't count: what it says may be used, but it settles no number.
    case uncounted
    /// Beyond what is kept of a host.
    case refused
  }

  /// Takes a frame's number into the ledger.
  mutating func take(
    _ delivery: FrameDelivery, host: Int64, now: Int64, _ db: Database
  ) throws -> Verdict {
    let time = delivery.time?.nanoseconds
    return try change(delivery.stream, host: host, now: now, db) { entry in
      if entry.runs.contains(delivery.sequence) { return .known }
      if delivery.isRepeatable, delivery.isLive, !entry.runs.isNext(delivery.sequence) {
        return .uncounted
      }
      switch entry.runs.insert(delivery.sequence, time: time) {
      case .refused: return .refused
      case .known: return .known
      case .added: break
      }
      if let time, !entry.openGaps.isEmpty {
        try LedgerDirectory.close(&entry.openGaps, delivery.sequence, at: time, db)
      }
      return .new
    }
  }

  /// Notes that frames are gone: those of them that aren't there.
  mutating func take(_ loss: FrameLoss, host: Int64, now: Int64, _ db: Database) throws -> Verdict {
    guard loss.first <= loss.last, LedgerRuns.numbers.contains(loss.first),
      LedgerRuns.numbers.contains(loss.last)
    else { return .refused }
    var gaps = self.gaps
    defer { self.gaps = gaps }
    return try change(loss.stream, host: host, now: now, db) { entry in
      let missing = entry.runs.set.missing(in: loss.first...loss.last)
      guard !missing.isEmpty else { return .known }
      for numbers in missing {
        let (from, to) = entry.runs.neighbours(of: numbers)
        guard entry.runs.insert(numbers, time: nil) != .refused else { return .refused }
        // An agent may tell it bit by bit.
        if let newest = entry.newestGap, newest.last + 1 == numbers.lowerBound,
          newest.reason == loss.reason, entry.openGaps.last?.id == newest.id
        {
          try LedgerTable.extendGap(newest.id, to: numbers.upperBound, db)
          entry.newestGap?.last = numbers.upperBound
          entry.openGaps[entry.openGaps.count - 1].last = numbers.upperBound
          continue
        }
        try gaps.makeRoom(of: host, db)
        let id = try LedgerTable.insertGap(
          numbers, loss.reason, stream: entry.id, host: host, from: from, to: to, at: now, db)
        entry.newestGap = (id, numbers.upperBound, loss.reason)
        if !entry.runs.contains(numbers.upperBound + 1),
          entry.openGaps.count < LedgerDirectory.openGapsLimit
        {
          entry.openGaps.append(.init(id: id, last: numbers.upperBound))
        }
      }
      return .new
    }
  }

  /// How many frames without a time may lie between a gap and the next tick.
  private static let nearFrames: UInt64 = 64

  /// A frame came: gaps that end before it, and had no time from nearer by, end with its.
  private static func close(
    _ gaps: inout [LedgerEntry.OpenGap], _ sequence: UInt64, at time: Int64, _ db: Database
  ) throws {
    for index in gaps.indices where gaps[index].last < sequence && sequence < gaps[index].nearest {
      try LedgerTable.closeGap(gaps[index].id, at: time, db)
      gaps[index].nearest = sequence
    }
    gaps.removeAll { $0.nearest < .max && $0.nearest - $0.last <= nearFrames }
  }

  private mutating func change(
    _ stream: StreamID, host: Int64, now: Int64, _ db: Database,
    _ body: (inout LedgerEntry) throws -> Verdict
  ) throws -> Verdict {
    if hosts[host] == nil { hosts[host] = try LedgerTable.streams(of: host, db) }
    if hosts[host]?[stream] == nil { try begin(stream, host: host, now: now, db) }
    guard var entry = hosts[host]?[stream] else { return .refused }
    // Taken out, so that its runs are changed in place.
    hosts[host]?[stream]?.runs = LedgerRuns()
    defer { hosts[host]?[stream] = entry }
    let verdict = try body(&entry)
    guard verdict == .new else { return verdict }
    if !entry.isDirty {
      entry.isDirty = true
      dirty.insert(Place(host: host, stream: stream))
    }
    return verdict
  }

  private mutating func begin(
    _ stream: StreamID, host: Int64, now: Int64, _ db: Database
  ) throws {
    if hosts[host]?.count ?? 0 >= LedgerTable.streamsLimit,
      let oldest = hosts[host]?.min(by: {
        ($0.value.seen, $0.value.id) < ($1.value.seen, $1.value.id)
      })
    {
      try LedgerTable.forget(oldest.value.id, db)
      hosts[host]?[oldest.key] = nil
      dirty.remove(Place(host: host, stream: oldest.key))
    }
    let id = try LedgerTable.insert(stream, host: host, seen: now, db)
    hosts[host]?[stream] = LedgerEntry(id: id, seen: now)
  }

  /// An agent's spool has these: as long as it does, what is settled of them isn't forgotten.
  mutating func note(
    listed streams: [StreamID], host: Int64, now: Int64, _ db: Database
  ) throws {
    if hosts[host] == nil { hosts[host] = try LedgerTable.streams(of: host, db) }
    for stream in streams {
      guard var entry = hosts[host]?[stream] else { continue }
      try LedgerDirectory.see(&entry, now, db)
      hosts[host]?[stream]?.seen = entry.seen
      hosts[host]?[stream]?.noted = entry.noted
    }
  }

  private static func see(_ entry: inout LedgerEntry, _ now: Int64, _ db: Database) throws {
    entry.seen = now
    guard now > entry.noted.addingSaturated(seenPrecision) else { return }
    try LedgerTable.note(seen: now, stream: entry.id, db)
    entry.noted = now
  }

  /// Writes what the batch changed; what is settled of those streams now.
  mutating func flush(
    now: Int64, _ db: Database
  ) throws -> [(host: Int64, stream: StreamID, settled: SequenceSet)] {
    var changed: [(host: Int64, stream: StreamID, settled: SequenceSet)] = []
    changed.reserveCapacity(dirty.count)
    for place in dirty {
      guard var entry = hosts[place.host]?[place.stream] else { continue }
      try LedgerTable.write(entry.runs.runs, over: entry.kept, stream: entry.id, db)
      try LedgerDirectory.see(&entry, now, db)
      entry.kept = entry.runs.runs
      entry.isDirty = false
      hosts[place.host]?[place.stream] = entry
      changed.append((place.host, place.stream, entry.runs.set))
    }
    dirty.removeAll(keepingCapacity: true)
    return changed
  }
}
