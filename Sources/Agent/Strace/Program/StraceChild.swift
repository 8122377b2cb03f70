import Bytes
import CSystem
import Glibc
import Records
import Sampling
import TraceReport

/// One strace at one process: what it prints is read as it comes and summed up. It owns the pipes, and
/// takes the end of its child.
final class StraceChild {
  /// How far it has come, in this order.
  enum Phase: Int, Comparable {
    /// It hasn't said yet that it is attached.
    case starting
    case tracing
    /// It was asked to let go.
    case leaving
    /// It was killed.
    case killed
    case ended

    static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
  }

  /// Room for what strace prints while we read others: the process stands still once it is full.
  private static let pipeBytes: Int32 = 256 << 10
  /// Bytes taken of one strace in a turn.
  static let pieceBytes = 64 << 10
  /// Tasks, children among them, that are looked at afterwards.
  private static let touchedLimit = 16_384

  let tracee: Tracee
  let pid: pid_t
  private(set) var phase = Phase.starting
  /// Its pid was another process's by the time it was attached.
  private(set) var isStranger = false
  /// Its process was seen without a tracer.
  private var isFree = false
  /// Why it was asked to let go.
  private(set) var ending = TracedProcess.Ending.detached
  /// As waitpid(2) gives it, once it has ended.
  private(set) var status: Int32?
  private(set) var attachedAt: UInt64?
  /// We asked it to let go, or killed it.
  private(set) var wasAsked = false
  /// When it let go, or was asked to.
  private(set) var endedAt: UInt64?
  /// The same on the clock that it prints, where we ended it.
  private var askedTime: UInt64?
  private(set) var output: Int32
  private(set) var messages: Int32
  /// All that it printed, bytes.
  private(set) var bytes = 0
  /// Why ptrace(2) refused.
  private(set) var refusal: String?
  /// What it said last that isn't about who it has attached to.
  private(set) var lastMessage: String?
  /// Tasks that it has attached to after the process itself: threads and children.
  private(set) var touched: Set<Int32> = []
  private var parser: StraceParser
  private var splitter = LineSplitter(limit: 1024)

  /// - Throws: `TraceFailure.failed`, where it can't be started.
  init(_ program: StraceProgram, _ tracee: Tracee, group: pid_t) throws(TraceFailure) {
    var (outputs, complaints): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    guard culprit_pipe(&outputs) == 0, culprit_pipe(&complaints) == 0 else {
      let reason = errorText(errno)
      for number in outputs where number >= 0 { close(number) }
      throw .failed("no pipe: \(reason)")
    }
    _ = culprit_widen_pipe(outputs[0], StraceChild.pipeBytes)
    let pid = StraceChild.spawn(program, tracee.id.pid, outputs[1], complaints[1], group)
    close(outputs[1])
    close(complaints[1])
    guard pid > 0 else {
      close(outputs[0])
      close(complaints[0])
      throw .failed("\(program.path) can't be started: \(errorText(-pid))")
    }
    (self.tracee, self.pid, output, messages) = (tracee, pid, outputs[0], complaints[0])
    parser = StraceParser(process: tracee.id.pid, foldsChildren: true)
    for number in [output, messages] { culprit_set_nonblocking(number) }
  }

  deinit {
    for number in [output, messages] where number >= 0 { close(number) }
  }

  private static func spawn(
    _ program: StraceProgram, _ pid: Int32, _ output: Int32, _ error: Int32, _ group: pid_t
  ) -> pid_t {
    var arguments: [UnsafeMutablePointer<CChar>?] = program.arguments(for: pid).map { strdup($0) }
    var environment: [UnsafeMutablePointer<CChar>?] = StraceProgram.environment.map { strdup($0) }
    arguments.append(nil)
    environment.append(nil)
    defer { for pointer in arguments + environment { free(pointer) } }
    return culprit_spawn_in_group(program.path, arguments, environment, output, error, group)
  }

  // MARK: What it says

  /// A thread that the process had before.
  func addThread(_ tid: Int32) { parser.addThread(tid) }

