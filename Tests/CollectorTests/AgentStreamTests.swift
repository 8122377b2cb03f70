import Bytes
import Records
import SSHFleet
import Testing
import Wire

@testable import Collector

/// An agent's frames, as a host feed takes them.
@Suite("agent stream")
struct AgentStreamTests {
  static let start: Int64 = 1_795_403_520
  static let stream = StreamID(boot: BootID(high: 1, low: 2), number: 3)

  static func moment(_ second: Int64) -> Timestamp {
    Timestamp(nanoseconds: (start + second) * 1_000_000_000 + 250_000_000)
  }

  static func hello(cpus: Int? = 4) -> Frame {
    .hello(
      Hello(stream: stream, time: moment(0), agentVersion: "0.2.0", engine: .bpf, cpus: cpus))
  }

  /// Tick 0 is an agent's first one: it has nothing to compare with.
  static func tick(_ number: Int64, waiting: [WaitingTask] = []) -> HostTick {
    var tick = HostTick(time: moment(number), engine: .bpf)
    tick.intervalNanoseconds = number == 0 ? 0 : 1_000_000_000
    tick.pacedNanoseconds = 1_000_000_000
    tick.row[.r] = number
    tick.row[.inact] = 5
    tick.row[.active] = 6
    if number > 0 { tick.row[.us] = 7 }
    tick.load = LoadAverage(
      oneMinute: Double(number) + 0.5, fiveMinutes: 0.25, fifteenMinutes: 0.125)
    tick.cpus = 4
    tick.waiting = waiting
    return tick
  }

  static let postgres = ProcessID(pid: 4711, startTicks: 99)
  static let lockReason = WaitReason(name: "file lock", kind: .lock)

  static func waiting(
    _ id: ProcessID = postgres, tid: Int32 = 4711, state: TaskState = .sleeping,
    reason: WaitReason = lockReason, seconds: Double = 12.5,
    channel: Reading<String> = .known("locks_lock_inode_wait")
  ) -> WaitingTask {
    WaitingTask(
      process: id, tid: tid, name: TaskName("postgres"), state: state, reason: reason,
      waitSeconds: seconds, waitChannel: channel)
  }

  static func bytes(_ frames: [Frame], from sequence: UInt64 = 1) -> [UInt8] {
    var encoder = FrameEncoder(stream: stream)
    for (index, frame) in frames.enumerated() {
      encoder.append(frame, sequence: sequence + UInt64(index))
    }
    return encoder.bytes
  }

  /// A feed and what it has told.
  final class Listener {
    let queue = FleetEventQueue()
    let feed: HostFeed

    init() {
      var target = FleetTarget(name: "here", address: "here", command: "true")
      target.vmstatReason = "no agent there"
      feed = HostFeed(target: target, queues: [queue])
      feed.linkDidOpen()
    }

    /// The last feedback, or the first that ended the stream.
    @discardableResult
    func take(_ bytes: [UInt8], chunk: Int = 4096) -> LinkFeedback {
      var last = LinkFeedback(isProgress: false)
      for start in stride(from: 0, to: bytes.count, by: chunk) {
        last = feed.linkDidReceive(Array(bytes[start..<min(start + chunk, bytes.count)]).span)
        if last.failure != nil { return last }
      }
      return last
    }

    var told: (samples: [HostSample], reports: [SuspectReport], statuses: [HostStatus]) {
      var result: (samples: [HostSample], reports: [SuspectReport], statuses: [HostStatus]) = (
        [], [], []
      )
      for event in queue.drain().events {
        switch event {
        case .sample(let sample): result.samples.append(sample)
        case .suspects(let report): result.reports.append(report)
        case .activity, .burst, .delivery, .lost, .listed, .filled, .traced: break
        case .status(let status): result.statuses.append(status)
        }
      }
      return result
    }
  }

  static let whole = bytes([hello()] + (0...12).map { .tick(tick($0)) })

  @Test("an answer that comes when nobody waits for it any more isn't news")
  func late() {
    let listener = Listener()
    listener.take(Self.bytes([Self.hello()]))
    listener.take(Self.bytes([.tick(Self.tick(50)), .tick(Self.tick(51))], from: 52))
    listener.take(Self.bytes([.tick(Self.tick(30)), .tick(Self.tick(31))], from: 32))
    listener.take(Self.bytes([.tick(Self.tick(52))], from: 54))
    #expect(listener.told.samples.map(\.time) == [50, 51, 52].map { Self.moment($0) })
  }

