import Records
import Testing

@testable import Collector

/// A burst that began `start` seconds after a moment of now, for tests.
func burst(
  _ host: String, _ start: Double, isOver: Bool = false, looks: Int = 5
) -> HostBurst {
  let begin = Timestamp.now.advanced(bySeconds: -50)
  return HostBurst(
    host: host,
    burst: Burst(
      trigger: .ioPressure, start: Timestamp(seconds: begin.seconds + Int64(start)),
      end: .now, isOver: isOver, looks: looks,
      counts: [
        Burst.Count(
          process: ProcessID(pid: 4711, startTicks: 99), name: TaskName("post\u{1B}[2Jgres"),
          reason: WaitReason(name: "ext4 journal commit $(touch /tmp/x)", kind: .filesystemLog),
          looks: 4, tasks: 8)
      ]))
}

@Suite struct NoticeQueueTests {
  private func events(_ queue: inout NoticeQueue, at now: Double) -> [String] {
    var events: [String] = []
    while let notice = queue.next(at: now) {
      events.append("\(notice.event.rawValue) \(notice.host)")
      queue.ended(notice.host)
    }
    return events
  }

  @Test func openedAndClosed() {
    var queue = NoticeQueue()
    queue.take(burst("a", 0), at: 0)
    queue.take(burst("a", 0), at: 1)
    #expect(events(&queue, at: 1) == ["burst-opened a"])
    queue.take(burst("a", 0), at: 2)
    #expect(events(&queue, at: 2) == [])
    queue.take(burst("a", 0, isOver: true), at: 5)
    queue.take(burst("a", 0, isOver: true), at: 5)
    #expect(events(&queue, at: 10.9) == [], "ten seconds lie between two")
    #expect(events(&queue, at: 11) == ["burst-closed a"])
    #expect(events(&queue, at: 100) == [])
  }

  @Test func oneAtATimePerHost() {
    var queue = NoticeQueue()
    queue.limits.gapSeconds = 0
    queue.take(burst("a", 0), at: 0)
    queue.take(burst("a", 0, isOver: true), at: 0)
    queue.take(burst("b", 0), at: 0)
    #expect(queue.next(at: 0)?.host == "a")
    #expect(queue.next(at: 0)?.host == "b")
    #expect(queue.next(at: 0) == nil)
    queue.ended("a")
    #expect(queue.next(at: 0)?.event == .closed)
  }

  @Test func commandsAtOnceAreBounded() {
    var queue = NoticeQueue()
    for number in 0..<20 { queue.take(burst("h\(number)", 0), at: 0) }
    var started: [String] = []
    while let notice = queue.next(at: 0) { started.append(notice.host) }
    #expect(started.count == queue.limits.atOnce)
    queue.ended(started[0])
    #expect(queue.next(at: 0) != nil && queue.next(at: 0) == nil)
  }

  /// A host whose bursts come and go each second is told of six times a minute at most; and
  /// beginnings and ends alternate.
  @Test func aFlappingHostStartsNoStorm() {
    var queue = NoticeQueue()
    var told: [String] = []
    for second in 0..<120 {
      let isOver = second % 2 == 1
      queue.take(burst("a", Double(second / 2 * 2), isOver: isOver), at: Double(second))
      told += events(&queue, at: Double(second))
    }
    told += events(&queue, at: 130)
    told += events(&queue, at: 140)
    #expect((2...14).contains(told.count))
    for (place, event) in told.enumerated() {
      #expect(event == (place % 2 == 0 ? "burst-opened a" : "burst-closed a"))
    }
    #expect(told.count % 2 == 0, "whose beginning was told, its end is told")
  }

  @Test func whatFindsNoRoomIsCounted() {
    var queue = NoticeQueue()
    queue.limits.queue = 3
    queue.limits.atOnce = 1
    for number in 0..<5 {
      for second in 0..<3 { queue.take(burst("h\(number)", 0), at: Double(second)) }
    }
    #expect(queue.takeDropped() == 2 && queue.takeDropped() == 0)
    // An end has room all the same, and one that was never begun has none.
    for number in 0..<5 { queue.take(burst("h\(number)", 0, isOver: true), at: 3) }
    var told: [String] = []
    for second in 0..<100 { told += events(&queue, at: Double(second * 10)) }
    #expect(told.count { $0.hasPrefix("burst-opened") } == 3)
    #expect(told.count { $0.hasPrefix("burst-closed") } == 3)
  }

  @Test func aBurstThatNobodyTellsOfIsOver() {
    var queue = NoticeQueue()
    queue.take(burst("a", 0), at: 0)
    #expect(events(&queue, at: 0) == ["burst-opened a"])
    queue.settle(at: 60)
    #expect(events(&queue, at: 60) == [])
    queue.settle(at: 61)
    let notice = queue.next(at: 61)
    #expect(notice?.event == .closed && notice?.isLost == true)
    // And another that began meanwhile ends the one before it.
    var other = NoticeQueue()
    other.take(burst("a", 0), at: 0)
    #expect(events(&other, at: 0) == ["burst-opened a"])
    other.take(burst("a", 20), at: 20)
    #expect(events(&other, at: 20) == ["burst-closed a"])
    other.take(burst("a", 20), at: 21)
    #expect(events(&other, at: 31) == ["burst-opened a"])
  }

  @Test func theObjectIsJSONOfPrintableText() throws {
    let notice = BurstNotice(event: .opened, host: "a", burst: burst("a", 0).burst)
    let text = String(decoding: notice.json, as: UTF8.self)
    #expect(text.hasSuffix("}\n") && text.utf8.count { $0 == 10 } == 1)
    #expect(text.contains("\"event\":\"burst-opened\",\"host\":\"a\",\"time\":\"2"))
    #expect(text.contains("\"looks\":4,\"tasks\":8"))
    #expect(notice.json.allSatisfy { $0 == 10 || $0 >= 32 })
  }
}
