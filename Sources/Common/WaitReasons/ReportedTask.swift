import Records

/// A task of a pasted report: `/proc/PID/stack`, the kernel's hung_task messages, sysrq-w.
public struct ReportedTask: Equatable, Sendable {
  /// The thread's id, as the report says it; `nil` where it doesn't.
  public var pid: Int32?
  /// Its `comm`, as the report has it: not fit for a terminal.
  public var name: String?
  public var parent: Int32?
  public var state: TaskState?
  /// How long the kernel says that it has been blocked, at least.
  public var seconds: Int64?
  /// What a kernel worker works at: `writeback wb_workfn (flush-8:0)`.
  public var workqueue: String?
  /// Kernel functions, the innermost first, without offsets. Frames that the kernel itself marks
  /// as unreliable (`?`) are left out.
  public var stack: [String] = []
  public var reason = WaitReason.unknown
  /// Who holds the lock that it waits for, where the kernel says so (Linux 6.16 and newer).
  public var owner: TaskReference?

  public init() {}

  public var reference: TaskReference { TaskReference(pid: pid, name: name) }

  /// The report shows code that was running (a warning, an oops), and no wait.
  var isRunning = false

  /// Whether nothing at all is known of it.
  var isEmpty: Bool { pid == nil && name == nil && stack.isEmpty && seconds == nil }

  mutating func classify() {
    guard state != .running else { return }
    reason = WaitReasons.reason(stack: stack)
    // A thread that the kernel reports as blocked isn't idle, whatever it looks like.
    if seconds != nil, reason.name == "idle kernel thread" { reason = .unknown }
  }
}

/// A task as a report names it.
public struct TaskReference: Hashable, Sendable {
  public var pid: Int32?
  public var name: String?

  public init(pid: Int32?, name: String?) {
    self.pid = pid
    self.name = name
  }
}

/// A lock that a task holds or is about to take, as a kernel with lockdep lists it.
struct HeldLock: Equatable, Sendable {
  var task: TaskReference
  /// Where the lock lies in memory (hashed, but the same for the same lock).
  var address: String
  /// Its class: `&fs_info->tree_log_mutex`.
  var name: String
  /// The function that took it, or waits for it.
  var function: String
}
