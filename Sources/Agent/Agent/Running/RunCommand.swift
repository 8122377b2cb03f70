import Bytes
import Glibc
import Records
import Sampling
import Spool
import Strace
import Wire

/// `culprit-agent run`: samples for ever, and hands frames out.
struct RunCommand {
  private enum Mode: Equatable {
    /// For who comes to the sockets, and into the spool.
    case resident
    /// All to standard output, unasked.
    case output
    /// To standard output, as requests on standard input ask for it.
    case session
  }

  private var options: SamplerOptions
  private var mode = Mode.resident
  private var unlinksSelf = false
  private var checksOnly = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var mode = Mode.resident
    var (unlinksSelf, checksOnly) = (false, false)
    let isConfigured = words.contains { $0 == "--config" || $0.hasPrefix("--config=") }
    let hasUsual = access(AgentConfiguration.usualPath, F_OK) == 0
    let usual = hasUsual && !isConfigured ? ["--config", AgentConfiguration.usualPath] : []
    options = try SamplerOptions((usual + words)[...], of: "run") { option, _ throws(UsageError) in
      switch option {
      case "--stdout": mode = .output
      case "--session": mode = .session
      case "--unlink-self": unlinksSelf = true
      case "--check-config": checksOnly = true
      default: return false
      }
      return true
    }
    (self.mode, self.unlinksSelf, self.checksOnly) = (mode, unlinksSelf, checksOnly)
    guard mode == .resident || !Output.isTerminal else {
      throw UsageError(
        "frames are not for a terminal: send them to a file or a collector, or try "
          + "culprit-agent top")
    }
    guard !unlinksSelf || mode == .session else {
      throw UsageError("--unlink-self goes with --session")
    }
  }

  func run() throws -> Int32 {
    if checksOnly { return 0 }
    if unlinksSelf { TemporaryProgram.removeSelf() }
    switch mode {
    case .output: try runToOutput()
    case .session: try runSession()
    case .resident: try runResident()
    }
    return 0
  }

  private func begin(_ loop: borrowing SamplingLoop) -> FrameStream {
    var stream = FrameStream()
    stream.begin(
      engine: loop.sampler.engineKind, reason: loop.sampler.engineReason,
      intervalNanoseconds: options.settings.intervalNanoseconds)
    return stream
  }

  private func runToOutput() throws {
    var loop = try SamplingLoop(options)
    var stream = begin(loop)
    func flush() { stream.flush { $0.withUnsafeBytes { Output.write($0) } } }
    flush()
    try loop.run { output in
      stream.append(output)
      flush()
    }
  }

  // MARK: - Asked for

  private func runSession() throws {
    var loop = try SamplingLoop(options)
    var stream = begin(loop)
    let resident = Resident(
      hello: stream.hello, spool: nil, ringBytes: options.resident.memoryBytes)
    stream.flush { resident.ring.append($0) }
    let log = SystemLog(path: options.resident.syslog)
    let server = try FrameServer(
      resident, reporter: try ReportSource(policy: options.settings.commandLine),
      tracer: tracer, log: log)
    defer { server.endTraces() }
    try server.startSession {
      // The sampler sleeps until its next tick: a signal ends that.
      kill(getpid(), SIGTERM)
    }
    var look = MonotonicClock.now
    try loop.run { output in
      resident.take(output, from: &stream)
      guard MonotonicClock.now &- look > RunCommand.successorNanoseconds else { return }
      look = MonotonicClock.now
      guard AttachCommand.isAnswered(on: options.resident.socket) else { return }
      Output.complain("the resident agent is there now, and takes over")
      kill(getpid(), SIGTERM)
    }
  }

  /// How often a session's agent looks for the resident one: both would tell the same twice.
  private static let successorNanoseconds: UInt64 = 10_000_000_000

  private func runResident() throws {
    let settings = options.resident
    let (keeper, problem) = try RunCommand.keeper(settings)
    var listeners = [try ListeningSocket(settings.socket, rights: .read)]
    if settings.hasControl {
      listeners.append(
        try ListeningSocket(ControlSocket.path(beside: settings.socket), rights: .control))
    }
    var loop = try SamplingLoop(options)
    var stream = begin(loop)
    let resident = Resident(
      hello: stream.hello, spool: keeper, spoolProblem: problem, ringBytes: settings.memoryBytes)
    if let problem {
      Output.complain(problem)
      stream.append(Notice(time: HostFacts.now, severity: .warning, text: problem))
    }
    stream.flush { resident.ring.append($0) }
    try keeper?.start(resident.ring, stream: resident.stream)
    let reporter = try ReportSource(policy: options.settings.commandLine)
    let server = try FrameServer(
      resident, reporter: reporter, tracer: tracer,
      log: SystemLog(path: settings.syslog))
    defer { server.endTraces() }
    try server.start(listeners)
    tell(listeners, isKeeping: keeper != nil)
    var lock = MemoryLock(reporter: reporter, resident: resident)
    try loop.run { output in
      resident.take(output, from: &stream)
      if let notice = lock.afterTick(at: output.tick.time) { stream.append(notice) }
    }
    keeper?.finish(milliseconds: 2000)
    // The sockets' files go now: nothing more is answered.
    for listener in listeners { unlink(listener.path) }
  }

  /// Carries out the traces that clients ask for.
  private var tracer: TraceDesk.Executor {
    let policy = options.settings.commandLine
    return { request, askers, isStopped in
      do throws(TraceFailure) {
        return .success(
          try HostTracer(policy: policy).run(request, askers: askers, isStopped: isStopped))
      } catch {
        return .failure(error)
      }
    }
  }

  /// What keeps frames; `nil`, and why, where the disk can't.
  private static func keeper(
    _ settings: ResidentSettings
  ) throws(Failure) -> (SpoolKeeper?, problem: String?) {
    guard let folder = settings.spool else { return (nil, nil) }
    let spool: Spool
    do throws(SpoolError) {
      spool = try Spool(path: folder, limitBytes: settings.spoolBytes)
    } catch {
      guard error.isOfDisk else { throw Failure(error.description) }
      return (nil, "no frames are kept until the next start: \(error.description)")
    }
    for notice in spool.notices { Output.complain(notice) }
    return (try SpoolKeeper(spool), nil)
  }

  private func tell(_ listeners: [ListeningSocket], isKeeping: Bool) {
    let places = listeners.map(\.path).joined(separator: " and ")
    let folder = isKeeping ? options.resident.spool : nil
    let kept = folder.map { "keeping frames in \($0)" } ?? "keeping no frames"
    Output.complain("listening on \(places), \(kept)")
  }
}

/// A program that was copied here for one session.
enum TemporaryProgram {
  private static let folderPrefix = "culprit."

  /// Removes its file, and the folder that was made for it: what runs needs neither. Nothing else
  /// is touched.
  static func removeSelf() {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { return }
    let text = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let parts = text.split(separator: "/")
    guard parts.count >= 2, parts[parts.count - 2].hasPrefix(folderPrefix) else { return }
    unlink(text)
    rmdir("/" + parts.dropLast().joined(separator: "/"))
  }
}
