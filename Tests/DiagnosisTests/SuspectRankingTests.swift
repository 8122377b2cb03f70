import Diagnosis
import Records
import Testing

@Suite struct SuspectRankingTests {
  private func look(_ seconds: Int64, _ tasks: [(pid: Int, tid: Int, channel: String?)])
    -> SuspectReport
  {
    SuspectReport(
      host: "db1", time: Timestamp(seconds: seconds),
      suspects: tasks.map {
        Suspect(
          pid: $0.pid, tid: $0.tid, state: "D", user: "u", waitChannel: $0.channel,
          command: "c\($0.pid)")
      })
  }

  @Test func whoWasSeenMostOftenComesFirst() {
    let ranked = SuspectRanking.ranked([
      look(10, [(1, 1, "a"), (2, 2, nil), (2, 3, "x")]),
      look(20, [(2, 2, "x"), (3, 3, "b")]),
      look(30, [(2, 2, "y"), (3, 3, "b")]),
    ])
    #expect(ranked.map(\.pid) == [2, 3, 1])
    #expect(ranked.map(\.sightings) == [3, 2, 1])
    #expect(ranked[0].threads == 2)
    #expect(ranked[0].waitChannels == ["x", "y"])
    #expect(ranked[0].first == Timestamp(seconds: 10))
    #expect(ranked[1].last == Timestamp(seconds: 30))
  }

  @Test func whatAnAgentNamedIsTold() {
    func look(_ seconds: Int64, _ reason: String?, state: String, waited: Double?)
      -> SuspectReport
    {
      SuspectReport(
        host: "db1", time: Timestamp(seconds: seconds), source: .agent,
        suspects: [
          Suspect(
            pid: 1, tid: 1, state: state, user: "u", reason: reason, waitSeconds: waited,
            command: "c")
        ])
    }
    let ranked = SuspectRanking.ranked([
      look(1, "file lock", state: "S", waited: 5), look(2, "block I/O", state: "D", waited: 40),
      look(3, "file lock", state: "S", waited: 1), look(4, nil, state: "D", waited: nil),
    ])
    #expect(ranked.map(\.waitReasons) == [["file lock", "block I/O"]])
    #expect(ranked.map(\.waitSeconds) == [40])
    #expect(ranked.map(\.isUninterruptible) == [false])
    let inD = SuspectRanking.ranked([look(1, nil, state: "Dsl", waited: nil)])
    #expect(inD.map(\.isUninterruptible) == [true])
    #expect(inD.map(\.waitSeconds) == [nil])
  }

  @Test func nothingIsNobody() {
    #expect(SuspectRanking.ranked([]).isEmpty)
  }

  /// A pid that another program has later is another process.
  @Test func aReusedNumberIsAnotherProcess() {
    var second = look(20, [(1, 1, nil)])
    second.suspects[0].command = "other"
    #expect(SuspectRanking.ranked([look(10, [(1, 1, nil)]), second]).count == 2)
  }
}
