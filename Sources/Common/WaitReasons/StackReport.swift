import Bytes
import Records

/// The tasks of a pasted report, and who of them waits for whom.
public struct StackReport: Sendable {
  /// In the report's order. A task that it shows several times in the same place stands here once,
  /// with the longest time.
  public internal(set) var tasks: [ReportedTask] = []
  /// Tasks beyond the limit.
  public internal(set) var tasksLeftOut = 0
  /// Whether text beyond the limit was left out.
  public internal(set) var isCut = false
  var locks: [HeldLock] = []

  /// Longest text that is read, bytes.
  public static let textLimit = 16 << 20
  /// Most tasks.
  public static let taskLimit = 5_000
  /// Most lines of lockdep's lists.
  static let lockLimit = 20_000

  /// Reads any text, however damaged: what says nothing of a task is read over.
  public static func parse(_ text: String) -> StackReport {
    parse(Array(text.utf8))
  }

  /// The same for raw bytes.
  public static func parse(_ bytes: [UInt8]) -> StackReport {
    var reader = StackReportReader()
    let end = min(bytes.count, textLimit)
    var start = 0
    while start < end {
      let lineEnd = bytes[start..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end
      reader.read(line: line(bytes[start..<min(lineEnd, start + ReportLine.limit)])[...])
      start = lineEnd + 1
    }
    var report = reader.finish()
    report.isCut = bytes.count > textLimit
    return report
  }

  /// A line's text. Mail programs put no-break spaces (C2 A0) in place of spaces.
  private static func line(_ bytes: ArraySlice<UInt8>) -> String {
    guard bytes.contains(0xC2) else { return String(decoding: bytes, as: UTF8.self) }
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    for byte in bytes {
      if byte == 0xA0, plain.last == 0xC2 {
        plain[plain.count - 1] = UInt8(ascii: " ")
      } else {
        plain.append(byte)
      }
    }
    return String(decoding: plain, as: UTF8.self)
  }
}

/// Puts the lines of a report together.
struct StackReportReader {
  private var report = StackReport()
  private var current = ReportedTask()
  /// The stack is at its outermost frame: the next frame is another task's.
  private var stackHasEnded = false
  /// Frames since the last empty line. Where a mailer put one between all lines, none ends a stack.
  private var framesInParagraph = 0
  /// Whose locks are being listed.
  private var lockOwner: TaskReference?
  /// A `?` that a mailer left at the end of a line, and whose frame is on the next one.
  private var nextIsUnreliable = false
  /// Owners that the kernel names before or after the stack.
  private var owners: [TaskReference: TaskReference] = [:]

  mutating func read(line: Substring) {
    let line = line.trimmed
    let parsed = ReportLine(line)
    defer { nextIsUnreliable = line.hasSuffix(" ?") || line == "?" }
    switch parsed {
    case .frame(let name, let isReliable, let isPlain):
      add(frame: name, isReliable: isReliable && !nextIsUnreliable, isPlain: isPlain)
    case .stackEnd, .traceEnd: stackHasEnded = !current.stack.isEmpty
    case .blocked(let task, let seconds): begin(task, seconds)
    case .header(let task): begin(task)
    case .owner(let waiter, let owner): owners[waiter] = owner
    case .workqueue(let text):
      if current.stack.isEmpty { current.workqueue = text }
    case .callTrace: beginTrace()
    case .running:
      finishTask()
      current.isRunning = true
    case .locksHeld(let task): lockOwner = task
    case .lock(let address, let name, let function):
      guard let lockOwner, report.locks.count < StackReport.lockLimit else { return }
      report.locks.append(
        HeldLock(task: lockOwner, address: address, name: name, function: function))
    case .stackOf(let pid):
      finishTask()
      current.pid = pid
    case .blank:
      // Between stacks that were pasted one after the other.
      if framesInParagraph > 1 { stackHasEnded = !current.stack.isEmpty }
      framesInParagraph = 0
    case .other: break
    }
  }

