import Bytes
import History
import Records
import Wire

/// One agent's frames, turned into what a collector keeps: samples, looks at waiting tasks, and
/// what is known of the host and its agent.
///
/// Whatever comes in, it keeps a bounded amount, and says so where the stream is no use.
struct AgentStream {
  enum News {
    /// The first hello: what the rows come through, and of the host what it says.
    case greeting(through: String, cpus: Int?, time: Timestamp)
    /// A live tick came: the stream lives. Told before what the tick brings.
    case tick(Timestamp)
    /// Seconds between ticks are others than they were: the agent limits its own cost.
    case pace(through: String, seconds: Double)
    /// A frame of a stream, and what of it is stored and shown; and how long it was.
    case delivery(FrameDelivery, byteCount: Int)
    /// What a frame of no stream says.
    case unnumbered(FrameDelivery)
    case burst(HostBurst)
    /// To the request of that number.
    case answer(Answer, number: UInt64)
    /// A frame that belongs to the answer to that request: of the past, and the asker's alone.
    case ofAnswer(DecodedFrame, number: UInt64)
    /// The host's clock says what can't be: nothing of that time is stored or shown. Once a stream.
    case clockless(Timestamp)
    /// An agent in trouble, in its own words.
    case trouble(String)
    /// The stream is no use: why.
    case useless(String)
  }

  /// Damaged pieces between two ticks before the stream is given up.
  static let faultLimit = 100
  /// Bytes and frames that may come without a tick: some 40,000 identities may come before one.
  static let bytesWithoutTickLimit = 32 << 20
  static let framesWithoutTickLimit = 100_000
  /// Frames of a version that isn't ours before the first tick: there won't be any that we can read.
  static let newerFrameLimit = 10
  /// Tasks taken from one tick; where more wait, those that waited longest tell enough.
  static let taskLimit = 200
  /// Processes and disks taken from one tick; an agent sends fewer.
  static let processLimit = 256
  static let diskLimit = 256
  /// Ticks without a waiting task before that is told: a disk at work has gaps between.
  static let calmTicks = 3
  /// Seconds between two load averages: the kernel makes a new one each 5 s, and the diagnosis
  /// expects them as far apart as `RemoteCommand` sends them.
  static let loadSeconds = Double(RemoteCommand.loadSeconds)
  /// Longest name of a version, an agent's notice and a command line, characters.
  private static let versionLimit = 32
  /// How far from ours a host's clock may be: a machine without a battery begins in 1970, and what
  /// is centuries away is no clock. Seconds.
  static let clockLimit = 100 * 366 * 86_400.0
  /// Longest wait told, seconds: nobody waits for longer than that.
  private static let waitLimit = clockLimit
  private static let noticeLimit = 300
  private static let commandLimit = 300
  private static let wordLimit = 64

  private let host: String
  private var decoder = FrameDecoder()
  /// Who the processes are, by boot: what is fetched may be of an earlier one. Kept from connection
  /// to connection, for an agent introduces each process once.
  private(set) var identities: Introductions
  private var faults = 0
  private var bytesSinceTick = 0
  private var framesSinceTick = 0
  /// What the hello said; empty before it.
  private var agent = ""
  private var cpus: Int?
  private var intervalNanoseconds: UInt64 = 0
  private var paceNanoseconds: UInt64 = 0
  /// The stream whose frames come as they are made; `nil` before the hello.
  private(set) var current: StreamID?
  /// What was asked for out of the spool, and may come.
  var fetching: [FrameSpan] = []
  /// The highest number that came live.
  private var highest: UInt64 = 0
  /// The last number of those questions of others that were asked for.
  var askedThrough: UInt64 = 0
  /// The question whose answer is under way, the last that was, and how much of it came.
  private var answering: UInt64?
  private var answered: UInt64 = AgentRequests.firstQuestion - 1
  private var answerBytes = 0
  private var live = Course()
  private var past = Course()

  /// What goes on from tick to tick; live ones and fetched ones come in turns.
  private struct Course {
    var lastLoad: Timestamp?
    /// Ticks since one had a waiting task; beyond `calmTicks` none is awaited any more.
    var ticksCalm = AgentStream.calmTicks
  }

