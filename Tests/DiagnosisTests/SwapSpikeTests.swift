import Records
import Testing

@Suite struct SwapSpikeTests {
  @Test(
    "begins where memory goes out and comes back while a task waits",
    arguments: [
      (1, 256, 256, true), (1, 255, 4000, false), (1, 4000, 255, false), (0, 4000, 4000, false),
    ] as [(Int64, Int64, Int64, Bool)])
  func bothWays(b: Int64, si: Int64, so: Int64, isSpike: Bool) {
    let phases: [Phase] = [.calm(30), .swap(40, b: b, si: si, so: so), .calm(60)]
    #expect(Told(HostScript().samples(phases)).kinds == (isSpike ? [.swap] : []))
  }

  @Test(
    "is why tasks are blocked where swapping is much, and much of the traffic",
    arguments: [
      (512, 0, 0, EpisodeKind.swap), (511, 0, 0, .disk), (200, 312, 0, .swap),
      (200, 311, 0, .disk), (1000, 0, 3000, .swap), (1000, 0, 3001, .disk),
    ] as [(Int64, Int64, Int64, EpisodeKind)])
  func share(si: Int64, so: Int64, otherReads: Int64, kind: EpisodeKind) {
    var phase = Phase.swap(40, b: 3, si: si, so: so)
    phase.columns[.bi] = si + otherReads
    #expect(Told(HostScript().samples([.calm(30), phase, .calm(60)])).kinds == [kind])
  }

  @Test("is why tasks queue for the CPU too")
  func cpu() {
    var reclaim = Phase.cpu(40, r: 12, us: 10, sy: 90)
    reclaim.columns.merge([.so: 600, .bo: 600]) { $1 }
    #expect(Told(HostScript().samples([.calm(30), reclaim, .calm(60)])).kinds == [.swap])
    reclaim.columns.merge([.so: 120, .bo: 600]) { $1 }
    #expect(Told(HostScript().samples([.calm(30), reclaim, .calm(60)])).kinds == [.cpu])
  }

  @Test("isn't an old page that comes back to an idle host")
  func leisure() {
    let reading = Phase(seconds: 100, columns: [.si: 3000, .bi: 3000, .b: 1])
    #expect(Told(HostScript().samples([.calm(30), reading, .calm(60)])).all == [])
  }
}
