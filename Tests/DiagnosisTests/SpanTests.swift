import Records
import Testing

/// When an episode begins, goes on and ends.
@Suite struct SpanTests {
  /// Rows of a saved log on four CPUs: no load average to confirm or to lag.
  private func told(_ phases: [Phase], interval: Int = 1) -> Told {
    Told(HostScript(interval: interval, loadEvery: nil).samples(phases))
  }

  @Test("takes five hot seconds", arguments: [(5, 1), (4, 0), (3, 0), (1, 0)])
  func hotSeconds(seconds: Int, episodes: Int) {
    let phases: [Phase] = [.calm(60), .cpu(seconds, r: 9), .calm(60)]
    #expect(told(phases).episodes.count == episodes)
    #expect(told([.calm(60), .disk(seconds, b: 9), .calm(60)]).episodes.count == episodes)
    // The first row of a stream has no row before it: it counts for one second.
    #expect(told([.cpu(seconds, r: 9), .calm(60)]).episodes.count == episodes)
  }

  @Test("takes twenty seconds of few blocked tasks", arguments: [(20, 1), (19, 0)])
  func tepidSeconds(seconds: Int, episodes: Int) {
    let script = HostScript(cpus: 64, loadEvery: nil)
    let told = Told(script.samples([.calm(60), .disk(seconds, b: 8), .calm(60)]))
    #expect(told.episodes.count == episodes)
  }

  @Test(
    "keeps no more than fifteen hot seconds of a candidate", arguments: [(11, true), (12, false)])
  func candidate(calm: Int, isRemembered: Bool) {
    var samples = HostScript(interval: 60, loadEvery: nil).samples([.calm(120), .disk(60, b: 2)])
    let later = HostScript(loadEvery: nil, start: 1_800_000_180)
    samples += later.samples([.calm(calm), .disk(1, b: 2), .calm(60)])
    #expect(Told(samples).episodes.isEmpty != isRemembered)
  }

  @Test(
    "takes more hot rows than calm ones",
    arguments: [(1, 1, false), (2, 1, true), (2, 2, false), (3, 2, true), (3, 10, false)])
  func share(hot: Int, calm: Int, isSpike: Bool) {
    let phases = (0..<20).flatMap { _ in [Phase.cpu(hot, r: 9), .calm(calm)] }
    let told = told([.calm(60)] + phases + [.calm(60)])
    #expect(told.episodes.isEmpty != isSpike)
    #expect(told.episodes.first.map { $0.span()[0] } == (isSpike ? 61 : nil))
  }

  @Test(
    "takes two rows, or one long one whose averages say the same",
    arguments: [
      (5, 5, false), (5, 10, true), (20, 20, false), (20, 40, true), (29, 29, false),
      (30, 30, true),
      (60, 60, true),
    ])
  func rows(interval: Int, seconds: Int, isSpike: Bool) {
    let calm = Phase.calm(interval * 4)
    #expect(told([calm, .cpu(seconds, r: 9), calm], interval: interval).kinds.isEmpty != isSpike)
  }

  @Test("takes a long row's blocked tasks for an instant, unless they are many")
  func longRow() {
    for (b, isSpike) in [(2, false), (3, false), (4, true)] as [(Int64, Bool)] {
      let told = told([.calm(240), .disk(60, b: b), .calm(240)], interval: 60)
      #expect(told.kinds == (isSpike ? [.disk] : []))
    }
    #expect(told([.calm(240), .disk(120, b: 2), .calm(240)], interval: 60).kinds == [.disk])
  }

  @Test("goes on through less than half a minute of calm", arguments: [(29, 1), (30, 2)])
  func valley(calm: Int, episodes: Int) {
    let told = told([.calm(60), .cpu(20, r: 9), .calm(calm), .cpu(20, r: 9), .calm(60)])
    #expect(told.episodes.count == episodes)
    #expect(told.episodes.first?.span()[2] == (episodes == 1 ? 100 + Int64(calm) : 80))
  }

