import Records
import Testing

@testable import Diagnosis

/// Gaps, silence, and clocks that jump.
@Suite struct ClockTests {
  /// A spike of 40 s after 30 s of calm, then `after`, moved by so many seconds.
  private func samples(_ after: [Phase], movedBy seconds: Int64) -> [HostSample] {
    var samples = HostScript(loadEvery: nil).samples([.calm(30), .cpu(40, r: 9)] + after)
    for index in samples.indices where index >= 70 {
      samples[index].time = Timestamp(seconds: samples[index].time.seconds + seconds)
    }
    return samples
  }

  @Test("neither ends nor goes on in a gap", arguments: [20, 300, 599] as [Int64])
  func gap(seconds: Int64) {
    let hot = Told(samples([.cpu(20, r: 9), .calm(60)], movedBy: seconds))
    #expect(hot.episodes.map { $0.span() } == [[31, 31, 90 + seconds]])
    let calm = Told(samples([.calm(60)], movedBy: seconds))
    #expect(calm.episodes.map { $0.span() } == [[31, 31, 70]])
    let silent = Told(samples([.calm(1)], movedBy: seconds))
    #expect(silent.episodes.map { $0.span() } == [[31, 31, 70]])
  }

  @Test("ends after ten minutes of silence")
  func lost() {
    let told = Told(samples([.cpu(20, r: 9), .calm(60)], movedBy: 600))
    #expect(told.closed.map { $0.span() } == [[31, 31, 70], [671, 671, 690]])
  }

  @Test("lets a slow log's own interval be no gap")
  func slowLog() {
    let script = HostScript(interval: 900, loadEvery: nil)
    let told = Told(script.samples([.calm(3600), .cpu(3600, r: 9), .calm(3600)]))
    #expect(told.episodes.map { $0.span() } == [[4500, 4500, 7200]])
  }

  @Test("weighs the row of a starved vmstat by its time, and a row after a gap by its own")
  func starved() {
    for (seconds, isSpike) in [(10, true), (11, false)] as [(Int64, Bool)] {
      var samples = HostScript(loadEvery: nil).samples([.calm(30), .cpu(2, r: 9), .calm(60)])
      for index in samples.indices where index >= 30 {
        let late = index == 30 ? seconds - 1 : 2 * seconds - 2
        samples[index].time = Timestamp(seconds: samples[index].time.seconds + late)
      }
      #expect(Told(samples).episodes.isEmpty != isSpike)
    }
  }

  @Test("takes three intervals for late, and more for a gap", arguments: [(30, 1), (31, 0)])
  func lateBySlowInterval(seconds: Int64, episodes: Int) {
    var samples = HostScript(interval: 10, loadEvery: nil).samples([
      .calm(60), .cpu(10, r: 9), .calm(120),
    ])
    for index in samples.indices where index >= 6 {
      samples[index].time = Timestamp(seconds: samples[index].time.seconds + seconds - 10)
    }
    // One row makes an episode if it covers 30 s.
    #expect(Told(samples).episodes.count == episodes)
  }

  @Test("lets no row weigh more than a minute", arguments: [(74, EpisodeKind.cpu), (76, .disk)])
  func longestRow(diskSeconds: Int, kind: EpisodeKind) {
    var samples = HostScript(interval: 900, loadEvery: nil).samples([.calm(1800), .cpu(900, r: 9)])
    let later = HostScript(loadEvery: nil, start: 1_800_002_700)
    samples += later.samples([.disk(diskSeconds, b: 9), .calm(60)])
    // A kind is left for another that has 1.25 times its seconds.
    #expect(Told(samples).kinds == [kind])
  }

  @Test("passes over rows whose time was there already")
  func duplicates() {
    let samples = HostScript(loadEvery: nil).samples([.calm(30), .cpu(40, r: 9), .calm(60)])
    let doubled = samples.flatMap { [$0, $0, $0] }
    #expect(Told(doubled).all == Told(samples).all)
  }

  @Test("waits a small step back out", arguments: [1, 6] as [Int64])
  func smallStep(seconds: Int64) {
    let told = Told(samples([.cpu(20, r: 9), .calm(60)], movedBy: -seconds))
    #expect(told.episodes.map { $0.span() } == [[31, 31, 90 - seconds]])
  }

