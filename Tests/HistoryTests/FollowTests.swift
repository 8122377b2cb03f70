import History
import Records
import Testing

@Suite("Following")
struct FollowTests {
  @Test func firstCallGivesEachHostsNewestRow() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record((0..<10).map { .tick("a", night + $0) } + [.tick("b", night + (-7200))])
    let reader = try HistoryStore.openReadOnly(path: folder.path)
    var cursor = FollowCursor()
    #expect(
      try reader.follow(&cursor) == [.tick("b", night + (-7200)), .tick("a", night + 9)])
    #expect(try reader.follow(&cursor).isEmpty)
  }

  /// Clocks hours and years apart, one that goes back, hosts that come late: every row once.
  @Test func everyRowIsSeenOnceWhateverTheClocks() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let reader = try HistoryStore.openReadOnly(path: folder.path)
    let clocks = ["a": 0, "b": 3, "c": -7_200, "d": 10_800, "e": 300_000_000, "f": -1_700_000_000]
    var cursor = FollowCursor()
    var seen: [HostSample] = []
    var sent: [HostSample] = []
    for second in 0..<40 {
      let batch = clocks.filter { $0.key != "f" || second > 10 }.map { host, offset in
        let stepped = host == "b" && second >= 20 ? -3_600 : 0
        return HostSample.tick(host, night + (second + offset + stepped), r: Int64(second))
      }
      try store.record(batch)
      sent += batch
      if second % 3 == 0 { seen += try reader.follow(&cursor) }
    }
    seen += try reader.follow(&cursor)
    for host in clocks.keys {
      #expect(
        seen.filter { $0.host == host }.map { $0.row[.r] ?? -1 }.sorted()
          == sent.filter { $0.host == host }.map { $0.row[.r] ?? -1 }, "host \(host)")
    }
  }

  @Test func hostsAndImportsAreToldApart() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var cursor = FollowCursor()
    try store.record([.tick("a", night), .tick("b", night)])
    _ = try store.follow(&cursor, hosts: ["a"])
    try store.record([
      .tick("a", night + 1), .tick("b", night + 1),
      .tick("a", night + 500, r: 7, source: .imported),
    ])
    #expect(try store.follow(&cursor, hosts: ["a"]) == [.tick("a", night + 1)])
    // An agent's rows are live ones.
    try store.record([.tick("a", night + 2), .tick("a", night + 3, source: .agent)])
    #expect(try store.follow(&cursor, hosts: ["a"]).map(\.time) == [night + 2, night + 3])
  }

  /// A follower that was away: no call reads without bound, and the calls together miss nothing.
  @Test func longAbsenceIsCaughtUpInPieces() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var cursor = FollowCursor()
    try store.record([.tick("a", night), .tick("b", night)])
    _ = try store.follow(&cursor)
    try store.record(
      (1...60_000).flatMap { second in
        ["a", "b"].map { HostSample.tick($0, night + second, r: Int64(second)) }
      })
    var seen: [HostSample] = []
    var calls = 0
    while true {
      let news = try store.follow(&cursor)
      if news.isEmpty { break }
      #expect(news.count <= 50_000)
      seen += news
      calls += 1
      try #require(calls < 20)
    }
    #expect(calls > 1)
    for host in ["a", "b"] {
      #expect(seen.filter { $0.host == host }.map { $0.row[.r] } == (1...60_000).map { Int64($0) })
    }
    // Rows of others must not stop who follows one host only.
    var one = FollowCursor()
    _ = try store.follow(&one, hosts: ["c"])
    try store.record([.tick("c", night)])
    #expect(try store.follow(&one, hosts: ["c"]).count == 1)
    try store.record([.tick("c", night + 59_999)])
    var found = 0
    for _ in 0..<5 { found += try store.follow(&one, hosts: ["c"]).count }
    #expect(found == 1)
  }
}
