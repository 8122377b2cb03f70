import Records

/// Who the processes of a host are, of its last few boots.
struct Introductions {
  /// Boots whose frames a spool may hold and that are told apart at once.
  private static let bootLimit = 4

  private var tables: [(boot: BootID, table: IdentityTable)] = []

  subscript(process: ProcessID, boot: BootID) -> ProcessOwner? {
    tables.first { $0.boot == boot }?.table[process]
  }

  mutating func add(_ owner: ProcessOwner, of process: ProcessID, boot: BootID) {
    if let place = tables.firstIndex(where: { $0.boot == boot }) {
      tables[place].table.add(owner, of: process)
      return
    }
    if tables.count == Introductions.bootLimit { tables.removeFirst() }
    var table = IdentityTable()
    table.add(owner, of: process)
    tables.append((boot, table))
  }
}

/// Who the processes are that an agent has introduced lately.
///
/// An agent introduces each process once, and everyone anew after 8,192 introductions; so the
/// last so many are kept, in two halves of which the older is let go when the younger is full.
struct IdentityTable {
  static let halfLimit = 8_320

  private var younger: [ProcessID: ProcessOwner] = [:]
  private var older: [ProcessID: ProcessOwner] = [:]

  var count: Int { younger.count + older.count }

  subscript(process: ProcessID) -> ProcessOwner? { younger[process] ?? older[process] }

  mutating func add(_ owner: ProcessOwner, of process: ProcessID) {
    if younger.count >= IdentityTable.halfLimit, younger[process] == nil {
      older = younger
      younger = [:]
    }
    younger[process] = owner
  }
}
