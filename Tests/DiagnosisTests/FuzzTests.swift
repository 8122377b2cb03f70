import Diagnosis
import Records
import Testing

/// Whatever a host sends: no trap, and records that make sense.
@Suite struct FuzzTests {
  @Test("spans are in order, peaks hold, episodes don't overlap", arguments: 1...60)
  func invariants(seed: UInt64) {
    var random = SeededRandom(state: seed)
    let isWild = seed % 3 == 0
    let samples = Self.samples(isWild: isWild, &random)
    var detector = EpisodeDetector(host: "fuzz")
    var open: Episode?
    var closed: [Episode] = []
    for sample in samples {
      for episode in detector.feed(sample) { Self.note(episode, &open, &closed) }
    }
    if let last = detector.finish() { Self.note(last, &open, &closed) }
    #expect(open == nil)
    if !isWild { #expect(!closed.isEmpty) }
    for (index, one) in closed.enumerated() {
      for other in closed[..<index].suffix(60) {
        #expect(one.end < other.start || other.end < one.start, "\(one) overlaps \(other)")
      }
      expectPeaksHold(one, samples)
    }
  }

  /// Every told record makes sense and goes on with the one before.
  private static func note(
    _ episode: Episode, _ open: inout Episode?, _ closed: inout [Episode]
  ) {
    #expect(episode.start <= episode.peak && episode.peak <= episode.end, "\(episode)")
    #expect(episode.verdict.hasPrefix(episode.kind.rawValue + ": "))
    #expect(episode.verdict.utf8.count < 400)
    if let open {
      #expect(open.start == episode.start && open.end <= episode.end, "\(open) → \(episode)")
      #expect(open.peak <= episode.peak)
      #expect(open.runnablePeak ?? 0 <= episode.runnablePeak ?? 0)
      #expect(open.blockedPeak ?? 0 <= episode.blockedPeak ?? 0)
    }
    if episode.isOpen {
      open = episode
    } else {
      open = nil
      closed.append(episode)
    }
  }

  /// The peaks are those of rows within the span.
  private func expectPeaksHold(_ episode: Episode, _ samples: [HostSample]) {
    let rows = samples.filter { (episode.start...episode.end).contains($0.time) }
    #expect(rows.contains { $0.time == episode.start } && rows.contains { $0.time == episode.end })
    for (peak, column) in [
      (episode.runnablePeak, VmstatColumn.r), (episode.blockedPeak, .b),
    ] {
      guard let peak else { continue }
      #expect(rows.contains { max(0, $0.row[column] ?? 0) == peak })
    }
  }

  /// A stream in moods of some seconds; `isWild` adds extreme values and times.
  private static func samples(isWild: Bool, _ random: inout SeededRandom) -> [HostSample] {
    var time: Int64 = 1_800_000_000_000_000_000
    var mood = 0
    return (0..<1500).map { _ in
      if Int.random(in: 0..<40, using: &random) == 0 {
        mood = Int.random(in: 0..<5, using: &random)
      }
      time = nextTime(after: time, isWild: isWild, &random)
      var sample = HostSample(
        host: "fuzz", time: Timestamp(nanoseconds: time), source: .vmstat,
        row: row(mood, isWild: isWild, &random))
      sample.cpus =
        [nil, 4, 4, isWild ? -1 : 4, isWild ? .max : 4].randomElement(using: &random) ?? 4
      if Int.random(in: 0..<5, using: &random) == 0 {
        let loads = isWild ? [0, .nan, .infinity, -3, 1e9, 12] : [0, 3, 12, 90.5]
        sample.load = LoadAverage(
          oneMinute: loads.randomElement(using: &random) ?? 0, fiveMinutes: 0, fifteenMinutes: 0)
      }
      return sample
    }
  }

  private static func nextTime(
    after time: Int64, isWild: Bool, _ random: inout SeededRandom
  ) -> Int64 {
    let second: Int64 = 1_000_000_000
    switch Int.random(in: 0..<200, using: &random) {
    case 0: return time &- second * Int64.random(in: 0...400, using: &random)
    case 1: return time &+ second * Int64.random(in: 0...900, using: &random)
    case 2: return time
    case 3 where isWild: return Int64.random(in: .min ... .max, using: &random)
    case 4 where isWild: return [.min, .max, 0].randomElement(using: &random) ?? 0
    default: return time &+ second + Int64.random(in: -9_000_000...9_000_000, using: &random)
    }
  }

  private static func row(
    _ mood: Int, isWild: Bool, _ random: inout SeededRandom
  ) -> VmstatRow {
    var row = VmstatRow()
    for column in VmstatColumn.allCases where Int.random(in: 0..<30, using: &random) > 0 {
      row[column] = Int64.random(in: 0...1, using: &random)
      if isWild, Int.random(in: 0..<60, using: &random) == 0 {
        row[column] = [.min, .max, -1, 1 << 40].randomElement(using: &random)
      }
    }
    let some = Int64.random(in: 0...12, using: &random)
    switch mood {
    case 1:
      row[.r] = some
      row[.us] = 97
    case 2:
      row[.b] = some
      row[.bo] = some * 900
    case 3:
      row[.b] = some
      row[.si] = some * 300
      row[.so] = some * 200
    default: break
    }
    return row
  }
}
