/// What kind of thing a task waits for.
public enum WaitClass: String, CaseIterable, Sendable {
  /// The block layer: a request was sent, or waits to be sent.
  case disk
  /// A file system's journal, log or transaction.
  case filesystemLog = "filesystem-log"
  /// Dirty pages on their way out, or the throttling of who dirties them.
  case writeback
  /// Reclaim, swap, compaction.
  case memory
  case networkFileSystem = "network-fs"
  case fuse
  /// A lock that somebody holds.
  case lock
  /// Device mapper and software RAID.
  case mappedDevice = "md-dm"
  case crypto
  /// A frozen file system or control group.
  case frozen
  /// Another process: vfork, exec, exit, ptrace.
  case process
  /// The stack can't show it.
  case unknown
}

/// Why a task waits, named.
public struct WaitReason: Hashable, Sendable {
  /// Short, of a fixed vocabulary: `ext4 journal commit`.
  public var name: String
  public var kind: WaitClass

  public init(name: String, kind: WaitClass) {
    self.name = name
    self.kind = kind
  }

  public static let unknown = WaitReason(name: "unknown", kind: .unknown)
}

/// A task that waits: in `D`, for a file lock, or for a FUSE server's answer.
public struct WaitingTask: Equatable, Sendable {
  public var process: ProcessID
  /// The thread.
  public var tid: Int32
  public var name: TaskName
  public var state: TaskState
  public var reason: WaitReason
  /// How long it has been there, seconds: since it last ran, as far as we know it.
  public var waitSeconds: Double
  /// It may have waited longer: nobody could tell when it ran last. Not on the wire.
  public var waitIsAtLeast = false
  /// The kernel function it sleeps in.
  public var waitChannel: Reading<String>
  /// The system call it is in, by name (`pwrite64`), or its number where the name isn't known.
  public var systemCall: Reading<String>
  /// Kernel functions, the innermost first, without offsets.
  public var stack: Reading<[String]>
  /// Processes that hold what it waits for; empty where nobody knows.
  public var holders: [Int32]

  /// Longest stack kept.
  public static let stackLimit = 64

  public init(
    process: ProcessID, tid: Int32, name: TaskName, state: TaskState,
    reason: WaitReason = .unknown, waitSeconds: Double = 0,
    waitChannel: Reading<String> = .gap, systemCall: Reading<String> = .gap,
    stack: Reading<[String]> = .gap, holders: [Int32] = []
  ) {
    self.process = process
    self.tid = tid
    self.name = name
    self.state = state
    self.reason = reason
    self.waitSeconds = waitSeconds
    self.waitChannel = waitChannel
    self.systemCall = systemCall
    self.stack = stack
    self.holders = holders
  }
}
