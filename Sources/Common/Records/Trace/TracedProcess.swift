/// What one process, all its threads together, asked of the kernel while it was traced.
public struct TracedProcess: Equatable, Sendable {
  /// Kinds of calls that are told one by one, the most time first.
  public static let callLimit = 64
  /// Files that are told, the most time first.
  public static let fileLimit = 100
  public static let errorLimit = 32

  /// How the trace of this process ended.
  public enum Ending: String, CaseIterable, Sendable {
    /// Its time was up.
    case detached
    /// The process ended first.
    case exited
    /// It became another program, which was not traced.
    case replaced
    /// It wrote more than one process may; what came before that counts.
    case overBudget = "over-budget"
    /// It could not be seen free again: the notices say what to do.
    case unverified
  }

  public var identity: ProcessIdentity
  public var threads: Int
  /// How long it was traced, nanoseconds.
  public var nanoseconds: UInt64
  public var ending: Ending
  public var calls: [TracedCall]
  /// All calls that `calls` has no room for.
  public var omittedCalls: UInt64
  public var files: [TracedFile]
  public var omittedFiles: Int
  public var errors: [TracedError]
  /// Calls that were seen and could not be counted where they belong: the kernel's table was full, or
  /// strace's lines could not be read.
  public var lostCalls: UInt64
  /// It has an io_uring: what it does through that no trace of system calls can see.
  public var usesIOUring: Bool

  public init(identity: ProcessIdentity) {
    self.identity = identity
    threads = 1
    nanoseconds = 0
    ending = .detached
    calls = []
    omittedCalls = 0
    files = []
    omittedFiles = 0
    errors = []
    lostCalls = 0
    usesIOUring = false
  }
}

/// What a system call is for.
public enum CallClass: String, CaseIterable, Sendable {
  /// Bytes from files.
  case read
  /// Bytes to files.
  case write
  /// `fsync`, `fdatasync`, `sync_file_range`, `msync`, `sync`, …
  case sync
  /// `open`, `close`, `dup`, …
  case open
  /// What is known of files: `stat`, `getdents64`, `rename`, `unlink`, …
  case stat
  /// Sockets, whatever the call.
  case network
  /// Pipes and terminals, whatever the call.
  case pipe
  /// Waiting that is meant: `poll`, `epoll_wait`, `futex`, `nanosleep`, `wait4`, …
  case wait
  /// `mmap`, `brk`, `madvise`, …
  case memory
  /// `clone`, `execve`, `kill`, …
  case process
  case other

  /// Whether time in such a call is time lost to files and their file systems.
  public var isFileWork: Bool {
    switch self {
    case .read, .write, .sync, .open, .stat: true
    case .network, .pipe, .wait, .memory, .process, .other: false
    }
  }
}

/// All calls of one name and class that a process made.
public struct TracedCall: Equatable, Sendable {
  /// Buckets of ``latencies``.
  public static let latencyBuckets = 32

  /// `pwrite64`; `syscall_462` where the name isn't known.
  public var name: String
  public var kind: CallClass
  public var count: UInt64
  public var errors: UInt64
  /// Time in these calls, nanoseconds.
  public var nanoseconds: UInt64
  /// Bytes moved; 0 for calls that move none.
  public var bytes: UInt64
  public var slowestNanoseconds: UInt64
  /// What the slowest was about; `nil` where it was about no file or nobody knows.
  public var slowestPath: String?
  /// How many took so long: the first bucket below 1 µs, bucket n from 2^(n-1) up to 2^n µs. Without
  /// the empty ones at the end.
  public var latencies: [UInt64]

  public init(name: String, kind: CallClass) {
    self.name = name
    self.kind = kind
    count = 0
    errors = 0
    nanoseconds = 0
    bytes = 0
    slowestNanoseconds = 0
    latencies = []
  }
}

/// What a process did with one file.
public struct TracedFile: Equatable, Sendable {
  /// Longest path kept, bytes.
  public static let pathLimit = 1024

  /// `/var/lib/x`, `socket:[4711]`, `fd 7` where nobody knows what that was.
  public var path: String
  public var calls: UInt64
  public var readBytes: UInt64
  public var writeBytes: UInt64
  public var syncCalls: UInt64
  public var nanoseconds: UInt64

  public init(path: String) {
    self.path = path
    calls = 0
    readBytes = 0
    writeBytes = 0
    syncCalls = 0
    nanoseconds = 0
  }
}

/// Calls that failed in the same way.
public struct TracedError: Equatable, Sendable {
  public var call: String
  /// `ENOENT`; errno(3).
  public var error: String
  public var count: UInt64

  public init(call: String, error: String, count: UInt64) {
    self.call = call
    self.error = error
    self.count = count
  }
}

extension TracedProcess {
  /// What `body` takes of all calls of these classes.
  private func sum(_ body: (TracedCall) -> UInt64?) -> UInt64 {
    calls.reduce(0) { sum, call in
      let (result, overflow) = sum.addingReportingOverflow(body(call) ?? 0)
      return overflow ? .max : result
    }
  }

  /// All calls, those that aren't told one by one too.
  public var callCount: UInt64 {
    let (result, overflow) = sum(\.count).addingReportingOverflow(omittedCalls)
    return overflow ? .max : result
  }
  /// Bytes read from files.
  public var readBytes: UInt64 { sum { $0.kind == .read ? $0.bytes : nil } }
  /// Bytes written to files.
  public var writeBytes: UInt64 { sum { $0.kind == .write ? $0.bytes : nil } }
  public var syncCalls: UInt64 { sum { $0.kind == .sync ? $0.count : nil } }
  public var errorCount: UInt64 { sum(\.errors) }
  /// Time in calls about files, all threads together, nanoseconds: it may be more than it was traced.
  public var blockedNanoseconds: UInt64 { sum { $0.kind.isFileWork ? $0.nanoseconds : nil } }
}
