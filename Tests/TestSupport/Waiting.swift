import Glibc

/// Looks every few milliseconds until `look` finds something; throws where that takes longer than
/// `seconds`, which is generous: the machine may be busy with other tests.
public func eventually<Found>(
  _ what: String, within seconds: Double = 90, detail: () -> String = { "" },
  _ look: () async throws -> Found?
) async throws -> Found {
  let end = Monotonic.now + seconds
  while true {
    if let found = try await look() { return found }
    guard Monotonic.now < end else {
      let detail = detail()
      throw TestTrouble(
        "waited \(seconds) s in vain for: \(what)\(detail.isEmpty ? "" : "\n\(detail)")")
    }
    try await Task.sleep(for: .milliseconds(20))
  }
}

/// Looks every few milliseconds until `condition` holds; throws where that takes too long.
public func until(
  _ what: String, within seconds: Double = 90, detail: () -> String = { "" },
  _ condition: () async throws -> Bool
) async throws {
  _ = try await eventually(what, within: seconds, detail: detail) {
    try await condition() ? true : nil
  }
}

/// The monotonic clock, in seconds.
public enum Monotonic {
  public static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