  @Test("ends at a larger step back, and tells no time twice")
  func largeStep() {
    // Set back by 20 s into the spike itself: what it told of those seconds stands.
    let within = Told(samples([.cpu(60, r: 9), .calm(60)], movedBy: -20))
    #expect(within.closed.map { $0.span() } == [[31, 31, 70], [71, 71, 110]])
    let barely = Told(samples([.cpu(60, r: 9), .calm(60)], movedBy: -7))
    #expect(barely.closed.map { $0.span() } == [[31, 31, 70], [71, 71, 123]])
    // Set back by a day: another time, with its own spike.
    let day = Told(samples([.cpu(20, r: 9), .calm(60)], movedBy: -86_400))
    #expect(day.closed.map { $0.span() } == [[31, 31, 70], [-86_329, -86_329, -86_310]])
    // Set back to before the spike, which the new one grows into.
    let before = Told(samples([.cpu(200, r: 9), .calm(60)], movedBy: -60))
    #expect(before.closed.map { $0.span() } == [[31, 31, 70], [11, 11, 30], [71, 71, 210]])
  }

  @Test("goes on with the episode that the history has")
  func resuming() throws {
    let script = HostScript(loadEvery: nil)
    let samples = script.samples([.calm(30), .cpu(40, r: 9), .cpu(40, r: 12), .calm(60)])
    var open = try #require(Told(Array(samples.prefix(70))).all.last { $0.isOpen })
    open.id = 7
    let told = Told(Array(samples.dropFirst(75)), resuming: open)
    #expect(told.all.allSatisfy { $0.id == 7 && $0.start == open.start && $0.kind == .cpu })
    #expect(told.closed.map { $0.span() } == [[31, 76, 110]])
    #expect(told.closed.first?.runnablePeak == 12)
  }

  @Test("ends what the history has open, if the host has been silent or calm")
  func resumingLate() throws {
    let open = Episode(
      id: 3, host: "web1", start: Timestamp(seconds: 1_799_999_000),
      peak: Timestamp(seconds: 1_799_999_100), end: Timestamp(seconds: 1_799_999_400),
      isOpen: true, kind: .swap, load1Peak: 9, runnablePeak: 2, blockedPeak: 30, cpus: 4,
      verdict: "swap: as it was")
    var closed = open
    closed.isOpen = false
    let samples = HostScript(loadEvery: nil).samples([.calm(60)])
    #expect(Told(samples, resuming: open, finish: false).all == [closed])
    var recent = open
    recent.end = Timestamp(seconds: 1_799_999_990)
    closed.end = recent.end
    #expect(Told(samples, resuming: recent, finish: false).all == [closed])
    #expect(Told([], resuming: recent).all == [closed])
    #expect(Told(samples, resuming: closed).all == [])
  }

  @Test("resumes a record that makes no sense without trapping")
  func resumingNonsense() throws {
    let open = Episode(
      host: "web1", start: Timestamp(nanoseconds: .max), peak: Timestamp(nanoseconds: 0),
      end: Timestamp(nanoseconds: .min), isOpen: true, kind: .disk, load1Peak: .nan,
      runnablePeak: .max, blockedPeak: .max, cpus: -4, verdict: "")
    let samples = HostScript(loadEvery: nil).samples([.cpu(60, r: 9)])
    for episode in Told(samples, resuming: open).episodes {
      #expect(episode.start <= episode.peak && episode.peak <= episode.end)
    }
  }

  @Test("remembers the last 64 episodes")
  func coveredTime() {
    var covered = CoveredTime()
    for second in 0..<65 as Range<Int64> {
      covered.add(Timestamp(seconds: second * 100)...Timestamp(seconds: second * 100 + 50))
    }
    #expect(!covered.contains(Timestamp(seconds: 50)))
    #expect(covered.contains(Timestamp(seconds: 150)))
    #expect(!covered.contains(Timestamp(seconds: 151)))
    func meets(_ start: Int64, _ end: Int64) -> Bool {
      covered.meets(after: Timestamp(seconds: start), through: Timestamp(seconds: end))
    }
    #expect(meets(151, 1000) && meets(99, 100) && meets(149, 160))
    #expect(!meets(150, 199))
  }
}
