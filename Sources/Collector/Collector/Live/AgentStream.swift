import Bytes
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
    /// A tick came: the stream lives. Told before what the tick brings.
    case tick
    /// Seconds between ticks are others than they were: the agent limits its own cost.
    case pace(through: String, seconds: Double)
    case sample(HostSample)
    case suspects(SuspectReport)
    /// An agent in trouble, in its own words.
    case trouble(String)
    /// The stream is no use: why.
    case useless(String)
  }

  /// The byte that every frame begins with; no text does, for it never occurs in UTF-8.
  static let firstByte: UInt8 = 0xFF
  /// Damaged pieces between two ticks before the stream is given up.
  static let faultLimit = 100
  /// Bytes and frames that may come without a tick: some 40,000 identities may come before one.
  static let bytesWithoutTickLimit = 32 << 20
  static let framesWithoutTickLimit = 100_000
  /// Tasks taken from one tick; where more wait, those that waited longest tell enough.
  static let taskLimit = 200
  /// Ticks without a waiting task before that is told: a disk at work has gaps between.
  static let calmTicks = 3
  /// Seconds between two load averages: the kernel makes a new one each 5 s, and the diagnosis
  /// expects them as far apart as `RemoteCommand` sends them.
  static let loadSeconds = Double(RemoteCommand.loadSeconds)
  /// Longest name of a version, an agent's notice and a command line, characters.
  private static let versionLimit = 32
  private static let noticeLimit = 300
  private static let commandLimit = 300
  private static let wordLimit = 64

  private let host: String
  private var decoder = FrameDecoder()
  private var identities = IdentityTable()
  private var faults = 0
  private var bytesSinceTick = 0
  private var framesSinceTick = 0
  /// What the hello said; empty before it.
  private var agent = ""
  private var cpus: Int?
  private var intervalNanoseconds: UInt64 = 0
  private var paceNanoseconds: UInt64 = 0
  private var lastLoad: Timestamp?
  /// Ticks since one had a waiting task; beyond `calmTicks` none is awaited any more.
  private var ticksCalm = AgentStream.calmTicks
  /// Frames of kinds that this version doesn't know, or has no use for.
  private(set) var unknownFrames = 0

  init(host: String) {
    self.host = host
  }

  /// Takes the next bytes of the stream, and tells what they say.
  mutating func feed(_ bytes: Span<UInt8>, _ body: (News) -> Void) {
    bytesSinceTick += bytes.count
    // A chunk of a loop's buffer: it can't hold so many frames that keeping them costs much.
    var events: [FrameDecoder.Event] = []
    decoder.feed(bytes) { events.append($0) }
    for event in events {
      switch event {
      case .frame(let frame):
        framesSinceTick += 1
        take(frame.frame, body)
      case .fault: faults += 1
      }
    }
    if let problem { body(.useless(problem)) }
  }

  private var problem: String? {
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

  private mutating func take(_ frame: Frame, _ body: (News) -> Void) {
    switch frame {
    case .hello(let hello): take(hello, body)
    case .tick(let tick): take(tick, body)
    case .identity(let identity): identities.add(AgentStream.owner(identity), of: identity.id)
    case .notice(let notice) where notice.severity == .error:
      body(.trouble(Printable.text(notice.text, limit: AgentStream.noticeLimit)))
    // Slower sampling is told by the ticks themselves; and the ticks that come with a burst were
    // sent at their time.
    case .notice, .before, .burst: break
    case .gap, .request, .answer, .unknown: unknownFrames += 1
    }
  }

  // MARK: - Who it is

  private mutating func take(_ hello: Hello, _ body: (News) -> Void) {
    // Once a stream: an agent that repeats it tells nothing new.
    guard agent.isEmpty else { return }
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

  private mutating func take(_ tick: HostTick, _ body: (News) -> Void) {
    (faults, bytesSinceTick, framesSinceTick) = (0, 0, 0)
    body(.tick)
    notePace(tick, body)
    cpus = AgentStream.credible(tick.cpus) ?? cpus
    // The first tick has nothing to compare with: it has no rates.
    if tick.intervalNanoseconds > 0, let sample = sample(tick) { body(.sample(sample)) }
    if tick.waiting.isEmpty {
      ticksCalm += 1
      guard ticksCalm == AgentStream.calmTicks else { return }
      body(
        .suspects(SuspectReport(host: host, time: tick.time, source: .agent, suspects: [])))
    } else {
      ticksCalm = 0
      body(.suspects(report(tick)))
    }
  }

  private mutating func sample(_ tick: HostTick) -> HostSample? {
    var row = tick.row
    // vmstat prints these with -a only: so rows are alike, whatever they come through.
    row[.inact] = nil
    row[.active] = nil
    guard !row.isEmpty else { return nil }
    return HostSample(
      host: host, time: tick.time, source: .agent, row: row, load: load(tick), cpus: cpus)
  }

  private mutating func load(_ tick: HostTick) -> LoadAverage? {
    guard let load = tick.load,
      [load.oneMinute, load.fiveMinutes, load.fifteenMinutes].allSatisfy({
        (0...1_000_000).contains($0)
      })
    else { return nil }
    // A clock that was set back makes it due, too. Ticks are never exactly so far apart.
    let isDue = lastLoad.map { abs(tick.time.seconds(since: $0)) >= AgentStream.loadSeconds - 0.5 }
    guard isDue ?? true else { return nil }
    lastLoad = tick.time
    return load
  }

  // MARK: - Waiting tasks

  private func report(_ tick: HostTick) -> SuspectReport {
    var tasks = tick.waiting
    if tasks.count > AgentStream.taskLimit {
      tasks.sort {
        $0.waitSeconds == $1.waitSeconds ? $0.tid < $1.tid : $0.waitSeconds > $1.waitSeconds
      }
      tasks.removeSubrange(AgentStream.taskLimit...)
    }
    return SuspectReport(
      host: host, time: tick.time, source: .agent, suspects: tasks.map(suspect))
  }

  private func suspect(_ task: WaitingTask) -> Suspect {
    let name = Printable.text(
      String(decoding: task.name.bytes, as: UTF8.self), limit: AgentStream.wordLimit)
    let owner = identities[task.process]
    let channel = task.waitChannel.value.map {
      Printable.text($0, limit: AgentStream.wordLimit)
    }
    let isNamed = task.reason != .unknown && !task.reason.name.isEmpty
    let command = owner?.command ?? ""
    return Suspect(
      pid: Int(task.process.pid), tid: Int(task.tid),
      state: String(Character(Unicode.Scalar(task.state.rawValue))),
      user: owner?.user ?? "?",
      // proc_pid_wchan(5): "0" says nothing.
      waitChannel: channel.flatMap { $0.isEmpty || $0 == "0" ? nil : $0 },
      reason: isNamed ? Printable.text(task.reason.name, limit: AgentStream.wordLimit) : nil,
      waitSeconds: task.waitSeconds.isFinite ? max(0, task.waitSeconds) : nil,
      command: command.isEmpty ? (owner == nil ? name : "[\(name)]") : command)
  }

  /// Who a process is, as far as a line has room for it. The agent masked the command line, as its
  /// own host's configuration says.
  private static func owner(_ identity: ProcessIdentity) -> IdentityTable.Owner {
    let number = identity.userID.value.map { String($0) }
    let user = identity.user.map { Printable.text($0, limit: wordLimit) }
    let command = identity.commandLine.value.map { Printable.text($0, limit: commandLimit) }
    let name = Printable.text(
      String(decoding: identity.name.bytes, as: UTF8.self), limit: wordLimit)
    // Without a command line it is a kernel thread, shown in brackets as ps does.
    return IdentityTable.Owner(user: user ?? number ?? "?", command: command ?? name)
  }
}

/// Who the processes are that an agent has introduced lately.
///
/// An agent introduces each process once, and everyone anew after 8,192 introductions; so the
/// last so many are kept, in two halves of which the older is let go when the younger is full.
struct IdentityTable {
  struct Owner: Equatable {
    var user: String
    /// Empty for a kernel thread.
    var command: String
  }

  static let halfLimit = 8_320

  private var younger: [ProcessID: Owner] = [:]
  private var older: [ProcessID: Owner] = [:]

  var count: Int { younger.count + older.count }

  subscript(process: ProcessID) -> Owner? { younger[process] ?? older[process] }

  mutating func add(_ owner: Owner, of process: ProcessID) {
    if younger.count >= IdentityTable.halfLimit, younger[process] == nil {
      older = younger
      younger = [:]
    }
    younger[process] = owner
  }
}
