/// A file lock somebody waits for, and who (proc_locks(5)).
public struct FileLock: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// flock(2): of an open file.
    case flock
    /// fcntl(2) `F_SETLK`: of a process.
    case posix
    /// fcntl(2) `F_OFD_SETLK`: of an open file; the kernel names no process.
    case openFile = "ofd"
    case lease
    case other
  }

  public var kind: Kind
  /// Whether it is held for writing (exclusive).
  public var isExclusive: Bool
  /// Who holds it: pid as the agent sees it; `nil` where the kernel says -1 or 0 (an open-file
  /// lock, a client of lockd or nfsd, another pid namespace).
  public var holder: Int32?
  /// Who waits for it, in the order of /proc/locks.
  public var waiters: [Int32]
  /// `major:minor:inode`, as the kernel prints it.
  public var file: String
  /// The file's path, found among the holder's descriptors; `nil` where none was found.
  public var path: String?
  /// The NFS client that holds it, where nfsd knows.
  public var client: String?

  public init(
    kind: Kind, isExclusive: Bool, holder: Int32?, waiters: [Int32], file: String,
    path: String? = nil, client: String? = nil
  ) {
    self.kind = kind
    self.isExclusive = isExclusive
    self.holder = holder
    self.waiters = waiters
    self.file = file
    self.path = path
    self.client = client
  }
}