  /// Frames of kinds that this version doesn't know, or has no use for.
  private(set) var unknownFrames = 0
  /// Of these the ones of another version, and which; `nil` once a tick came.
  private var otherVersion: (UInt8, count: Int)? = (0, 0)
  private var hasToldClock = false

  /// - Parameter identities: what an earlier connection's agent told of its processes.
  init(host: String, identities: Introductions = Introductions()) {
    self.host = host
    self.identities = identities
  }

  /// Takes the next bytes of the stream, and tells what they say.
  ///
  /// - Parameter tell: gets news, and the stream whose frames are live.
  mutating func feed(_ bytes: Span<UInt8>, _ tell: (News, StreamID?) -> Void) {
    bytesSinceTick += bytes.count
    // A chunk of a loop's buffer: it can't hold so many frames that keeping them costs much.
    var events: [FrameDecoder.Event] = []
    decoder.feed(bytes) { events.append($0) }
    for event in events {
      switch event {
      case .frame(let frame):
        framesSinceTick += 1
        var news: [News] = []
        take(frame) { news.append($0) }
        for each in news { tell(each, current) }
      case .fault: faults += 1
      }
    }
    if let problem { tell(.useless(problem), current) }
  }

  private var problem: String? {
    if let (version, count) = otherVersion, count >= AgentStream.newerFrameLimit {
      return "it speaks version \(version) of our frames, which this culprit doesn't read: install "
        + "a newer culprit here, or the agent of this one there"
    }
    if faults > AgentStream.faultLimit {
      return "\(faults) damaged pieces and no tick in what the agent sends"
    }
    if bytesSinceTick > AgentStream.bytesWithoutTickLimit {
      return "\(bytesSinceTick >> 20) MiB and no tick in what the agent sends"
    }
    if framesSinceTick > AgentStream.framesWithoutTickLimit {
      return "\(framesSinceTick) frames and no tick in what the agent sends"
    }
    return nil
  }

  private mutating func take(_ decoded: DecodedFrame, _ body: (News) -> Void) {
    if case .answer(let answer) = decoded.frame { return take(answer, decoded.sequence, body) }
    if case .request = decoded.frame { return }
    if let version = decoded.frame.otherVersion {
      otherVersion = otherVersion.map { (version, $0.count + 1) }
    }
    if let number = AgentStream.unreadAnswer(decoded) {
      return take(.refused(AnswerWords.tooNew), number, body)
    }
    if let answering {
      noteAnswered(decoded)
      return body(.ofAnswer(decoded, number: answering))
    }
    if case .hello(let hello) = decoded.frame { take(hello, body) }
    guard let stream = decoded.stream else {
      takeUnnumbered(decoded.frame, body)
      return
    }
    let isFetched = isFetched(stream, decoded.sequence)
    // What nobody asked for is nobody's.
    guard isFetched || stream == current else { return }
    let isLive = !isFetched
    if isLive, !decoded.frame.isRepeatable {
      // Live frames come in order: what lies before them is an answer that nobody waits for any more.
      guard decoded.sequence > highest else { return }
      highest = decoded.sequence
    }
    var delivery = FrameDelivery(
      host: host, stream: stream, sequence: decoded.sequence, isLive: isLive,
      isRepeatable: decoded.frame.isRepeatable)
    switch decoded.frame {
    case .hello: break
    case .identity(let identity):
      identities.add(AgentStream.owner(identity), of: identity.id, boot: stream.boot)
    case .tick(let tick): take(tick, &delivery, body)
    case .gap(let gap): delivery.loss = loss(gap, delivery)
    case .notice(let notice) where notice.severity == .error && isLive:
      body(.trouble(Printable.text(notice.text, limit: AgentStream.noticeLimit)))
    case .burst(let burst) where isLive && isCredible(burst.start) && isCredible(burst.end):
      body(.burst(HostBurst(host: host, burst: burst)))
    // Slower sampling is told by the ticks themselves; and the ticks that come with a burst were
    // sent at their time.
    case .notice, .before, .burst: break
    case .request, .answer, .unknown: unknownFrames += 1
    }
    body(.delivery(delivery, byteCount: decoded.byteCount))
  }

