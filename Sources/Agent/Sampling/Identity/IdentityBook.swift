import ProcFS
import Records

/// Introduces processes: who each one is, said once when it is first named.
struct IdentityBook: ~Copyable {
  private var reader: ProcessIdentityReader
  private var known: [ProcessID: Known] = [:]

  private struct Known {
    /// Another name means another program: it has called exec(2).
    var name: TaskName
    /// Ticks after which it is read again: its command line couldn't be had.
    var retryIn: Int?
    /// When a tick named it last: CLOCK_MONOTONIC, nanoseconds.
    var named: UInt64
  }

  /// Who was idle for so long is introduced anew, to those who weren't there the first time. Not
  /// shorter than the introductions are kept that a new reader is given.
  static let idleNanoseconds: UInt64 = 600_000_000_000
  private var now: UInt64 = 0

  private static let retryTicks = 10

  /// Introductions in one tick; the others follow with the ticks after it.
  static let perTick = 100
  /// Beyond this many everyone is introduced anew, which costs a line each.
  static let limit = 8192

  init(policy: CommandLinePolicy) throws(ProcError) {
    reader = try ProcessIdentityReader(policy: policy)
  }

  /// Fills in those of the tick's processes that nobody knows yet, and who holds what they wait
  /// for.
  mutating func introduce(_ tick: HostTick, into identities: inout [ProcessIdentity]) {
    identities.removeAll(keepingCapacity: true)
    now = Clocks.monotonic
    reader.forgetAncestors()
    if known.count > IdentityBook.limit { known.removeAll(keepingCapacity: true) }
    for task in tick.waiting {
      introduce(task.process, nil, task.name, parent: 0, into: &identities)
      for holder in task.holders { introduce(holder: holder, into: &identities) }
    }
    // Those that have ended have left little to be read: they come last.
    for hasEnded in [false, true] {
      for process in tick.processes
      where process.hasEnded == hasEnded && IdentityBook.isOfInterest(process) {
        // A kernel thread is called by what it does just now.
        introduce(
          process.id, process.isKernelThread ? nil : process.name, process.name,
          parent: process.parentPID, into: &identities)
      }
    }
  }

  /// Thousands wake each second for a moment: who did no more than that needs no introduction.
  private static func isOfInterest(_ process: ProcessSample) -> Bool {
    guard case .known(let io) = process.io else { return true }
    return io.deviceBytes > 0 || process.reaped.deviceBytes > 0
      || io.readCharacters &+ io.writeCharacters >= 65_536 || process.cpuNanoseconds >= 10_000_000
  }

  /// - Parameter program: the name of the process as a whole, where that is known.
  private mutating func introduce(
    _ id: ProcessID, _ program: TaskName?, _ name: TaskName, parent: Int32,
    into identities: inout [ProcessIdentity]
  ) {
    guard identities.count < IdentityBook.perTick, isToRead(id, program) else { return }
    // One that came and went has left nothing but its name, and who started it.
    let identity =
      reader.identity(of: id)
      ?? ProcessIdentity(id: id, name: name, ancestors: reader.ancestors(ofChildOf: parent))
    remember(identity)
    identities.append(identity)
  }

  private mutating func isToRead(_ id: ProcessID, _ program: TaskName?) -> Bool {
    guard let place = known.index(forKey: id) else { return true }
    let found = known.values[place]
    if let program, program != found.name { return true }
    if now &- found.named > IdentityBook.idleNanoseconds { return true }
    known.values[place].named = now
    guard let ticks = found.retryIn else { return false }
    known.values[place].retryIn = ticks - 1
    return ticks <= 1
  }

  /// By the name that was told: it may be newer than the sample's.
  private mutating func remember(_ identity: ProcessIdentity) {
    known[identity.id] = Known(
      name: identity.name,
      retryIn: identity.commandLine == .gap ? IdentityBook.retryTicks : nil, named: now)
  }

  private mutating func introduce(holder pid: Int32, into identities: inout [ProcessIdentity]) {
    guard identities.count < IdentityBook.perTick, let id = reader.process(pid),
      known[id] == nil, let identity = reader.identity(of: id)
    else { return }
    remember(identity)
    identities.append(identity)
  }
}