  @Test("goes on through one calm row of a slow log", arguments: [(60, 1), (120, 2)])
  func slowValley(calm: Int, episodes: Int) {
    let phases: [Phase] = [.calm(240), .cpu(120, r: 9), .calm(calm), .cpu(120, r: 9), .calm(240)]
    #expect(told(phases, interval: 60).episodes.count == episodes)
  }

  @Test("ends at the last hot row, by itself, half a minute later")
  func end() {
    let samples = HostScript(loadEvery: nil).samples([.calm(60), .cpu(20, r: 9), .calm(30)])
    #expect(Told(samples, finish: false).closed.map { $0.span() } == [[61, 61, 80]])
    let early = Told(Array(samples.dropLast()), finish: false)
    #expect(early.closed == [])
    #expect(early.all.last?.isOpen == true)
  }

  @Test("doesn't let a warm row after a calm stretch move the end")
  func warmAfterCalm() {
    let warm = Phase.cpu(10, r: 5, us: 60, sy: 0)
    func end(calm: Int, warm: Phase) -> Int64? {
      told([.calm(60), .cpu(20, r: 9), .calm(calm), warm, .calm(60)]).episodes.first?.span()[2]
    }
    #expect(end(calm: 5, warm: warm) == 95)
    #expect(end(calm: 12, warm: warm) == 80)
    #expect(end(calm: 5, warm: .cpu(1, r: 5, us: 60, sy: 0)) == 86)
    #expect(end(calm: 6, warm: .cpu(1, r: 5, us: 60, sy: 0)) == 80)
    // Unless it goes on: 12 s of calm are down to 5 after 14 warm ones.
    #expect(end(calm: 12, warm: .cpu(13, r: 5, us: 60, sy: 0)) == 80)
    #expect(end(calm: 12, warm: .cpu(14, r: 5, us: 60, sy: 0)) == 106)
  }

  @Test("ends although blips go on, and not while much of the time is hot")
  func blips() {
    func closes(hot: Int, calm: Int) -> Bool {
      let blips = (0..<200).flatMap { _ in [Phase.calm(calm), .disk(hot, b: 3)] }
      let samples = HostScript(loadEvery: nil).samples([.calm(60), .disk(20, b: 3)] + blips)
      return !Told(samples, finish: false).closed.isEmpty
    }
    #expect(closes(hot: 1, calm: 4))
    #expect(closes(hot: 2, calm: 5))
    #expect(!closes(hot: 1, calm: 2))
  }

  @Test("puts the peak where most tasks ran or waited, among its own rows")
  func peak() {
    let crowd = Phase(seconds: 1, columns: [.r: 99, .us: 5])
    let told = told([
      .calm(60), .cpu(10, r: 9), .disk(2, b: 12), .cpu(10, r: 9), crowd, .cpu(5, r: 9), crowd,
      .calm(60),
    ])
    #expect(told.episodes.map { $0.span() } == [[61, 71, 88]])
    #expect(told.episodes.first?.runnablePeak == 9)
    #expect(told.episodes.first?.blockedPeak == 12)
  }

  @Test("tells an open episode every five seconds, and a new peak or kind at once")
  func telling() {
    let steady = told([.calm(60), .cpu(600, r: 9), .calm(60)])
    #expect((100...125).contains(steady.all.count))
    let seconds = told([.calm(60), .cpu(20, r: 9), .cpu(1, r: 10), .cpu(5, r: 9)])
      .all.map { $0.span()[2] }
    #expect(seconds == [65, 70, 75, 80, 81, 86, 86])
    let calm = told([.calm(60), .cpu(20, r: 9), .calm(29)]).all.map { $0.span()[2] }
    #expect(calm == [65, 70, 75, 80, 80], "nothing new while it's calm")
  }

  @Test("changes its verdict once another kind has clearly more time")
  func kindChange() {
    let told = told([.calm(60), .cpu(20, r: 9), .disk(40, b: 9), .calm(60)])
    let changed = told.all.first { $0.kind == .disk }
    #expect(changed?.span()[2] == 106)
    #expect(told.kinds == [.disk])
    let short = Told(
      HostScript(loadEvery: nil).samples([.calm(60), .cpu(20, r: 9), .disk(25, b: 9)]))
    #expect(short.kinds == [.cpu])
  }
}