  // MARK: - Questions of others

  private mutating func take(_ answer: Answer, _ number: UInt64, _ body: (News) -> Void) {
    guard case .begins = answer else {
      if number == answering { answering = nil }
      // It may come in place of ticks, as an answer to a fetch does.
      return body(.answer(answer, number: number))
    }
    // Each that was asked begins once: else a host could call all that it sends an answer.
    guard number > answered, number <= askedThrough else { return }
    (answering, answered, answerBytes) = (number, number, 0)
  }

  /// The question that was answered in words of a newer version: no other answer will come.
  private static func unreadAnswer(_ decoded: DecodedFrame) -> UInt64? {
    guard case .unknown(let kind, _) = decoded.frame, Answer.isOne(kind: kind),
      decoded.stream == nil, decoded.sequence >= AgentRequests.firstQuestion
    else { return nil }
    return decoded.sequence
  }

  /// An answer comes in place of ticks; but only so much of it.
  private mutating func noteAnswered(_ frame: DecodedFrame) {
    answerBytes += frame.byteCount
    guard answerBytes <= SessionQuestions.byteLimit else { return }
    bytesSinceTick = max(0, bytesSinceTick - frame.byteCount)
    framesSinceTick = max(0, framesSinceTick - 1)
  }

  // MARK: - Frames

  /// A frame whose hello was damaged: it is shown, but nobody can tell whether it came before.
  private mutating func takeUnnumbered(_ frame: Frame, _ body: (News) -> Void) {
    unknownFrames += 1
    guard current == nil else { return }
    let nowhere = StreamID(boot: BootID(high: 0, low: 0), number: 0)
    var delivery = FrameDelivery(host: host, stream: nowhere, sequence: 0)
    switch frame {
    case .tick(let tick): take(tick, &delivery, body)
    case .identity(let identity):
      identities.add(AgentStream.owner(identity), of: identity.id, boot: nowhere.boot)
    default: return
    }
    body(.unnumbered(delivery))
  }

  private func isFetched(_ stream: StreamID, _ sequence: UInt64) -> Bool {
    fetching.contains {
      $0.stream == stream && sequence >= $0.first && sequence <= $0.last
    }
  }

  /// A gap frame stands for the frames up to its own number. One that says otherwise says nothing.
  private func loss(_ gap: Gap, _ delivery: FrameDelivery) -> FrameLoss? {
    guard gap.last == delivery.sequence, gap.first <= gap.last else { return nil }
    return FrameLoss(
      host: host, stream: delivery.stream, first: gap.first, last: gap.last,
      reason: LossReason(gap.reason))
  }

  // MARK: - Who it is

  private mutating func take(_ hello: Hello, _ body: (News) -> Void) {
    // Once a connection: the others are of what is fetched.
    guard agent.isEmpty else { return }
    current = hello.stream
    let version = Printable.text(hello.agentVersion, limit: AgentStream.versionLimit)
    let engine = hello.engine.map { ", engine \($0.name)" } ?? ""
    agent = "agent \(version.isEmpty ? "of no version" : version)\(engine)"
    cpus = AgentStream.credible(hello.cpus)
    intervalNanoseconds = hello.intervalNanoseconds
    paceNanoseconds = hello.intervalNanoseconds
    body(.greeting(through: agent, cpus: cpus, time: hello.time))
  }

  /// Says when the agent goes slower than it was told to, and when it doesn't any more.
  private mutating func notePace(_ tick: HostTick, _ body: (News) -> Void) {
    guard !agent.isEmpty, tick.pacedNanoseconds > 0, tick.pacedNanoseconds != paceNanoseconds
    else { return }
    paceNanoseconds = tick.pacedNanoseconds
    let seconds = Double(paceNanoseconds) / 1e9
    let isSlowed = paceNanoseconds > intervalNanoseconds
    let limit =
      isSlowed ? ", limits its own cost: a row each \(Int(seconds.rounded())) s" : ""
    body(.pace(through: agent + limit, seconds: seconds))
  }

  private static func credible(_ cpus: Int?) -> Int? {
    cpus.flatMap { (1...65536).contains($0) ? $0 : nil }
  }

  // MARK: - Ticks

