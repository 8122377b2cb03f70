/// A file of a process or of one of its tasks.
public enum TaskFile: UInt8, CaseIterable, Sendable {
  case stat, status, io, schedstat, sched, wchan, stack, syscall, cmdline, cgroup

  var name: StaticString {
    switch self {
    case .stat: "stat"
    case .status: "status"
    case .io: "io"
    case .schedstat: "schedstat"
    case .sched: "sched"
    case .wchan: "wchan"
    case .stack: "stack"
    case .syscall: "syscall"
    case .cmdline: "cmdline"
    case .cgroup: "cgroup"
    }
  }
}

/// Which file of which task is to be read.
public struct TaskFileRequest: Equatable, Sendable {
  public var pid: Int32
  /// The task; 0 for the file of the process.
  public var tid: Int32
  public var file: TaskFile
  /// Tells one process from a later one with the same pid: its start.
  public var startTicks: UInt64

  public init(pid: Int32, tid: Int32 = 0, file: TaskFile, startTicks: UInt64 = 0) {
    self.pid = pid
    self.tid = tid
    self.file = file
    self.startTicks = startTicks
  }

  public var path: ProcPath {
    tid == 0 ? ProcPath(pid: pid, file.name) : ProcPath(pid: pid, tid: tid, file.name)
  }
}
