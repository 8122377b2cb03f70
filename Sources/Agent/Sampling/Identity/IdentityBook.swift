import ProcFS
import Records

/// Introduces processes: who each one is, said once when it is first named.
struct IdentityBook: ~Copyable {
  private let reader: IdentityReader
  private var known: Set<ProcessID> = []

  /// Introductions in one tick; the others follow with the ticks after it.
  static let perTick = 100
  /// Beyond this many everyone is introduced anew, which costs a line each.
  static let limit = 8192

  init(policy: CommandLinePolicy) throws(ProcError) {
    reader = try IdentityReader(policy: policy)
  }

  /// Fills in those of the tick's processes that nobody knows yet.
  mutating func introduce(_ tick: HostTick, into identities: inout [ProcessIdentity]) {
    identities.removeAll(keepingCapacity: true)
    if known.count > IdentityBook.limit { known.removeAll(keepingCapacity: true) }
    for task in tick.waiting where identities.count < IdentityBook.perTick {
      introduce(task.process, task.name, parent: 0, hasEnded: false, into: &identities)
    }
    for process in tick.processes where identities.count < IdentityBook.perTick {
      introduce(
        process.id, process.name, parent: process.parentPID, hasEnded: process.hasEnded,
        into: &identities)
    }
  }

  private mutating func introduce(
    _ id: ProcessID, _ name: TaskName, parent: Int32, hasEnded: Bool,
    into identities: inout [ProcessIdentity]
  ) {
    guard !known.contains(id) else { return }
    known.insert(id)
    identities.append(reader.identity(of: id, name, parent: parent, hasEnded: hasEnded))
  }
}