  private mutating func take(
    _ tick: HostTick, _ delivery: inout FrameDelivery, _ body: (News) -> Void
  ) {
    (faults, bytesSinceTick, framesSinceTick) = (0, 0, 0)
    otherVersion = nil
    if delivery.isLive {
      body(.tick(tick.time))
      notePace(tick, body)
      cpus = AgentStream.credible(tick.cpus) ?? cpus
    }
    guard isCredible(tick.time) else {
      if !hasToldClock { body(.clockless(tick.time)) }
      hasToldClock = true
      return
    }
    delivery.time = tick.time
    var course = delivery.isLive ? live : past
    defer { if delivery.isLive { live = course } else { past = course } }
    // The first tick has nothing to compare with: it has no rates.
    if tick.intervalNanoseconds > 0 {
      delivery.sample = sample(tick, &course)
      delivery.activity = activity(tick, delivery.stream.boot)
    }
    if tick.waiting.isEmpty {
      course.ticksCalm += 1
      guard course.ticksCalm == AgentStream.calmTicks else { return }
      delivery.suspects = SuspectReport(
        host: host, time: tick.time, source: .agent, suspects: [])
    } else {
      course.ticksCalm = 0
      delivery.suspects = report(tick, delivery.stream.boot)
    }
  }

  private func isCredible(_ time: Timestamp) -> Bool {
    abs(time.seconds(since: .now)) <= AgentStream.clockLimit
  }

  private func sample(_ tick: HostTick, _ course: inout Course) -> HostSample? {
    var row = tick.row
    // vmstat prints these with -a only: so rows are alike, whatever they come through.
    row[.inact] = nil
    row[.active] = nil
    guard !row.isEmpty else { return nil }
    return HostSample(
      host: host, time: tick.time, source: .agent, row: row, load: load(tick, &course),
      cpus: AgentStream.credible(tick.cpus) ?? cpus)
  }

  private func load(_ tick: HostTick, _ course: inout Course) -> LoadAverage? {
    guard let load = tick.load,
      [load.oneMinute, load.fiveMinutes, load.fifteenMinutes].allSatisfy({
        (0...1_000_000).contains($0)
      })
    else { return nil }
    // A clock that was set back makes it due, too. Ticks are never exactly so far apart.
    let isDue =
      course.lastLoad.map { abs(tick.time.seconds(since: $0)) >= AgentStream.loadSeconds - 0.5 }
      ?? true
    guard isDue else { return nil }
    course.lastLoad = tick.time
    return load
  }

  // MARK: - Processes and disks

  private func activity(_ tick: HostTick, _ boot: BootID) -> HostActivity {
    var activity = HostActivity(
      host: host, time: tick.time, intervalNanoseconds: tick.intervalNanoseconds,
      omittedProcesses: tick.omittedProcesses, omittedIO: tick.omittedIO,
      pressure: tick.pressure, memory: tick.memory)
    activity.processes = tick.processes.prefix(AgentStream.processLimit).map {
      process($0, boot)
    }
    for process in tick.processes.dropFirst(AgentStream.processLimit) {
      activity.omittedProcesses = activity.omittedProcesses.addingSaturated(1)
      if let io = process.io.value { activity.omittedIO += io }
    }
    activity.disks = tick.disks.prefix(AgentStream.diskLimit).map { disk in
      var disk = disk
      disk.name = Printable.text(disk.name, limit: AgentStream.wordLimit)
      return disk
    }
    return activity
  }

  private func process(_ sample: ProcessSample, _ boot: BootID) -> ProcessActivity {
    ProcessActivity(
      id: sample.id, owner: owner(of: sample.id, sample.name, boot), state: sample.state,
      isKernelThread: sample.isKernelThread, hasEnded: sample.hasEnded, io: sample.io,
      reaped: sample.reaped, cpuNanoseconds: sample.cpuNanoseconds)
  }

  private func owner(of id: ProcessID, _ name: TaskName, _ boot: BootID) -> ProcessOwner {
    identities[id, boot] ?? ProcessOwner(name: AgentStream.word(name))
  }

  // MARK: - Waiting tasks

