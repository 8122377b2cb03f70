import Diagnosis
import Records

/// What a made-up host does for a while.
struct Phase {
  var seconds: Int
  var columns: [VmstatColumn: Int64] = [:]
  /// Tasks in D that vmstat's `b` doesn't count.
  var hidden = 0.0
  /// Tasks counted in `b` that sleep in io_uring_enter: in no load average.
  var phantom: Int64 = 0

  static func calm(_ seconds: Int) -> Phase { Phase(seconds: seconds) }

  static func cpu(_ seconds: Int, r: Int64, us: Int64 = 95, sy: Int64 = 4) -> Phase {
    Phase(seconds: seconds, columns: [.r: r, .us: us, .sy: sy, .id: 100 - us - sy])
  }

  static func disk(
    _ seconds: Int, b: Int64, bi: Int64 = 0, bo: Int64 = 40_000, wa: Int64 = 60
  ) -> Phase {
    Phase(seconds: seconds, columns: [.b: b, .bi: bi, .bo: bo, .wa: wa, .id: 100 - wa])
  }

  static func swap(_ seconds: Int, b: Int64, si: Int64, so: Int64) -> Phase {
    Phase(
      seconds: seconds,
      columns: [.b: b, .si: si, .so: so, .bi: si, .bo: so, .wa: 80, .id: 15, .sy: 5])
  }
}

/// The rows of a made-up host, with the load average that its tasks would give.
struct HostScript {
  var cpus: Int? = 4
  /// Seconds between rows.
  var interval = 1
  /// Seconds between readings of the load average; `nil` for a saved log, which has none.
  var loadEvery: Int? = 5
  /// How much later than at its row a reading is made, drawn for each from this range.
  var jitter: ClosedRange<Double> = 0...0
  /// The load average before the first row.
  var load = 0.0
  var start: Int64 = 1_800_000_000
  var seed: UInt64 = 1

  func samples(_ phases: [Phase]) -> [HostSample] {
    var random = SeededRandom(state: seed)
    var kernel = KernelLoad(load: load)
    var samples: [HostSample] = []
    var second = 0
    for phase in phases {
      let columns = phase.columns
      for _ in 0..<(phase.seconds / interval) {
        let active = Double((columns[.r] ?? 0) + (columns[.b] ?? 0)) + phase.hidden
        second += interval
        let late = Double.random(in: jitter, using: &random)
        var row = VmstatRow()
        for column in VmstatColumn.standard { row[column] = columns[column] ?? 0 }
        row[.b] = (columns[.b] ?? 0) + phase.phantom
        if columns[.id] == nil { row[.id] = 100 - (columns[.wa] ?? 0) }
        var sample = HostSample(
          host: "web1", time: Timestamp(seconds: start + Int64(second)),
          source: loadEvery == nil ? .imported : .vmstat, row: row, cpus: cpus)
        if let every = loadEvery, second % every == 0 {
          kernel.run(until: Double(second) + late, active: active)
          sample.load = LoadAverage(
            oneMinute: kernel.printed, fiveMinutes: 0, fifteenMinutes: 0)
        } else {
          kernel.run(until: Double(second), active: active)
        }
        samples.append(sample)
      }
    }
    return samples
  }
}

/// The one-minute average as Linux computes it (kernel/sched/loadavg.c): in 11-bit fixed point,
/// every 5.004 s at 250 Hz.
struct KernelLoad {
  private var average: Int
  private var next: Double

  init(load: Double, phase: Double = 1.3) {
    average = Int(load * 2048)
    next = phase
  }

  /// As /proc/loadavg prints it.
  var printed: Double { (Double(average + 10) / 2048 * 100).rounded(.down) / 100 }

  mutating func run(until second: Double, active: Double) {
    while next <= second {
      let tasks = Int(active * 2048)
      var sum = average * 1884 + tasks * (2048 - 1884)
      if tasks >= average { sum += 2047 }
      average = sum / 2048
      next += 5.004
    }
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Everything a detector told about a stream.
struct Told {
  var all: [Episode] = []

  init(_ samples: [HostSample], resuming open: Episode? = nil, finish: Bool = true) {
    var detector = EpisodeDetector(host: samples.first?.host ?? "web1", resuming: open)
    for sample in samples { all += detector.feed(sample) }
    if finish, let last = detector.finish() { all.append(last) }
  }

  var closed: [Episode] { all.filter { !$0.isOpen } }
  /// As the history would have them: the last word on each (host, start).
  var episodes: [Episode] {
    var latest: [Episode] = []
    for episode in all {
      if latest.last?.start == episode.start { latest.removeLast() }
      latest.append(episode)
    }
    return latest
  }
  var kinds: [EpisodeKind] { episodes.map(\.kind) }
}

extension Told {
  /// The second (of the default script) at which the first episode was told; `nil` if none was.
  static func secondOfFirst(_ samples: [HostSample]) -> Int64? {
    var detector = EpisodeDetector(host: "web1")
    let first = samples.first { !detector.feed($0).isEmpty }
    return first.map { $0.time.seconds - 1_800_000_000 }
  }
}

extension Episode {
  /// Start, peak and end in seconds after the script's start.
  func span(since start: Int64 = 1_800_000_000) -> [Int64] {
    [self.start, peak, end].map { $0.seconds - start }
  }
  var seconds: Double { end.seconds(since: start) }
}