  @Test("a clock that is centuries off is told, and what it dates isn't shown")
  func centuries() {
    let listener = Listener()
    var ticks = (1...3).map { Self.tick($0) }
    ticks[0].time = Timestamp(nanoseconds: .max)
    ticks[1].time = Timestamp(nanoseconds: .min)
    let feedback = listener.take(Self.bytes([Self.hello()] + ticks.map { .tick($0) }))
    #expect(feedback.failure == nil && feedback.isProgress)
    let (samples, _, statuses) = listener.told
    #expect(samples.map(\.time) == [Self.moment(3)])
    #expect(statuses.count { $0.lastError?.contains("clock says 2262-04-11") ?? false } == 1)
  }

  @Test("ticks become samples, whatever the chunks", arguments: [1, 2, 3, 7, 50, 4096])
  func ticks(chunk: Int) throws {
    let listener = Listener()
    let feedback = listener.take(Self.whole, chunk: chunk)
    #expect(feedback.failure == nil)
    let (samples, reports, statuses) = listener.told
    // The first tick has no rates.
    #expect(samples.map { $0.row[.r] } == (1...12).map { $0 })
    #expect(samples.map(\.time) == (1...12).map { Self.moment($0) })
    #expect(
      samples.allSatisfy { $0.source == .agent && $0.cpus == 4 && $0.host == "here" })
    #expect(samples.allSatisfy { $0.row[.inact] == nil && $0.row[.active] == nil })
    // The load comes as often as beside vmstat.
    #expect(samples.compactMap { $0.load?.oneMinute } == [1.5, 6.5, 11.5])
    #expect(reports.isEmpty)
    let status = try #require(statuses.last)
    #expect(status.through == "agent 0.2.0, engine bpf")
    #expect(status.cpus == 4 && status.clockOffset != nil)
    #expect(statuses.count == 1)
  }

  @Test("a tick is progress, and nothing is asked of the host")
  func progress() {
    let listener = Listener()
    #expect(listener.take(Self.bytes([Self.hello()])).isProgress)
    var blocked = Self.tick(1)
    blocked.row[.b] = 9
    let feedback = listener.take(Self.bytes([.tick(Self.tick(0)), .tick(blocked)], from: 2))
    #expect(feedback.isProgress && feedback.question == nil)
    #expect(!listener.take(Self.bytes([.unknown(kind: 77, version: 9)], from: 4)).isProgress)
  }

  @Test("no truncation invents a row")
  func truncations() {
    let listener = Listener()
    listener.take(Self.whole)
    let all = listener.told.samples
    for length in Self.whole.indices {
      let listener = Listener()
      listener.take(Array(Self.whole.prefix(length)))
      let samples = listener.told.samples
      #expect(samples == Array(all.prefix(samples.count)), "after \(length) bytes")
    }
  }

  @Test("damage costs the frame that it hits and is never fatal")
  func damage() {
    let listener = Listener()
    listener.take(Self.whole)
    let all = listener.told.samples
    for place in Self.whole.indices {
      var bytes = Self.whole
      bytes[place] ^= 0x55
      let listener = Listener()
      let feedback = listener.take(bytes)
      let samples = listener.told.samples
      #expect(feedback.failure == nil)
      // Without the hello, or the tick that had the load, the others tell the same figures.
      #expect(samples.count >= all.count - 1, "at \(place)")
      #expect(samples.allSatisfy { sample in all.contains { $0.row == sample.row } })
    }
  }

  @Test("frames of no use, and of the future, are passed over")
  func unknownFrames() {
    let listener = Listener()
    let others: [Frame] = [
      .unknown(kind: 8, version: 1), .unknown(kind: 2, version: 7),
      .gap(Gap(first: 1, last: 5, reason: .spoolFull)), .before(Self.tick(9)),
      .burst(Burst(trigger: .ioPressure, start: Self.moment(0), end: Self.moment(1))),
      .notice(Notice(time: Self.moment(0), severity: .warning, text: "slower")),
    ]
    let frames = [Self.hello()] + others + [.tick(Self.tick(0))] + others + [.tick(Self.tick(1))]
    #expect(listener.take(Self.bytes(frames)).failure == nil)
    let told = listener.told
    #expect(told.samples.map { $0.row[.r] } == [1])
    #expect(told.statuses.count == 1)
  }

  @Test("an agent in trouble is heard")
  func trouble() {
    let listener = Listener()
    let notice = Notice(time: Self.moment(0), severity: .error, text: "no \u{1B}[31mrights")
    listener.take(Self.bytes([Self.hello(), .notice(notice)]))
    #expect(listener.told.statuses.last?.lastError == "the agent says: no ␛[31mrights")
  }

  @Test("one that spares its host says so, and its silence is measured anew")
  func pace() {
    let listener = Listener()
    var slow = Self.tick(1)
    slow.pacedNanoseconds = 4_000_000_000
    listener.take(Self.bytes([Self.hello(), .tick(Self.tick(0))]))
    #expect(listener.take(Self.bytes([.tick(slow)], from: 3)).intervalSeconds == 4)
    #expect(
      listener.told.statuses.last?.through
        == "agent 0.2.0, engine bpf, limits its own cost: a row each 4 s")
    #expect(listener.take(Self.bytes([.tick(Self.tick(2))], from: 4)).intervalSeconds == 1)
    #expect(listener.told.statuses.last?.through == "agent 0.2.0, engine bpf")
  }

  // MARK: - Waiting tasks

  @Test("who waits is named, with the reason and since when")
  func suspects() throws {
    let listener = Listener()
    let flusher = ProcessID(pid: 99, startTicks: 1)
    let unknown = ProcessID(pid: 7, startTicks: 2)
    let frames: [Frame] = [
      Self.hello(),
      .identity(
        ProcessIdentity(
          id: Self.postgres, name: TaskName("postgres"), userID: .known(70), user: "postgres",
          commandLine: .known("postgres: writer"))),
      .identity(
        ProcessIdentity(
          id: flusher, name: TaskName("kworker/u8:2"), userID: .known(0),
          commandLine: .known(""))),
      // Another process with the same number.
      .identity(
        ProcessIdentity(
          id: ProcessID(pid: 7, startTicks: 1), name: TaskName("old"), user: "other",
          commandLine: .known("other"))),
      .tick(
        Self.tick(
          0,
          waiting: [
            Self.waiting(),
            WaitingTask(
              process: flusher, tid: 99, name: TaskName("kworker/u8:2"), state: .uninterruptible,
              reason: .unknown, waitChannel: .known("wb_wait_for_completion")),
            WaitingTask(
              process: unknown, tid: 8, name: TaskName("nobody"), state: .uninterruptible,
              waitChannel: .known("0")),
          ])),
    ]
    listener.take(Self.bytes(frames))
    let report = try #require(listener.told.reports.first)
    #expect(report.source == .agent && report.time == Self.moment(0) && report.host == "here")
    let details = report.suspects.map(\.details)
    #expect(details.map { $0?.startTicks } == [99, 1, 2])
    #expect(
      details[0]?.owner
        == ProcessOwner(name: "postgres", user: "postgres", command: "postgres: writer"))
    #expect(details[2]?.owner == ProcessOwner(name: "nobody"))
    #expect(details.map { $0?.waitClass } == [.lock, .unknown, .unknown])
    var suspects = report.suspects
    for index in suspects.indices { suspects[index].details = nil }
    #expect(
      suspects == [
        Suspect(
          pid: 4711, tid: 4711, state: "S", user: "postgres",
          waitChannel: "locks_lock_inode_wait", reason: "file lock", waitSeconds: 12.5,
          command: "postgres: writer"),
        Suspect(
          pid: 99, tid: 99, state: "D", user: "0", waitChannel: "wb_wait_for_completion",
          waitSeconds: 0, command: "[kworker/u8:2]"),
        Suspect(pid: 7, tid: 8, state: "D", user: "?", waitSeconds: 0, command: "nobody"),
      ])
  }

  @Test("each tick that has some tells them; that none waits is told once, and not at once")
  func calm() {
    let listener = Listener()
    let waits: [Int64: [WaitingTask]] = [2: [Self.waiting()], 3: [Self.waiting()]]
    let frames = (0...20).map { Frame.tick(Self.tick($0, waiting: waits[$0] ?? [])) }
    listener.take(Self.bytes([Self.hello()] + frames))
    let reports = listener.told.reports
    #expect(reports.map(\.suspects.count) == [1, 1, 0])
    #expect(reports.map(\.time) == [2, 3, 3 + Int64(AgentStream.calmTicks)].map(Self.moment))
  }

  @Test("of a crowd those are told that waited longest")
  func crowd() {
    let listener = Listener()
    let tasks = (1...1000).map { Self.waiting(tid: Int32($0), seconds: Double($0)) }
    listener.take(Self.bytes([Self.hello(), .tick(Self.tick(0, waiting: tasks))]), chunk: 1 << 16)
    let suspects = listener.told.reports.first?.suspects ?? []
    #expect(suspects.count == AgentStream.taskLimit)
    #expect(suspects.first?.waitSeconds == 1000)
    #expect(suspects.allSatisfy { $0.waitSeconds ?? 0 > 800 })
  }

  @Test("what an agent says reaches no terminal as it is")
  func hostile() {
    let listener = Listener()
    let evil = "\u{1B}]52;c;AAAA\u{7}\u{202E}\n" + String(repeating: "x", count: 2000)
    let hello = Hello(
      stream: Self.stream, time: Self.moment(0), agentVersion: evil, engine: nil, cpus: 1 << 40)
    var tick = Self.tick(
      1,
      waiting: [
        Self.waiting(
          reason: WaitReason(name: evil, kind: .lock), seconds: -5, channel: .known(evil))
      ])
    tick.cpus = -3
    tick.load = LoadAverage(oneMinute: -1, fiveMinutes: 1e300, fifteenMinutes: 0)
    listener.take(
      Self.bytes([
        .hello(hello),
        .identity(
          ProcessIdentity(
            id: Self.postgres, name: TaskName("postgres"), user: evil, commandLine: .known(evil))),
        .tick(tick),
      ]))
    let told = listener.told
    let suspect = told.reports.first?.suspects.first
    #expect(suspect != nil && told.samples.count == 1)
    #expect(told.samples.first?.load == nil && told.samples.first?.cpus == nil)
    let texts = [
      told.statuses.last?.through, suspect?.user, suspect?.reason, suspect?.waitChannel,
      suspect?.command,
    ]
    for text in texts {
      #expect(text?.isEmpty == false)
      for scalar in (text ?? "").unicodeScalars {
        #expect(scalar.value >= 0x20 && scalar != "\u{202E}" && scalar != "\u{7F}")
      }
      #expect((text?.count ?? 0) <= 310)
    }
    #expect(suspect?.waitSeconds ?? -1 >= 0)
  }

  // MARK: - Useless streams

  @Test("rubbish behind the first bytes is given up with a sentence")
  func rubbish() {
    let listener = Listener()
    let block = [UInt8](repeating: 0, count: 1 << 20)
    var failure = listener.take(FrameGlance.magic).failure
    for _ in 0...AgentStream.bytesWithoutTickLimit >> 20 where failure == nil {
      failure = listener.take(block, chunk: 1 << 16).failure
    }
    #expect(failure?.kind == .noVmstat)
    #expect(failure?.description.contains("no tick in what the agent sends") ?? false)
  }

  @Test("frames that are all damaged, or no ticks, are given up too")
  func noTicks() {
    let listener = Listener()
    let frame = Self.bytes([.tick(Self.tick(1))])
    var damaged = frame
    damaged[damaged.count - 1] ^= 1
    var failure: LinkFailure?
    for _ in 0...AgentStream.faultLimit where failure == nil {
      failure = listener.take(damaged).failure
    }
    #expect(failure?.description.contains("damaged") ?? false)

    let other = Listener()
    let notice = Self.bytes([.notice(Notice(time: Self.moment(0), severity: .warning, text: ""))])
    let many = Array(repeatElement(notice, count: 5000).joined())
    failure = nil
    for _ in 0...AgentStream.framesWithoutTickLimit / 5000 where failure == nil {
      failure = other.take(many, chunk: 1 << 16).failure
    }
    #expect(failure?.description.contains("frames and no tick") ?? false)
  }

  @Test("an agent that floods us with ticks is given up")
  func flood() {
    let listener = Listener()
    let many = Self.bytes((1...1000).map { .tick(Self.tick($0)) })
    var failure: LinkFailure?
    for _ in 0..<100 where failure == nil { failure = listener.take(many).failure }
    #expect(failure?.description.contains("floods") ?? false)
  }

  @Test("the end of an agent is told in its own words; the next stream may be vmstat's")
  func endings() {
    let listener = Listener()
    listener.take(Self.whole)
    listener.feed.linkDidReceiveError(Array("culprit-agent: no\u{7} BPF".utf8).span)
    let failure = listener.feed.linkDidEnd(status: 1)
    #expect(failure.kind == .unreachable)
    #expect(failure.description == "the agent ended with status 1: culprit-agent: no␇ BPF")
    _ = listener.told
    listener.feed.linkDidOpen()
    listener.take(Array(HostFeedTests.stream.utf8))
    let told = listener.told
    #expect(told.samples.map(\.source) == [.vmstat, .vmstat, .vmstat])
    #expect(told.statuses.last?.through == "vmstat: no agent there")
  }

  @Test("the table of identities is bounded, and keeps what an agent thinks is known")
  func identities() {
    var table = IdentityTable()
    func id(_ number: Int) -> ProcessID { ProcessID(pid: Int32(number), startTicks: 1) }
    for number in 0..<100_000 {
      table.add(ProcessOwner(name: "p", user: "u", command: "\(number)"), of: id(number))
      #expect(table.count <= 2 * IdentityTable.halfLimit)
      // An agent introduces everyone anew after 8,192 of them, and at most 100 a tick.
      if number % 1000 == 0, number > 8_292 {
        #expect(table[id(number - 8_292)]?.command == "\(number - 8_292)")
      }
    }
    #expect(table[id(5)] == nil)
  }
}
