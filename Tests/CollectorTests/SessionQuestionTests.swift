import Dispatch
import Records
import SSHFleet
import Synchronization
import Testing
import Wire

@testable import Collector

/// Questions of others over a host's session: what answers them is the asker's alone.
@Suite("session questions")
struct SessionQuestionTests {
  private static func answer(_ answer: Answer, _ number: UInt64) -> [UInt8] {
    AgentQuestionTests.answer(answer, number: number)
  }

  /// What an agent sends first: that it streams, and who it is.
  private static let beginning =
    answer(.done, AgentRequests.streamNumber)
    + AgentStreamTests.bytes([AgentStreamTests.hello()])

  private static func ticks(_ numbers: ClosedRange<Int64>) -> [UInt8] {
    AgentStreamTests.bytes(
      numbers.map { .tick(AgentStreamTests.tick($0)) }, from: UInt64(numbers.lowerBound) + 2)
  }

  /// A feed whose host plays an agent: what is asked is answered at once.
  private final class Host {
    let desk = QuestionDesk()
    let queue = FleetEventQueue(content: .recording)
    let feed: HostFeed
    private(set) var requests: [(Request, UInt64)] = []
    var reply: (Request, UInt64) -> [UInt8] = { _, _ in [] }
    private(set) var failure: LinkFailure?

    init(connected: Bool = true) {
      feed = HostFeed(
        target: FleetTarget(name: "web1", address: "there", command: "true"), queues: [queue],
        desk: desk)
      guard connected else { return }
      feed.linkDidOpen()
      feed.linkDidChange(to: .connected(address: "there"))
    }

    func take(_ bytes: [UInt8]) {
      failure = failure ?? feed.linkDidReceive(bytes.span).failure
    }

    /// What the event loop would do when it is nudged.
    private func drain() {
      var decoder = FrameDecoder()
      var frames: [DecodedFrame] = []
      decoder.feed(feed.linkDidDrain().span) { event in
        if case .frame(let frame) = event { frames.append(frame) }
      }
      for frame in frames {
        guard case .request(let request) = frame.frame else { continue }
        requests.append((request, frame.sequence))
        take(reply(request, frame.sequence))
      }
    }

    func ask(
      _ request: Request, of host: String = "web1", seconds: Double = 5,
      interest: () -> AskerInterest = { .waits }
    ) -> SessionReply {
      nonisolated(unsafe) let drain = drain
      desk.connect { _ in drain() }
      return desk.ask(request, of: host, seconds: seconds, interest: interest)
    }

    /// Rows that were told, and sequence numbers.
    var told: (rows: [Int64?], numbers: [UInt64]) {
      var result: (rows: [Int64?], numbers: [UInt64]) = ([], [])
      for event in queue.drain().events {
        switch event {
        case .sample(let sample): result.rows.append(sample.row[.r])
        case .delivery(let delivery):
          result.numbers.append(delivery.sequence)
          if let sample = delivery.sample { result.rows.append(sample.row[.r]) }
        default: continue
        }
      }
      return result
    }
  }

  private func frames(_ reply: SessionReply) throws -> [DecodedFrame] {
    guard case .answered(let bytes) = reply else {
      Issue.record("\(reply)")
      return []
    }
    var decoder = FrameDecoder()
    var frames: [DecodedFrame] = []
    decoder.feed(bytes.span) { event in
      if case .frame(let frame) = event { frames.append(frame) } else { Issue.record("\(event)") }
    }
    return frames
  }

  @Test("the past is the asker's, and no row of it is told as live")
  func past() throws {
    let host = Host()
    host.take(Self.beginning + Self.ticks(0...5))
    #expect(host.told.numbers == [1, 2, 3, 4, 5, 6, 7])
    host.reply = { _, number in
      Self.answer(.begins, number) + AgentStreamTests.bytes([AgentStreamTests.hello()])
        + Self.ticks(3...5) + Self.answer(.done, number) + Self.ticks(6...7)
    }
    let came = try frames(host.ask(.recent(seconds: 3)))
    #expect(came.map(\.sequence).dropLast() == [1, 5, 6, 7])
    #expect(came.last?.frame == .answer(.done))
    #expect(came.dropLast().allSatisfy { $0.stream == AgentStreamTests.stream })
    let told = host.told
    #expect(told.rows == [6, 7] && told.numbers == [8, 9])
    // Its number is none that back-fill may use.
    #expect(host.requests.map(\.1) == [AgentRequests.firstQuestion])
    #expect(host.failure == nil)
  }

