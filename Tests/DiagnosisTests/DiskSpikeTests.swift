import Records
import Testing

@Suite struct DiskSpikeTests {
  @Test(
    "counts two blocked tasks, on large hosts a quarter of the CPUs, or half of that if it lasts",
    arguments: [
      (4, 2, 15, true), (4, 1, 200, false), (nil, 2, 15, true), (nil, 1, 200, false),
      (64, 16, 15, true), (64, 8, 15, false), (64, 15, 15, false), (64, 8, 30, true),
      (64, 7, 200, false),
    ] as [(Int?, Int64, Int, Bool)])
  func blocked(cpus: Int?, b: Int64, seconds: Int, isSpike: Bool) {
    let told = Told(HostScript(cpus: cpus).samples([.calm(30), .disk(seconds, b: b), .calm(60)]))
    #expect(told.kinds == (isSpike ? [.disk] : []))
  }

  @Test(
    "on one or two CPUs also one task that waits for long for much",
    arguments: [
      (1, 1024, 30, true), (2, 1024, 30, true), (2, 1024, 18, false), (2, 1023, 200, false),
      (3, 50_000, 200, false),
    ] as [(Int, Int64, Int, Bool)])
  func single(cpus: Int, bo: Int64, seconds: Int, isSpike: Bool) {
    let phases: [Phase] = [.calm(30), .disk(seconds, b: 1, bo: bo), .calm(60)]
    #expect(Told(HostScript(cpus: cpus).samples(phases)).kinds == (isSpike ? [.disk] : []))
  }

  @Test(
    "calls it a disk where devices move data, and else says what it may be",
    arguments: [(60, 40, EpisodeKind.disk), (60, 39, .unclear), (0, 0, .unclear)]
      as [(Int64, Int64, EpisodeKind)])
  func traffic(bi: Int64, bo: Int64, kind: EpisodeKind) throws {
    let phases: [Phase] = [.calm(30), .disk(40, b: 5, bi: bi, bo: bo), .calm(60)]
    let episode = try #require(Told(HostScript().samples(phases)).closed.first)
    #expect(episode.kind == kind)
    #expect(episode.verdict.contains("doesn't answer") == (kind == .unclear))
    #expect(!episode.verdict.contains("io_uring"), "the load average has confirmed it")
  }

  @Test("takes the rows together where their traffic is uneven")
  func unevenTraffic() {
    let burst: [Phase] = [.disk(1, b: 4, bo: 9000), .disk(9, b: 4, bo: 0)]
    let phases = [.calm(30)] + (0..<5).flatMap { _ in burst } + [.calm(60)]
    #expect(Told(HostScript().samples(phases)).kinds == [.disk])
  }

  @Test("never takes iowait for anything", arguments: [nil, 1, 2, 64])
  func iowait(cpus: Int?) {
    let waiting = Phase(seconds: 300, columns: [.wa: 99, .id: 1])
    #expect(Told(HostScript(cpus: cpus).samples([.calm(30), waiting])).all == [])
    #expect(Told(HostScript(cpus: cpus, loadEvery: nil).samples([.calm(30), waiting])).all == [])
  }

  @Test("doesn't believe blocked tasks that the load average doesn't hold", arguments: 1...20)
  func phantoms(seed: UInt64) {
    // A database on io_uring starts: eight sleepers, and real traffic now and then.
    let busy = Phase(seconds: 10, columns: [.bi: 30_000, .wa: 90], phantom: 8)
    let idle = Phase(seconds: 50, columns: [.bo: 300, .wa: 99], phantom: 8)
    let script = HostScript(jitter: -0.3...0.3, load: 3, seed: seed)
    let phases = [.calm(17)] + (0..<5).flatMap { _ in [busy, idle] } + [.calm(60)]
    #expect(Told(script.samples(phases)).all == [])
    // The same from the first row on.
    #expect(Told(script.samples([busy, idle, busy, idle])).all == [])
  }

  @Test("believes what it does hold, beside sleepers")
  func besidePhantoms() {
    var both = Phase.disk(60, b: 4)
    both.phantom = 3
    #expect(Told(HostScript().samples([.calm(30), both, .calm(60)])).kinds == [.disk])
    both.phantom = 8
    #expect(Told(HostScript().samples([.calm(30), both, .calm(60)])).kinds == [.disk])
    both = .disk(60, b: 1)
    // Half of two may be true, so two are believed; of five only the one that must be.
    both.phantom = 1
    #expect(Told(HostScript().samples([.calm(30), both, .calm(60)])).kinds == [.disk])
    both.phantom = 4
    #expect(Told(HostScript().samples([.calm(30), both, .calm(60)])).kinds == [])
  }

  @Test("says so where there is no load average to tell sleepers from a dead device")
  func undecided() throws {
    let sleepers = Phase(seconds: 60, columns: [.wa: 99], phantom: 8)
    let samples = HostScript(loadEvery: nil).samples([.calm(30), sleepers, .calm(60)])
    let episode = try #require(Told(samples).closed.first)
    #expect(episode.kind == .unclear)
    #expect(episode.verdict.contains("io_uring"))
  }

  @Test("waits for the load average before it begins, unless the readings have ceased")
  func confirmation() throws {
    var samples = HostScript().samples([.calm(61), .disk(40, b: 5), .calm(60)])
    // What is compared at a reading are the rows up to the one before: of 63…65 at 70 s enough,
    // of 64 and 65 not.
    #expect(Told.secondOfFirst(HostScript().samples([.calm(62), .disk(40, b: 5)])) == 70)
    #expect(Told.secondOfFirst(HostScript().samples([.calm(63), .disk(40, b: 5)])) == 75)
    // Rows are hot from 62 on.
    #expect(Told.secondOfFirst(samples) == 70)
    // The last reading is that of 45 s, and so 21 s old at 66 s, when five rows have been hot…
    for index in samples.indices where index > 45 { samples[index].load = nil }
    #expect(Told.secondOfFirst(samples) == 66)
    // …and that of 50 s is too old for belief to wait for another at 71 s.
    samples = HostScript().samples([.calm(61), .disk(40, b: 5), .calm(60)])
    for index in samples.indices where index > 50 { samples[index].load = nil }
    #expect(Told.secondOfFirst(samples) == 71)
  }

  @Test("keeps going at half of what it took to begin")
  func warm() {
    for (b, end) in [(8, 130), (7, 70)] as [(Int64, Int64)] {
      let script = HostScript(cpus: 64, loadEvery: nil)
      // 7 is below the tepid 8 as well, and 8 is half of 16.
      let told = Told(script.samples([.calm(30), .disk(40, b: 20), .disk(60, b: b)]))
      #expect(told.episodes.map { $0.span()[2] } == [end])
    }
  }
}