  mutating func finish() -> StackReport {
    finishTask()
    for place in report.tasks.indices {
      report.tasks[place].owner = owners[report.tasks[place].reference]
    }
    return report
  }

  private mutating func add(frame: String, isReliable: Bool, isPlain: Bool) {
    guard isReliable else { return }
    let isOutermost = StackReportReader.isOutermost(frame)
    if stackHasEnded, !isOutermost { finishTask() }
    framesInParagraph += 1
    if current.stack.count < WaitingTask.stackLimit { current.stack.append(frame) }
    if isOutermost { stackHasEnded = true }
  }

  /// `blocked for more than`: the headline of a task.
  private mutating func begin(_ task: TaskReference, _ seconds: Int64?) {
    finishTask()
    current.pid = task.pid
    current.name = task.name
    current.seconds = seconds
    current.state = .uninterruptible
  }

  /// The header of a dump: of the task that the headline spoke of, or of another.
  private mutating func begin(_ header: ReportedTask) {
    let isSame =
      current.stack.isEmpty && !current.isRunning
      && (current.pid == header.pid || current.pid == nil && current.seconds != nil)
    if !isSame { finishTask() }
    current.pid = header.pid ?? current.pid
    // The headline has a worker's whole name, the header cuts it (`task:%-15.15s`).
    current.name = isSame ? current.name ?? header.name : header.name
    current.parent = header.parent
    current.state = header.state
  }

  private mutating func beginTrace() {
    if !current.stack.isEmpty { finishTask() }
    stackHasEnded = false
  }

  private mutating func finishTask() {
    var task = ReportedTask()
    swap(&task, &current)
    stackHasEnded = false
    guard !task.isEmpty, !task.isRunning, task.stack.first != "dump_stack" else { return }
    task.classify()
    // A function that is only mentioned, or the last line of a trace.
    let isMention = task.pid == nil && task.name == nil && task.seconds == nil
    guard !isMention || task.reason != .unknown || task.stack.count > 2 else { return }
    keep(task)
  }

  /// A task that is reported again where it was, longer blocked, is one task.
  private mutating func keep(_ task: ReportedTask) {
    if task.pid != nil,
      let place = report.tasks.lastIndex(where: { $0.reference == task.reference }),
      task.stack.isEmpty || report.tasks[place].stack == task.stack
        || report.tasks[place].stack.isEmpty
    {
      var merged = task.stack.isEmpty ? report.tasks[place] : task
      merged.seconds = [report.tasks[place].seconds, task.seconds].compactMap(\.self).max()
      report.tasks[place] = merged
      return
    }
    guard report.tasks.count < StackReport.taskLimit else {
      report.tasksLeftOut += 1
      return
    }
    report.tasks.append(task)
  }

  /// Where every kernel stack ends: the entry from user space, or the birth of a kernel thread.
  private static func isOutermost(_ frame: String) -> Bool {
    frame.hasPrefix("entry_SYSCALL") || frame.hasPrefix("ret_from_") || outermost.contains(frame)
  }

  private static let outermost: Set<String> = [
    "entry_INT80_compat", "entry_SYSENTER_compat", "entry_SYSENTER_32", "entry_INT80_32",
    "system_call_fastpath", "system_call_done", "system_call", "system_call_exception",
    "system_call_common", "system_call_vectored_common", "tracesys", "tracesys_phase2",
    "stub_clone", "stub_execve", "sysenter_do_call", "syscall_call", "sysenter_dispatch",
    "kernel_thread_helper", "kernel_thread_starter", "child_rip", "ret_fast_syscall",
    "ret_fast_syscall_syscall", "el0t_64_sync", "el0t_32_compat", "el0_sync", "el0_svc_naked",
    "asm_exc_page_fault", "page_fault", "async_page_fault", "ret_slow_syscall", "sysc_nr_ok",
    "system_call_irqsoff",
  ]
}
