import Records
import Testing

@testable import Diagnosis

@Suite struct LoadSpikeTests {
  @Test(
    "finds tasks in D that b doesn't count: two, on large hosts a quarter of the CPUs",
    arguments: [
      (4, 2.0, true), (4, 1, false), (nil, 2, true), (nil, 1, false), (64, 18, true),
      (64, 15, false),
    ] as [(Int?, Double, Bool)])
  func hidden(cpus: Int?, tasks: Double, isSpike: Bool) throws {
    let frozen = Phase(seconds: 240, hidden: tasks)
    let told = Told(HostScript(cpus: cpus).samples([.calm(60), frozen, .calm(120)]))
    #expect(told.kinds == (isSpike ? [.unclear] : []))
    for episode in told.episodes {
      #expect(episode.verdict.contains("tasks in D that vmstat's b doesn't count"))
      #expect(episode.runnablePeak == 0 && episode.blockedPeak == 0)
    }
  }

  @Test("takes five readings")
  func readings() {
    let samples = HostScript().samples([.calm(60), Phase(seconds: 60, hidden: 6)])
    #expect(Told.secondOfFirst(samples) == 85)
  }

  @Test("bounds the active tasks between two readings, whenever they're made", arguments: 1...50)
  func bounds(seed: UInt64) {
    var random = SeededRandom(state: seed)
    for seconds in [5.0, 10, 20, 60] {
      let tasks = Double(Int.random(in: 0...40, using: &random))
      let phase = Double.random(in: 0.5...5, using: &random)
      var kernel = KernelLoad(load: Double.random(in: 0...40, using: &random), phase: phase)
      kernel.run(until: 100, active: tasks)
      kernel = KernelLoad(load: kernel.printed, phase: phase)
      let first = kernel.printed
      // A reading may be 0.3 s late, and so may the one before.
      let late = Double.random(in: -0.29...0.29, using: &random)
      kernel.run(until: seconds + late, active: tasks)
      guard kernel.printed != first || tasks == first else { continue }
      let bounds = ActiveTasks(from: first, to: kernel.printed, seconds: seconds)
      #expect(bounds.least <= tasks + 0.1 && tasks - 0.1 <= bounds.most, "\(bounds) of \(tasks)")
      #expect(bounds.least <= bounds.likely && bounds.likely <= bounds.most)
      // And they are of use: 20 s have three to five samples.
      if seconds == 20 { #expect(bounds.most - bounds.least <= abs(tasks - first) * 0.6 + 0.2) }
    }
  }

  @Test("finds when it began and ended, however the readings are timed", arguments: 1...30)
  func times(seed: UInt64) throws {
    let script = HostScript(jitter: -0.3...0.3, load: Double(seed % 7), seed: seed)
    let frozen = Phase(seconds: 90, hidden: 6)
    let told = Told(script.samples([.calm(60), frozen, .calm(120)]))
    #expect(told.kinds == [.unclear])
    let span = try #require(told.closed.first).span()
    #expect((60...80).contains(span[0]), "\(span)")
    #expect((135...165).contains(span[2]), "\(span)")
  }

  @Test("isn't moved by the tail of a load average, which decays for minutes", arguments: 1...30)
  func tail(seed: UInt64) {
    let after = HostScript(jitter: -0.5...0.5, load: 300, seed: seed).samples([.calm(600)])
    #expect(after.contains { $0.load?.oneMinute ?? 0 > 100 })
    #expect(Told(after).all == [])
    let script = HostScript(jitter: -0.5...0.5, seed: seed)
    let told = Told(script.samples([.calm(60), .cpu(120, r: 40), .calm(200)]), finish: false)
    #expect(told.closed.map { $0.span() } == [[61, 61, 180]])
  }

  @Test("isn't moved by bursts that the kernel happens to sample", arguments: 1...20)
  func bursts(seed: UInt64) {
    // Ten tasks for one second in twenty, at random, on CPUs with time to spare.
    var random = SeededRandom(state: seed)
    let phases = (0..<1200).map { _ in
      Double.random(in: 0..<1, using: &random) < 0.05
        ? Phase(seconds: 1, columns: [.us: 20], hidden: 10) : Phase.calm(1)
    }
    #expect(Told(HostScript(cpus: 8, jitter: -0.3...0.3, seed: seed).samples(phases)).all == [])
  }

  @Test(
    "takes a load that is high for the CPUs, where the columns agree but aren't hot themselves",
    arguments: [
      (8, 50, [EpisodeKind.unclear]), (8, 60, [.cpu]), (6, 79, []),
    ] as [(Int64, Int64, [EpisodeKind])])
  func high(r: Int64, us: Int64, kinds: [EpisodeKind]) {
    // 4 CPUs: high from 7 active tasks on.
    let phases: [Phase] = [.calm(60), .cpu(240, r: r, us: us, sy: 0), .calm(120)]
    #expect(Told(HostScript().samples(phases)).kinds == kinds)
  }

  @Test("ends when the load average is no longer read")
  func ceasing() {
    var samples = HostScript().samples([.calm(60), Phase(seconds: 300, hidden: 6)])
    for index in samples.indices where index > 150 { samples[index].load = nil }
    #expect(Told(samples, finish: false).closed.map { $0.span()[2] } == [150])
  }

  @Test("lets an episode end on a host whose CPUs have a task each")
  func ending() {
    let phases: [Phase] = [.calm(60), .cpu(120, r: 9), .cpu(120, r: 4, us: 99, sy: 0)]
    let told = Told(HostScript().samples(phases), finish: false)
    #expect(told.closed.map { $0.span()[2] } == [180])
  }

  @Test("outweighs a queue for the CPU where most tasks are hidden")
  func outweighs() {
    var both = Phase.cpu(120, r: 8)
    both.hidden = 60
    #expect(Told(HostScript().samples([.calm(60), both, .calm(120)])).kinds == [.unclear])
    both.hidden = 4
    #expect(Told(HostScript().samples([.calm(60), both, .calm(120)])).kinds == [.cpu])
  }

  @Test("takes no time that it hasn't seen the rows of for hidden tasks")
  func gap() {
    // The host was busy while it was silent: the load average shows it, no row does.
    let script = HostScript()
    var samples = script.samples([.calm(60), .cpu(100, r: 30), .calm(200)])
    samples.removeSubrange(60..<160)
    #expect(Told(samples).all == [])
  }

  @Test("passes over nonsense", arguments: [Double.nan, .infinity, -1, 1e300])
  func nonsense(load: Double) {
    var samples = HostScript().samples([.calm(60)])
    for index in samples.indices {
      samples[index].load?.oneMinute = load
    }
    #expect(Told(samples).all == [])
    samples = HostScript().samples([.calm(30), .cpu(30, r: 9), .calm(60)])
    for index in samples.indices { samples[index].load?.oneMinute = load }
    #expect(Told(samples).closed.map(\.load1Peak) == [nil])
  }
}
