import Bytes
import Records

/// One process of a host over the last ticks.
struct WatchedProcess: Sendable {
  /// As the newest tick that named it has it.
  private(set) var activity: ProcessActivity
  private(set) var rates = ProcessRates()
  /// The last ticks; what couldn't be read is `unknown`.
  private var reads = Slots(repeating: 0)
  private var writes = Slots(repeating: 0)
  private var cpu = Slots(repeating: 0)
  /// What a filter says of it, and which filter: it is asked once.
  var verdict = (filter: 0, passes: true)

  typealias Slots = InlineArray<5, UInt64>
  /// Ticks that rates are averaged over.
  static let ticksAveraged = 5
  private static let unknown = UInt64.max

  init(_ activity: ProcessActivity) {
    self.activity = activity
  }

  /// It is no part of the tick that takes this slot, until `take` says otherwise.
  mutating func clear(slot: Int) { (reads[slot], writes[slot], cpu[slot]) = (0, 0, 0) }

  /// Its bytes are its own, and those of children that it reaped and nobody saw.
  mutating func take(_ activity: ProcessActivity, slot: Int) {
    self.activity = activity
    cpu[slot] = activity.cpuNanoseconds
    guard case .known(let own) = activity.io else {
      (reads[slot], writes[slot]) = (Self.unknown, Self.unknown)
      return
    }
    let all = own + activity.reaped
    reads[slot] = min(all.readBytes, Self.unknown - 1)
    writes[slot] = min(all.writeBytes, Self.unknown - 1)
  }

  /// Whether none of the last ticks named it.
  var isForgotten: Bool {
    for slot in 0..<Self.ticksAveraged where reads[slot] | writes[slot] | cpu[slot] != 0 {
      return false
    }
    return true
  }

  /// The means over ticks of which each took so many nanoseconds.
  mutating func average(over intervals: Slots) {
    var (read, write, busy, known, all) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for slot in 0..<Self.ticksAveraged where intervals[slot] > 0 {
      let interval = Double(intervals[slot])
      all += interval
      busy += Double(cpu[slot])
      guard reads[slot] != Self.unknown else { continue }
      known += interval
      read += Double(reads[slot])
      write += Double(writes[slot])
    }
    rates.cpuPercent = all > 0 ? min(busy * 100 / all, 1e6) : 0
    rates.isKnown = known > 0
    rates.readBytes = known > 0 ? read * 1e9 / known : 0
    rates.writeBytes = known > 0 ? write * 1e9 / known : 0
  }

  /// What stands in place of bytes: `denied`, `gap`.
  var absence: String? { rates.isKnown ? nil : activity.io.absence ?? "gap" }

  /// Its command line; the name in brackets of one that has none.
  var command: String {
    let command = activity.owner.command
    return command.isEmpty ? "[\(activity.owner.name)]" : command
  }

  /// Who it is, for search and filter: nothing of it changes from tick to tick.
  func text(host: String) -> String {
    let owner = activity.owner
    let place = [owner.unit, owner.container].compactMap(\.self).joined(separator: " ")
    return Printable.text(
      "\(host) \(activity.id.pid) \(owner.user) \(owner.name) \(command) \(place)",
      limit: 1024)
  }
}

/// What a process does per second, as a mean over the last ticks.
struct ProcessRates: Equatable, Sendable {
  var readBytes = 0.0
  var writeBytes = 0.0
  /// Of one CPU.
  var cpuPercent = 0.0
  /// Whether its bytes could be read at all.
  var isKnown = false

  /// A process that uses less of a CPU than this and moves nothing is quiet.
  static let busyPercent = 1.0

  var bytes: Double { readBytes + writeBytes }
  var isQuiet: Bool { bytes == 0 && cpuPercent < Self.busyPercent }
}
