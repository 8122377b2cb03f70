import History
import Records
import Testing

@Suite("Episodes")
struct EpisodeTests {
  @Test(arguments: EpisodeKind.allCases, [true, false])
  func everyFieldComesBack(kind: EpisodeKind, isOpen: Bool) throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var episode = Episode.spike("web1", night, isOpen: isOpen, kind: kind)
    let bare = Episode(
      host: "web2", start: night, peak: night, end: night, isOpen: isOpen, kind: kind,
      load1Peak: nil, runnablePeak: nil, blockedPeak: 3, cpus: nil, verdict: "")
    let ids = try store.record(HistoryBatch(episodes: [episode, bare])).episodeIDs
    episode.id = ids[0]
    var second = bare
    second.id = ids[1]
    #expect(try store.episodes() == [episode, second])
    #expect(try store.openEpisodes() == (isOpen ? [episode, second] : []))
  }

  @Test func growingEpisodeKeepsItsNumber() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var ids: Set<Int64> = []
    for seconds in [1, 2, 30] {
      let batch = HistoryBatch(episodes: [
        .spike("a", night, seconds: seconds, isOpen: seconds < 30)
      ])
      ids.formUnion(try store.record(batch).episodeIDs)
    }
    #expect(ids.count == 1)
    #expect(try store.episodes().map(\.end) == [night + 30])
    #expect(try store.openEpisodes().isEmpty)
    // Growing must not use up numbers.
    let next = try store.record(HistoryBatch(episodes: [.spike("a", night + 100)])).episodeIDs
    #expect(next == ids.map { $0 + 1 })
  }

  @Test func numbersAreNotUsedTwice() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let first = try store.record(HistoryBatch(episodes: [.spike("a", night)])).episodeIDs
    try store.replaceEpisodes(host: "a", from: night, to: night + 1, with: [])
    #expect(try store.episodes().isEmpty)
    let second = try store.record(HistoryBatch(episodes: [.spike("a", night)])).episodeIDs
    #expect(second[0] > first[0])
  }

  @Test func openOnesSurviveTheirCollector() throws {
    let folder = try HistoryFolder()
    let first = try folder.open()
    _ = try first.record(
      HistoryBatch(episodes: [
        .spike("b", night + 9, isOpen: true), .spike("a", night, isOpen: true),
      ]))
    try first.close()
    #expect(try folder.open().openEpisodes().map(\.host) == ["a", "b"])
  }

  @Test func spanHostAndKindSelect() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(
      HistoryBatch(episodes: [
        .spike("b", night + 300, kind: .disk), .spike("a", night), .spike("a", night + 600),
        .spike("c", night + (-9000), isOpen: true, kind: .swap),
      ]))
    #expect(try store.episodes().map(\.host) == ["c", "a", "b", "a"])
    // Both ends of a span belong to it: the first episode ends at 60.
    #expect(try store.episodes(hosts: ["a"], from: night + 60, to: night + 599).count == 1)
    #expect(try store.episodes(hosts: ["a"], from: night + 61, to: night + 599).isEmpty)
    #expect(try store.episodes(hosts: ["a"], from: night + 61, to: night + 600).count == 1)
    #expect(try store.episodes(kinds: [.disk, .unclear]).map(\.host) == ["b"])
    // Going on still, so it overlaps any later span.
    #expect(try store.episodes(from: night + 5_000).map(\.host) == ["c"])
    #expect(try store.episodes(hosts: ["nobody"]).isEmpty)
    #expect(try store.episodes(hosts: []).isEmpty)
    #expect(try store.episodes(from: night + 1, to: night).isEmpty)
  }

  @Test func replacingKeepsWhatBeginsAlikeAndWhatLiesOutside() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let old: [Episode] = [
      .spike("a", night + (-200)), .spike("a", night), .spike("a", night + 100),
      .spike("a", night + 1_000), .spike("b", night),
    ]
    let ids = try store.record(HistoryBatch(episodes: old)).episodeIDs
    let new: [Episode] = [
      .spike("a", night, seconds: 90, kind: .disk, verdict: "re-judged"), .spike("a", night + 150),
    ]
    try store.replaceEpisodes(host: "a", from: night, to: night + 900, with: new)
    let kept = try store.episodes(hosts: ["a"])
    #expect(kept.map(\.start) == [night + (-200), night, night + 150, night + 1_000])
    #expect(kept.map(\.id) == [ids[0], ids[1], ids[4] + 1, ids[3]])
    #expect(kept[1].kind == .disk && kept[1].verdict == "re-judged")
    #expect(try store.episodes(hosts: ["b"]).map(\.id) == [ids[4]])
  }
}
