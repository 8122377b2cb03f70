import Bytes
import Records

/// Gives each row its time on the host's clock.
///
/// A vmstat that stamps its rows (`-t`, in UTC) settles it. An older one doesn't: then rows are
/// counted from the last reading of the host's clock, which every `@load` line renews by way of
/// the uptime. A host that never told its clock (a forced command) has its rows stamped as they
/// arrive.
struct RowClock {
  private let intervalSeconds: Int
  /// The host's clock and uptime when both were read, nearly at once.
  private var clock: Timestamp?
  private var clockUptime: Double?
  /// From where unstamped rows are counted.
  private var origin: Timestamp?
  private var rowsSinceOrigin = 0
  private var last: Timestamp?

  init(intervalSeconds: Int = 1) {
    self.intervalSeconds = intervalSeconds
  }

  mutating func anchor(clock: Timestamp) {
    self.clock = clock
    clockUptime = nil
    setOrigin(clock)
  }

  /// The first uptime belongs to the clock reading just before it; later ones move on from there.
  mutating func anchor(uptimeSeconds: Double) {
    guard let clock else { return }
    guard let clockUptime else {
      self.clockUptime = uptimeSeconds
      return
    }
    setOrigin(clock.advanced(bySeconds: uptimeSeconds - clockUptime))
  }

  private mutating func setOrigin(_ time: Timestamp) {
    origin = time
    rowsSinceOrigin = 0
  }

  mutating func time(stamp: CivilTime?) -> Timestamp {
    if let stamp { return Timestamp(seconds: stamp.epochSeconds) }
    let interval = Double(intervalSeconds)
    guard let origin else { return arrival() }
    // The first row comes at once, each other an interval after the one before.
    var time = origin.advanced(bySeconds: Double(rowsSinceOrigin) * interval)
    rowsSinceOrigin += 1
    // A renewed origin may fall a little before the row counted last: time stays in order.
    if let last, time < last.advanced(bySeconds: interval / 2) {
      time = last.advanced(bySeconds: interval)
    }
    last = time
    return time
  }

  /// Now, on our clock; rows that come in one go keep their order.
  private mutating func arrival() -> Timestamp {
    let now = Timestamp.now
    let time = last.map { max(now, Timestamp(nanoseconds: $0.nanoseconds + 1_000_000)) } ?? now
    last = time
    return time
  }
}
