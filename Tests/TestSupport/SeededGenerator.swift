import Glibc

/// Random numbers that are the same on every run (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// How often a test does again what may go wrong at any moment.
public enum Rounds {
  /// `usual`, or as many as `CULPRIT_TEST_ROUNDS` says: hundreds, for a night.
  public static func count(usual: Int) -> Int {
    guard let text = getenv("CULPRIT_TEST_ROUNDS").map({ String(cString: $0) }),
      let count = Int(text), count > 0
    else { return usual }
    return count
  }
}
