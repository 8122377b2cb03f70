import Bytes
import GRDB
import Records

/// Who the processes are that did something or waited: one row each, by (host, boot, pid, start).
enum ProcessTable {
  /// Longest texts kept, characters.
  static let commandLimit = 512
  static let wordLimit = 64
  static let unitLimit = 256
  static let ancestorsLimit = 512

  /// `init(1) < sshd(811) < bash(4710)`, the parent last.
  static func text(_ ancestors: [ProcessOwner.Ancestor]) -> String? {
    guard !ancestors.isEmpty else { return nil }
    let words = ancestors.reversed().map { "\($0.name)(\($0.pid))" }
    return Printable.text(words.joined(separator: " < "), limit: ancestorsLimit)
  }

  fileprivate static func bind(_ owner: ProcessOwner, to statement: BoundStatement) {
    statement.bind(Printable.text(owner.name, limit: wordLimit), at: 1)
    statement.bind(Printable.text(owner.user, limit: wordLimit), at: 2)
    statement.bind(Printable.text(owner.command, limit: commandLimit), at: 3)
    statement.bind(owner.unit.map { Printable.text($0, limit: unitLimit) }, at: 4)
    statement.bind(owner.container.map { Printable.text($0, limit: unitLimit) }, at: 5)
    statement.bind(text(owner.ancestors), at: 6)
  }
}

/// The numbers of processes, kept between batches. After a transaction that was rolled back it must
/// be emptied.
struct ProcessDirectory {
  private struct Key: Hashable {
    var host: Int64
    var boot: BootID
    var id: ProcessID
  }

  private struct Entry {
    var number: Int64
    /// Who it is was told by then.
    var hasOwner: Bool
    /// The ten minutes that it was noted last in.
    var seen: Int64
  }

  /// Some 100 bytes each.
  private static let limit = 200_000
  /// How old the time may be that a process was seen last, nanoseconds: so seldom it is written.
  private static let seenPrecision: Int64 = 600 * 1_000_000_000

  private var entries: [Key: Entry] = [:]

  mutating func removeAll() { entries.removeAll() }

  /// The number of a process that was seen at `time`.
  mutating func number(
    of id: ProcessID, _ owner: ProcessOwner, boot: BootID, host: Int64, time: Int64, _ db: Database
  ) throws -> Int64 {
    let key = Key(host: host, boot: boot, id: id)
    let isTold = owner.user != "?" || !owner.command.isEmpty
    if let entry = entries[key] {
      if isTold, !entry.hasOwner {
        try update(entry.number, owner, db)
        entries[key]?.hasOwner = true
      }
      if Self.isDue(time, since: entry.seen) {
        try see(entry.number, time, db)
        entries[key]?.seen = time
      }
      return entry.number
    }
    var entry: Entry
    if let known = try find(key, db) {
      entry = known
      if isTold, !entry.hasOwner {
        try update(entry.number, owner, db)
        entry.hasOwner = true
      }
      if Self.isDue(time, since: entry.seen) {
        try see(entry.number, time, db)
        entry.seen = time
      }
    } else {
      entry = Entry(
        number: try insert(key, owner, time, db), hasOwner: isTold, seen: time)
    }
    if entries.count >= Self.limit { entries.removeAll() }
    entries[key] = entry
    return entry.number
  }

  /// Hosts' clocks may be centuries apart.
  private static func isDue(_ time: Int64, since seen: Int64) -> Bool {
    time > seen.addingSaturated(seenPrecision)
  }

  private func find(_ key: Key, _ db: Database) throws -> Entry? {
    let query = try BoundStatement(
      """
      SELECT id, user <> '?' OR command <> '', last_ns FROM process
      WHERE host = ? AND pid = ? AND start = ? AND boot = ?
      """, db)
    query.bind(key.host, at: 1)
    query.bind(Int64(key.id.pid), at: 2)
    query.bind(Int64(clamping: key.id.startTicks), at: 3)
    query.bind(LedgerTable.blob(key.boot), at: 4)
    defer { query.reset() }
    guard try query.step() else { return nil }
    return Entry(
      number: query.integer(0), hasOwner: query.integer(1) != 0, seen: query.integer(2))
  }

  private func insert(
    _ key: Key, _ owner: ProcessOwner, _ time: Int64, _ db: Database
  ) throws -> Int64 {
    let insert = try BoundStatement(
      """
      INSERT INTO process (name, user, command, unit, container, ancestors,
        host, pid, start, boot, last_ns)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, db)
    ProcessTable.bind(owner, to: insert)
    insert.bind(key.host, at: 7)
    insert.bind(Int64(key.id.pid), at: 8)
    insert.bind(Int64(clamping: key.id.startTicks), at: 9)
    insert.bind(LedgerTable.blob(key.boot), at: 10)
    insert.bind(time, at: 11)
    try insert.run()
    return db.lastInsertedRowID
  }

  private func update(_ number: Int64, _ owner: ProcessOwner, _ db: Database) throws {
    let update = try BoundStatement(
      """
      UPDATE process SET name = ?, user = ?, command = ?, unit = ?, container = ?, ancestors = ?
      WHERE id = ?
      """, db)
    ProcessTable.bind(owner, to: update)
    update.bind(number, at: 7)
    try update.run()
  }

  private func see(_ number: Int64, _ time: Int64, _ db: Database) throws {
    let update = try BoundStatement("UPDATE process SET last_ns = ? WHERE id = ?", db)
    update.bind(time, at: 1)
    update.bind(number, at: 2)
    try update.run()
  }
}
