import Records
import Testing

@Suite struct CPUSpikeTests {
  @Test(
    "counts a queue from two tasks, and a quarter of the CPUs, above them",
    arguments: [
      (1, 3, true), (1, 2, false), (4, 6, true), (4, 5, false), (64, 80, true), (64, 79, false),
    ] as [(Int, Int64, Bool)])
  func queue(cpus: Int, r: Int64, isSpike: Bool) {
    let told = Told(HostScript(cpus: cpus).samples([.calm(30), .cpu(40, r: r), .calm(60)]))
    #expect(told.kinds == (isSpike ? [.cpu] : []))
  }

  @Test(
    "wants the CPUs busy, and counts the kernel, guests and stolen time",
    arguments: [
      ([.us: 80], true), ([.us: 79], false), ([.us: 40, .sy: 40], true),
      ([.us: 40, .sy: 39], false),
      ([.us: 30, .sy: 10, .st: 40], true), ([.us: 30, .sy: 10, .st: 39], false),
      ([.us: 10, .gu: 70], true), ([.us: 10, .gu: 69], false), ([.wa: 100], false),
    ] as [([VmstatColumn: Int64], Bool)])
  func busy(columns: [VmstatColumn: Int64], isSpike: Bool) {
    let script = HostScript(loadEvery: nil)
    var samples = script.samples([.calm(30), .cpu(40, r: 6, us: 0, sy: 0), .calm(60)])
    for index in 30..<70 {
      for (column, value) in columns { samples[index].row[column] = value }
    }
    #expect(Told(samples).kinds == (isSpike ? [.cpu] : []))
  }

  @Test(
    "without a CPU count takes exhausted CPUs and three runnable tasks",
    arguments: [(3, 90, true), (2, 90, false), (3, 89, false)] as [(Int64, Int64, Bool)])
  func unknownCPUs(r: Int64, us: Int64, isSpike: Bool) throws {
    let script = HostScript(cpus: nil)
    let told = Told(script.samples([.calm(30), .cpu(40, r: r, us: us, sy: 0), .calm(60)]))
    #expect(told.kinds == (isSpike ? [.cpu] : []))
    #expect(told.episodes.allSatisfy { $0.cpus == nil })
  }

  @Test("gives the figures of the spike")
  func figures() throws {
    let phases: [Phase] = [.calm(30), .cpu(20, r: 9), .cpu(1, r: 23), .cpu(19, r: 9), .calm(60)]
    let episode = try #require(Told(HostScript().samples(phases)).closed.first)
    #expect(episode.span() == [31, 51, 70])
    #expect(episode.runnablePeak == 23)
    #expect(episode.blockedPeak == 0)
    #expect(episode.cpus == 4)
    // 40 s of nine tasks: 9·(1 − e^(−40/60)) = 4.4; the one row of 23 may have been sampled.
    #expect((4...6).contains(episode.load1Peak ?? 0))
  }

  @Test("is a lasting queue, not rows that happen to see a crowd on idle CPUs")
  func crowd() {
    let crowded = Phase(seconds: 1, columns: [.r: 66, .us: 4])
    let phases = (0..<30).flatMap { _ in [crowded, Phase.cpu(3, r: 2, us: 3, sy: 0)] }
    #expect(Told(HostScript(cpus: 128, loadEvery: nil).samples(phases)).all == [])
  }

  @Test("puts stolen time down to the CPU, or to the disk that the hypervisor serves")
  func stolen() {
    let starved: [VmstatColumn: Int64] = [.r: 8, .us: 20, .sy: 10, .st: 65]
    var writing = starved
    writing[.b] = 1
    writing[.bo] = 1024
    var trickling = writing
    trickling[.bo] = 1023
    for (columns, kind) in [(starved, EpisodeKind.cpu), (writing, .disk), (trickling, .cpu)] {
      let told = Told(
        HostScript().samples([.calm(30), Phase(seconds: 40, columns: columns), .calm(60)]))
      #expect(told.kinds == [kind], "\(columns)")
    }
  }

  @Test("keeps going while the CPUs are full, though less than it took to begin")
  func warm() {
    let full = Phase.cpu(60, r: 5, us: 60, sy: 0)
    let idle = Phase.cpu(60, r: 5, us: 59, sy: 0)
    let drained = Phase.cpu(60, r: 4, us: 60, sy: 0)
    for (after, end) in [(full, 130), (idle, 70), (drained, 70)] as [(Phase, Int64)] {
      let samples = HostScript(loadEvery: nil).samples([.calm(30), .cpu(40, r: 8), after])
      #expect(Told(samples).episodes.map { $0.span()[2] } == [end])
    }
  }
}
