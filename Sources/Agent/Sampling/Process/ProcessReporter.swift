import Bytes
import ProcFS
import Records

/// Finds out all about one process: who it is and who started it, what it has open, locked and
/// connected, what it moves and what it waits for.
///
/// A report takes as long as it watches and little more, however stuck the process is: what may
/// hang is read by threads of its own, with a deadline. It keeps no state but what makes the next
/// report cheaper, so a thread of its own may have one.
public struct ProcessReporter: ~Copyable {
  public static let defaultWatchNanoseconds: UInt64 = 200_000_000

  let root: ProcRoot
  private var guarded: GuardedReader
  var people: ProcessIdentityReader
  var users = UserNames()
  var waits: WaitBook
  var delays: DelayAccounting
  var terminals: TerminalDrivers?
  var buffer = ReadBuffer(capacity: 8192, limit: 4 << 20)
  var listing = ReadBuffer(capacity: 32_768, limit: 1 << 20)

  /// - Throws: `ProcError.open`, where there is no such root.
  public init(
    root path: String = "/proc", policy: CommandLinePolicy = .masked
  ) throws(ProcError) {
    let root = try ProcRoot(path)
    let people = try ProcessIdentityReader(root: path, policy: policy)
    let waits = try WaitBook(path)
    self.init(root, people, waits)
  }

  private init(
    _ root: consuming ProcRoot, _ people: consuming ProcessIdentityReader,
    _ waits: consuming WaitBook
  ) {
    guarded = GuardedReader(root: root)
    delays = DelayAccounting(root)
    self.root = root
    self.people = people
    self.waits = waits
  }

  /// `nil` where no process has this pid, or it ends meanwhile.
  ///
  /// - Parameters:
  ///   - pid: of a process, or of one of its threads.
  ///   - past: what it did before, as far as the caller remembers, the oldest first.
  ///   - watchNanoseconds: the time in which files are to grow; about so long it takes.
  public mutating func report(
    pid: Int32, past: [ProcessReport.Point] = [],
    watchNanoseconds: UInt64 = defaultWatchNanoseconds
  ) -> ProcessReport? {
    let begin = Clocks.monotonic
    guard pid > 0, let pid = processID(of: pid), let stat = stat(pid) else { return nil }
    let id = ProcessID(pid: pid, startTicks: stat.startTicks)
    guard let identity = people.identity(of: id) else { return nil }
    var report = ProcessReport(time: Clocks.now, identity: identity)
    report.identity.ancestors = []
    tell(stat, in: &report)
    let before = usage(of: id)
    var descriptors = DescriptorScan(of: pid)
    descriptors.look(root, &listing, &buffer)
    tellOrigin(stat, in: &report)
    report.sockets = SocketFinder.sockets(of: pid, descriptors, root, &buffer)
    tellLocks(descriptors, in: &report)
    tellWaits(in: &report)
    Clocks.sleep(until: begin &+ watchNanoseconds)
    let after = usage(of: id)
    descriptors.lookAgain(root, &buffer)
    tellUsage(before, after, in: &report)
    report.descriptors = descriptors.count
    report.files = FileFinder.files(of: pid, descriptors, root, &buffer)
    report.past = Array(past.suffix(ProcessReport.pastLimit))
    tellRelated(in: &report)
    // Its pid may be another's by now, and half of this too.
    guard self.stat(pid)?.startTicks == id.startTicks else { return nil }
    return report
  }

  // MARK: Itself

  /// The process that a thread belongs to.
  private mutating func processID(of pid: Int32) -> Int32? {
    guard root.readRecord(ProcPath(pid: pid, "status"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { TaskStatus($0).processID } ?? pid
  }

  mutating func stat(_ pid: Int32) -> TaskStat? {
    guard root.readRecord(ProcPath(pid: pid, "stat"), into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { TaskStat($0) }
  }

  private mutating func tell(_ stat: TaskStat, in report: inout ProcessReport) {
    let pid = report.identity.id.pid
    report.start = .known(Clocks.moment(ofBootTicks: stat.startTicks))
    report.state = stat.state
    report.threads = stat.threads
    report.isKernelThread = stat.isKernelThread
    report.executable = link(ProcPath(pid: pid, "exe"), isThere: !stat.isKernelThread)
    report.workingDirectory = link(ProcPath(pid: pid, "cwd"), isThere: true)
    let outcome = root.readRecord(ProcPath(pid: pid, "wchan"), into: &buffer)
    report.waitChannel =
      outcome == .bytes
      ? buffer.withBytes { TaskWaitChannel.function($0) }.map { .known($0) } ?? .unsupported
      : outcome.reading { nil }
  }

  /// Where a symbolic link leads to; a kernel thread has no executable.
  private mutating func link(_ path: ProcPath, isThere: Bool) -> Reading<String> {
    guard isThere else { return .unsupported }
    return root.readLink(path, into: &buffer).reading {
      buffer.withBytes { Printable.text($0, limit: DescriptorTarget.pathLimit) }
    }
  }

  // MARK: What it moves

  struct Usage {
    var time: UInt64
    var io: Reading<IOCounters>
    var cpuNanoseconds: UInt64?
  }

  /// `io` waits for exec(2), so it is read by a thread that may hang.
  private mutating func usage(of id: ProcessID) -> Usage {
    let request = TaskFileRequest(pid: id.pid, file: .io, startTicks: id.startTicks)
    var io = Reading<IOCounters>.gap
    if case .read(let outcome) = guarded.read(request, into: &buffer) {
      // A kernel without CONFIG_TASK_IO_ACCOUNTING has no such file.
      io =
        outcome == .vanished
        ? .unsupported : outcome.reading { buffer.withBytes { TaskIO.counters($0) } }
    }
    return Usage(
      time: Clocks.monotonic, io: io, cpuNanoseconds: ProcessClock.nanoseconds(of: id.pid))
  }

  private func tellUsage(_ before: Usage, _ after: Usage, in report: inout ProcessReport) {
    report.io = after.io
    report.cpuNanoseconds = after.cpuNanoseconds ?? before.cpuNanoseconds ?? 0
    var moved = after.io
    if case .known(let last) = after.io {
      moved = before.io.map { last - $0 }
    }
    let ran = (after.cpuNanoseconds ?? 0).subtractingReportingOverflow(before.cpuNanoseconds ?? 0)
    report.watched = ProcessReport.Point(
      time: Clocks.now, intervalNanoseconds: after.time &- before.time, io: moved,
      cpuNanoseconds: ran.overflow ? 0 : ran.partialValue)
  }

  // MARK: Others

  /// Who holds what it waits for, and who waits for it.
  private mutating func tellRelated(in report: inout ProcessReport) {
    var pids: [Int32] = []
    for task in report.waiting.value ?? [] { pids += task.holders }
    for lock in report.locks.value ?? [] { pids += (lock.holder.map { [$0] } ?? []) + lock.waiters }
    for pid in pids where report.related.count < ProcessReport.relatedLimit {
      guard pid != report.identity.id.pid, !report.related.contains(where: { $0.id.pid == pid }),
        let id = people.process(pid), var other = people.identity(of: id)
      else { continue }
      other.ancestors = []
      report.related.append(other)
    }
  }
}
