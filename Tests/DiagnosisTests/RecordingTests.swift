import Records
import Testing

/// Real spikes of a two-CPU virtual machine, recorded by `Fixtures/record`.
@Suite struct RecordingTests {
  @Test(
    "names the kind and finds the time",
    arguments: [
      ("cpu", EpisodeKind.cpu, 3), ("disk", .disk, 3), ("frozen", .unclear, 15),
    ] as [(String, EpisodeKind, Int64)])
  func spike(name: String, kind: EpisodeKind, toleranceSeconds: Int64) throws {
    let recording = try Recorded.fixture(name)
    #expect(recording.marks.count == 2)
    let told = Told(recording.samples)
    #expect(told.kinds == [kind])
    let episode = try #require(told.episodes.first)
    let begin = try #require(recording.marks.first)
    let end = try #require(recording.marks.last)
    #expect(abs(episode.start.seconds - begin) <= toleranceSeconds)
    #expect(abs(episode.end.seconds - end) <= toleranceSeconds)
    #expect(episode.cpus == 2)
    #expect((2.5...5).contains(try #require(episode.load1Peak)))
  }

  @Test(
    "does it without the load average as well",
    arguments: [("cpu", EpisodeKind.cpu), ("disk", .disk)])
  func withoutLoad(name: String, kind: EpisodeKind) throws {
    let recording = try Recorded.fixture(name, loads: false)
    #expect(Told(recording.samples).kinds == [kind])
  }

  @Test("sees a frozen file system in nothing but the load average")
  func frozen() throws {
    let recording = try Recorded.fixture("frozen")
    #expect(!recording.samples.contains { $0.row[.b] ?? 0 > 0 })
    let verdict = try #require(Told(recording.samples).episodes.first?.verdict)
    #expect(verdict.contains("tasks in D that vmstat's b doesn't count"))
    #expect(Told(try Recorded.fixture("frozen", loads: false).samples).all == [])
  }

  @Test("isn't fooled by sleepers in io_uring")
  func uring() throws {
    let recording = try Recorded.fixture("uring")
    #expect(recording.samples.contains { $0.row[.b] == 4 && $0.row[.wa] ?? 0 > 95 })
    #expect(Told(recording.samples).all == [])
  }
}
