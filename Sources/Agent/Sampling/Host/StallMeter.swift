import ProcFS
import Records

/// Stall time of each resource, from totals since boot to what was added during a tick.
struct StallMeter {
  struct Resource {
    private var latest: PressureTotals?

    /// What was added since the last reading; a gap where there is none, or where time went back.
    mutating func advance(_ totals: Reading<PressureTotals>) -> Reading<Stall> {
      guard case .known(let now) = totals else {
        latest = nil
        return totals.map { _ in Stall(someMicroseconds: 0, fullMicroseconds: 0) }
      }
      defer { latest = now }
      guard let latest, now.someMicroseconds >= latest.someMicroseconds,
        now.fullMicroseconds ?? 0 >= latest.fullMicroseconds ?? 0
      else { return .gap }
      return .known(
        Stall(
          someMicroseconds: now.someMicroseconds - latest.someMicroseconds,
          fullMicroseconds: (now.fullMicroseconds ?? 0) - (latest.fullMicroseconds ?? 0)))
    }
  }

  var cpu = Resource()
  var io = Resource()
  var memory = Resource()
}