  /// Reads what there is of its output, one piece. Returns the bytes; none where there is nothing more
  /// just now.
  ///
  /// - Parameters:
  ///   - buffer: room for a piece.
  ///   - counts: whether it is still to be counted.
  func readOutput(into buffer: inout [UInt8], counts: Bool) -> Int {
    guard output >= 0 else { return 0 }
    let count = StraceChild.read(output, &buffer)
    if count == 0 { StraceChild.closeOnce(&output) }
    guard count > 0 else { return 0 }
    bytes += count
    if counts { parser.feed(buffer.span.extracting(0..<count)) }
    return count
  }

  /// Reads what it complains of, one piece. `attached` is called for each task that it attached to.
  func readMessages(into buffer: inout [UInt8], attached: (Int32) -> Void) {
    guard messages >= 0 else { return }
    let count = StraceChild.read(messages, &buffer)
    if count == 0 { StraceChild.closeOnce(&messages) }
    guard count > 0 else { return }
    bytes += count
    splitter.feed(buffer.span.extracting(0..<count)) { piece, line in
      switch StraceMessage(line) {
      case .attached(let pid) where pid == tracee.id.pid:
        if attachedAt == nil { attachedAt = MonotonicClock.now }
        if phase == .starting { phase = .tracing }
        attached(pid)
      case .attached(let tid):
        if touched.count < StraceChild.touchedLimit { touched.insert(tid) }
        attached(tid)
      case .detached(let tid):
        // A child that became another program is its own master again. At our end all are let go of,
        // and whether they are is looked at.
        if phase < .leaving { touched.remove(tid) }
      case .refused(let why): refusal = refusal ?? why
      case .notStarted(let code): lastMessage = "it can't be started: \(errorText(code))"
      case .other(let text): lastMessage = text
      }
    }
  }

  /// Bytes, 0 at the end, or below 0 where there is nothing just now.
  private static func read(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      return count
    }
  }

  private static func closeOnce(_ descriptor: inout Int32) {
    close(descriptor)
    descriptor = -1
  }

  // MARK: Its end

  /// Asks it to let go, for a reason that the report gives. The first one counts.
  func leave(_ why: TracedProcess.Ending) {
    guard phase < .leaving else { return }
    wasAsked = true
    (phase, ending, endedAt) = (.leaving, why, MonotonicClock.now)
    askedTime = UInt64(clamping: Clocks.now.nanoseconds)
    kill(pid, SIGTERM)
  }

  /// Its process has no tracer: it became another program, and strace stays with its children; or
  /// strace is just ending, which shows by the next look.
  func noteFree() {
    isFree ? leave(.replaced) : (isFree = true)
  }

  /// Asks it to let go of who isn't meant.
  func leaveStranger() {
    isStranger = true
    leave(.exited)
  }

  /// Kills it: the kernel lets go of what it traces then, whatever that waits for.
  func killNow() {
    guard phase < .killed else { return }
    wasAsked = true
    phase = .killed
    endedAt = endedAt ?? MonotonicClock.now
    askedTime = askedTime ?? UInt64(clamping: Clocks.now.nanoseconds)
    kill(pid, SIGKILL)
  }

  /// Whether it has ended; takes its end if so. Until then its pid can't be another's.
  func takeEnd() -> Bool {
    guard phase != .ended else { return true }
    var status: Int32 = 0
    let result = waitpid(pid, &status, WNOHANG)
    // No such child: somebody else took its end.
    guard result == pid || result < 0 && errno == ECHILD else { return false }
    self.status = result == pid ? status : nil
    endedAt = endedAt ?? MonotonicClock.now
    phase = .ended
    return true
  }

  /// What it saw, children included; once, at its end.
  func finish() -> StraceProcess? {
    // A call that hangs still has taken all that time.
    parser.finish(at: askedTime)
    return parser.processes.first { $0.pid == tracee.id.pid }
  }

  /// Lines that stand for calls, and that couldn't be read or had no place.
  var lostLines: UInt64 { UInt64(parser.leftOutLines + parser.unreadLines) }

  /// How long it was attached, nanoseconds.
  var nanoseconds: UInt64 {
    guard let attachedAt, let endedAt, endedAt > attachedAt else { return 0 }
    return endedAt - attachedAt
  }
}