  private func report(_ tick: HostTick, _ boot: BootID) -> SuspectReport {
    var tasks = tick.waiting
    if tasks.count > AgentStream.taskLimit {
      tasks.sort {
        $0.waitSeconds == $1.waitSeconds ? $0.tid < $1.tid : $0.waitSeconds > $1.waitSeconds
      }
      tasks.removeSubrange(AgentStream.taskLimit...)
    }
    let locks = LockPaths(tick.locks)
    return SuspectReport(
      host: host, time: tick.time, source: .agent,
      suspects: tasks.map { suspect($0, boot, locks) })
  }

  private func suspect(_ task: WaitingTask, _ boot: BootID, _ locks: LockPaths) -> Suspect {
    let name = AgentStream.word(task.name)
    let owner = identities[task.process, boot]
    let channel = task.waitChannel.value.map(AgentStream.word)
    let isNamed = task.reason != .unknown && !task.reason.name.isEmpty
    let command = owner?.command ?? ""
    var details = SuspectDetails(
      startTicks: task.process.startTicks, owner: owner ?? ProcessOwner(name: name),
      waitClass: task.reason.kind, systemCall: task.systemCall.map(AgentStream.word),
      stack: task.stack.map { $0.prefix(WaitingTask.stackLimit).map(AgentStream.word) },
      holders: task.holders)
    // Only who waits for a lock waits for that lock's file.
    if task.reason.kind == .lock { details.lockPath = locks[task.process.pid] }
    return Suspect(
      pid: Int(task.process.pid), tid: Int(task.tid),
      state: String(Character(Unicode.Scalar(task.state.rawValue))),
      user: owner?.user ?? "?",
      // proc_pid_wchan(5): "0" says nothing.
      waitChannel: channel.flatMap { $0.isEmpty || $0 == "0" ? nil : $0 },
      reason: isNamed ? AgentStream.word(task.reason.name) : nil,
      waitSeconds: task.waitSeconds.isFinite
        ? min(max(0, task.waitSeconds), AgentStream.waitLimit) : nil,
      command: command.isEmpty ? (owner == nil ? name : "[\(name)]") : command,
      details: details)
  }

  private static func word(_ text: String) -> String { Printable.text(text, limit: wordLimit) }

  private static func word(_ name: TaskName) -> String {
    word(String(decoding: name.bytes, as: UTF8.self))
  }

  /// Who a process is, as far as a line has room for it. The agent masked the command line, as its
  /// own host's configuration says.
  private static func owner(_ identity: ProcessIdentity) -> ProcessOwner {
    let number = identity.userID.value.map { String($0) }
    let command = identity.commandLine.value.map { Printable.text($0, limit: commandLimit) }
    let name = word(identity.name)
    return ProcessOwner(
      name: name, user: identity.user.map(word) ?? number ?? "?",
      // Without one it is a kernel thread, whose brackets whoever shows it puts around the name.
      command: command ?? name,
      unit: identity.unit.map { Printable.text($0, limit: commandLimit) },
      container: identity.container.map { Printable.text($0, limit: commandLimit) },
      ancestors: identity.ancestors.prefix(ProcessIdentity.ancestorLimit).map {
        ProcessOwner.Ancestor(pid: $0.pid, name: word($0.name))
      })
  }
}

extension Frame {
  /// It may be said again, with the number that it had.
  fileprivate var isRepeatable: Bool {
    switch self {
    case .hello, .identity: true
    default: false
    }
  }
}

/// The files of the locks that processes wait for.
private struct LockPaths {
  private var paths: [Int32: String] = [:]

  init(_ locks: [FileLock]) {
    for lock in locks {
      guard let path = lock.path else { continue }
      let text = Printable.text(path, limit: LockPaths.limit)
      for waiter in lock.waiters { paths[waiter] = text }
    }
  }

  private static let limit = 512

  subscript(pid: Int32) -> String? { paths[pid] }
}

extension LossReason {
  init(_ reason: GapReason) {
    self =
      switch reason {
      case .unknown: .unknown
      case .spoolFull: .spoolFull
      case .spoolFailed: .spoolFailed
      case .damaged: .damaged
      case .agentEnded: .agentEnded
      case .slowReader: .notKept
      }
  }
}