  @Test("a process, and a refusal, come as the agent says them")
  func process() throws {
    let host = Host()
    host.take(Self.beginning)
    host.reply = { request, number in
      guard case .process(let pid) = request, pid == 7 else {
        return Self.answer(.refused("control is off"), number)
      }
      return Self.ticks(1...2) + Self.answer(.refused("no process 7"), number)
    }
    #expect(
      try frames(host.ask(.process(pid: 7))).map(\.frame) == [.answer(.refused("no process 7"))])
    #expect(
      try frames(host.ask(.process(pid: 8))).map(\.frame) == [.answer(.refused("control is off"))])
    #expect(host.told.rows == [1, 2])
  }

  @Test("a host can't call all that it sends an answer")
  func unasked() throws {
    let host = Host()
    host.take(Self.beginning)
    for number in [1, 2, AgentRequests.firstQuestion, AgentRequests.firstQuestion + 7, .max] {
      host.take(Self.answer(.begins, number))
    }
    host.take(Self.ticks(1...2))
    #expect(host.told.rows == [1, 2])
    host.reply = { _, number in Self.answer(.begins, number) + Self.answer(.done, number) }
    _ = host.ask(.recent(seconds: 1))
    // Begun a second time it is none.
    host.take(Self.answer(.begins, AgentRequests.firstQuestion) + Self.ticks(3...4))
    #expect(host.told.rows == [3, 4])
  }

  @Test("an answer without an end is given up, and the stream in the end too")
  func endless() throws {
    let host = Host()
    host.take(Self.beginning)
    let notice = AgentStreamTests.bytes([
      .notice(
        Notice(
          time: AgentStreamTests.moment(0), severity: .warning,
          text: String(repeating: "x", count: 300)))
    ])
    let block = Array(repeatElement(notice, count: 3000).joined())
    host.reply = { _, number in
      Self.answer(.begins, number)
        + Array(repeatElement(block, count: SessionQuestions.byteLimit / block.count + 1).joined())
    }
    let reply = host.ask(.recent(seconds: 1))
    #expect(reply == .failed("its agent answers with more than 8 MiB"))
    #expect(host.failure == nil)
    for _ in 0...AgentStream.bytesWithoutTickLimit / block.count where host.failure == nil {
      host.take(block)
    }
    #expect(host.failure?.description.contains("no tick in what the agent sends") ?? false)
  }

  @Test("an agent that says nothing is waited for so long, and its late answer is nobody's")
  func late() throws {
    let host = Host()
    host.take(Self.beginning)
    guard case .failed(let why) = host.ask(.recent(seconds: 1), seconds: 0.1) else {
      Issue.record("an answer")
      return
    }
    #expect(why.contains("says nothing for 0 s over the collector's session"))
    let number = AgentRequests.firstQuestion
    host.take(
      Self.answer(.begins, number) + Self.ticks(1...3) + Self.answer(.done, number)
        + Self.ticks(4...4))
    #expect(host.told.rows == [4])
  }

  private static let trace = Request.trace(TraceRequest(.suspects, milliseconds: 60_000))

  /// Its parts come one by one, between live frames.
  @Test("a trace is told whole")
  func trace() throws {
    var trace = HostTrace(time: Timestamp(seconds: 5), engine: .bpf)
    trace.processes = (1...3).map { pid in
      TracedProcess(
        identity: ProcessIdentity(
          id: ProcessID(pid: pid, startTicks: 7), name: TaskName("x")))
    }
    let host = Host()
    host.take(Self.beginning)
    host.reply = { [trace] _, number in
      let bytes = TraceAnswer.bytes(of: trace, number: number)
      return Self.answer(.accepted, number) + Self.ticks(1...2) + bytes.prefix(100)
        + bytes.dropFirst(100) + Self.ticks(3...3)
    }
    let told = TraceAnswer.trace(of: try frames(host.ask(Self.trace)).map(\.frame))
    #expect(told == trace)
    #expect(host.told.rows == [1, 2, 3])
  }

  @Test("whoever goes, and whoever is late, ends the trace there", arguments: [true, false])
  func given(up goes: Bool) throws {
    let host = Host()
    host.take(Self.beginning)
    let begin = ContinuousClock.now
    let reply = host.ask(Self.trace, seconds: goes ? 600 : 0.3) {
      !goes || begin.duration(to: .now) < .milliseconds(300) ? .waits : .gone
    }
    guard case .failed(let why) = reply else {
      Issue.record("an answer")
      return
    }
    #expect(why.contains(goes ? "nobody waits" : "says nothing for 0 s"), "\(why)")
    let number = AgentRequests.firstQuestion
    #expect(host.requests.map(\.0) == [Self.trace, .cancel(number: number)])
    #expect(host.requests.map(\.1) == [number, AgentRequests.unanswered])
    // It is told once, and what the agent says then is nobody's.
    host.take(Self.answer(.refused("late"), number))
    _ = host.ask(.recent(seconds: 1), seconds: 0.1)
    #expect(host.requests.count == 3)
  }

  @Test("whoever wants it to end gets what there is, and it is told once")
  func early() throws {
    let host = Host()
    host.take(Self.beginning)
    // The agent answers when it is told to end.
    host.reply = { request, _ in
      guard case .cancel(let number) = request else { return [] }
      return TraceAnswer.bytes(of: HostTrace(time: .now, engine: .bpf), number: number)
    }
    let came = try frames(host.ask(Self.trace, seconds: 60) { .wantsEnd })
    #expect(TraceAnswer.trace(of: came.map(\.frame))?.engine == .bpf)
    _ = host.ask(.recent(seconds: 1), seconds: 0.1)
    let number = AgentRequests.firstQuestion
    #expect(
      host.requests.map(\.0) == [Self.trace, .cancel(number: number), .recent(seconds: 1)])
  }

  @Test("what a newer agent answers is said to be so")
  func newer() throws {
    let host = Host()
    host.take(Self.beginning)
    host.reply = { _, number in
      var encoder = FrameEncoder()
      encoder.append(.unknown(kind: 102, version: 9), sequence: number)
      return encoder.bytes
    }
    let came = try frames(host.ask(Self.trace))
    #expect(came.map(\.frame) == [.answer(.refused(AnswerWords.tooNew))])
  }

  @Test("an agent has as long as what it is asked to do takes")
  func patience() {
    let plain = QuestionDesk.answerSeconds(of: .process(pid: 1))
    #expect(QuestionDesk.answerSeconds(of: Self.trace) >= plain + 60)
  }

  @Test("without a session to an agent it is said why, and whether a login may help")
  func sessions() throws {
    let fresh = Host(connected: false)
    #expect(fresh.ask(.recent(seconds: 1)) == .elsewhere("the collector hasn't tried it yet"))
    #expect(
      fresh.ask(.recent(seconds: 1), of: "web2") == .elsewhere("the collector doesn't record it"))
    let host = Host()
    #expect(
      host.ask(.process(pid: 1)) == .elsewhere("the collector has only just connected to it"))
    host.take(Array(HostFeedTests.stream.utf8))
    guard case .elsewhere(let through) = host.ask(.process(pid: 1)) else {
      Issue.record("no vmstat")
      return
    }
    #expect(through.contains("reads it through vmstat"))
    let old = Host()
    old.take(AgentStreamTests.whole)
    guard case .failed(let why) = old.ask(.process(pid: 1)) else {
      Issue.record("an old agent answers")
      return
    }
    #expect(why.contains("older than 0.3"))
    host.feed.linkDidChange(to: .backingOff(LinkFailure(.unreachable, "no route"), seconds: 9))
    guard case .failed(let down) = host.ask(.process(pid: 1)) else {
      Issue.record("not down")
      return
    }
    #expect(
      down.contains("isn't connected to it, it is backing-off: no route; culprit check web1"))
    host.feed.linkDidChange(to: .stopped)
    #expect(host.ask(.process(pid: 1)) == .elsewhere("the collector doesn't record it"))
  }

  @Test("a connection that ends ends the questions on it; what others asked has no other's answer")
  func ending() async throws {
    let host = Host()
    host.take(Self.beginning)
    host.reply = { _, _ in
      host.feed.linkDidChange(to: .backingOff(LinkFailure(.unreachable, "cut"), seconds: 9))
      return []
    }
    guard case .failed(let why) = host.ask(.process(pid: 1), seconds: 60) else {
      Issue.record("an answer")
      return
    }
    #expect(why.contains("cut"))
    host.reply = { _, number in Self.answer(.refused("\(number)"), number) }
    host.feed.linkDidOpen()
    host.feed.linkDidChange(to: .connected(address: "there"))
    host.take(Self.beginning)
    #expect(
      try frames(host.ask(.process(pid: 1))).map(\.frame)
        == [.answer(.refused("\(AgentRequests.firstQuestion + 1)"))])
  }

  @Test(
    "only what reads is handed on",
    arguments: [
      .stream, .inventory, .introduction(Caller()), .recent(seconds: 3601), .cancel(number: 1),
      .fetch(FrameSpan(stream: AgentStreamTests.stream, first: 1, last: 2, byteLimit: 3)),
    ] as [Request])
  func allowed(request: Request) {
    let host = Host()
    host.take(Self.beginning)
    guard case .failed(let why) = host.ask(request) else {
      Issue.record("\(request) is handed on")
      return
    }
    #expect(why.contains("no such question"))
    #expect(host.requests.isEmpty)
  }

  @Test("four questions at once to a host, and no more")
  func atOnce() async throws {
    let questions = HostQuestions(host: "web1")
    questions.set(.open)
    let replies = Mutex<[SessionReply]>([])
    let group = DispatchGroup()
    for _ in 0..<HostQuestions.limit {
      group.enter()
      DispatchQueue.global().async {
        let reply = questions.ask(.process(pid: 1), seconds: 60) {}
        replies.withLock { $0.append(reply) }
        group.leave()
      }
    }
    var waiting: [OpenQuestion] = []
    while waiting.count < HostQuestions.limit {
      waiting += questions.takeWaiting()
      try await Task.sleep(for: .milliseconds(5))
    }
    guard case .failed(let why) = questions.ask(.process(pid: 1), seconds: 60, nudge: {}) else {
      Issue.record("a fifth")
      return
    }
    #expect(why.contains("4 questions are on their way"))
    for question in waiting { question.end(.answered([])) }
    await withCheckedContinuation { done in group.notify(queue: .global()) { done.resume() } }
    #expect(replies.withLock { $0 } == Array(repeating: .answered([]), count: 4))
  }

  @Test("replies travel as they are")
  func replies() {
    for reply in [
      SessionReply.answered([1, 2, 3]), .answered([]), .failed("é"), .elsewhere("no"),
      .answered([UInt8](repeating: 7, count: 70_000)),
    ] {
      let bytes = reply.bytes
      let head = Array(bytes.prefix(SessionReply.headBytes))
      let body = Array(bytes.dropFirst(SessionReply.headBytes))
      #expect(SessionReply.bodyBytes(head) == body.count)
      #expect(SessionReply(head, body) == reply)
    }
    #expect(SessionReply([9, 0, 0, 0, 0], []) == nil)
  }

  @Test("frames begin only as frames do, whatever comes before", arguments: [1, 2, 3, 5, 100])
  func frameStart(chunk: Int) {
    func split(_ bytes: [UInt8]) -> (text: [UInt8], frames: [UInt8]) {
      var start = FrameStart()
      var result: (text: [UInt8], frames: [UInt8]) = ([], [])
      var hasBegun = false
      for index in stride(from: 0, to: bytes.count, by: chunk) {
        let piece = Array(bytes[index..<min(index + chunk, bytes.count)])
        guard !hasBegun else {
          result.frames += piece
          continue
        }
        let (text, frames) = start.split(piece.span)
        result.text += text
        if let frames {
          hasBegun = true
          result.frames += frames
        }
      }
      return result
    }
    let magic = FrameGlance.magic
    let text = Array("hello\n".utf8)
    #expect(split(magic + text).frames == magic + text)
    #expect(split(text + magic + text).text == text)
    #expect(split(text + magic + text).frames == magic + text)
    // Only the first bytes are a frame's.
    let noise = text + [10, 0xFF, 10, 0xFF, 0xC1, 10, 0xFF, 0xC1, 0x63, 10]
    #expect(split(noise).text == noise && split(noise).frames.isEmpty)
    #expect(split(noise + magic).text == noise && split(noise + magic).frames == magic)
    #expect(split(noise + [0xFF] + magic).text == noise + [0xFF])
  }
}
