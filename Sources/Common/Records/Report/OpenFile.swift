/// What a process has open beside sockets.
public struct OpenFiles: Equatable, Sendable {
  /// Those that grow first, the fastest before, then by descriptor.
  public var told: Reading<[OpenFile]>
  /// How many more there are among the descriptors that were looked at.
  public var omitted: Int
  /// Where they are mounted, by ``OpenFile/mount``.
  public var mounts: [FileMount]

  public init(
    told: Reading<[OpenFile]> = .gap, omitted: Int = 0, mounts: [FileMount] = []
  ) {
    self.told = told
    self.omitted = omitted
    self.mounts = mounts
  }

  public func mount(of file: OpenFile) -> FileMount? {
    guard let number = file.mount.value else { return nil }
    return mounts.first { $0.number == number }
  }
}

/// An open file, as its descriptor shows it: the file system itself was not asked where it may
/// hang.
public struct OpenFile: Equatable, Sendable {
  public enum Kind: UInt8, CaseIterable, Sendable {
    case file = 1
    /// Opened as a folder.
    case folder = 2
    case pipe = 3
    case device = 4
    /// An epoll, an eventfd, a timer, …: `anon_inode:` and what it is.
    case anonymous = 5
    /// A ring of io_uring: what goes through it, strace can't see.
    case ring = 6
    /// A namespace.
    case namespace = 7
    /// Memory under a descriptor (memfd_create(2)).
    case memory = 8
    case other = 0

    /// The name in JSON.
    public var name: String { String(describing: self) }
  }

  public enum Access: UInt8, CaseIterable, Sendable {
    case read = 0
    case write = 1
    case readWrite = 2
    /// It stands for a place only (`O_PATH`).
    case path = 3

    /// `r`, `w`, `rw`, `path`.
    public var name: String {
      switch self {
      case .read: "r"
      case .write: "w"
      case .readWrite: "rw"
      case .path: "path"
      }
    }
  }

  /// How it was opened, beyond the access (open(2)).
  public struct Flags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let append = Flags(rawValue: 1)
    public static let nonBlocking = Flags(rawValue: 2)
    /// Past the page cache.
    public static let direct = Flags(rawValue: 4)
    /// Each write waits until the data is on the disk, or everything of the file.
    public static let dataSync = Flags(rawValue: 8)
    public static let sync = Flags(rawValue: 16)
    public static let closeOnExec = Flags(rawValue: 32)
    /// It never had a name.
    public static let temporary = Flags(rawValue: 64)

    /// In the order of their bits, by the names of open(2) without `O_`.
    public static let names: [(flag: Flags, name: String)] = [
      (.append, "append"), (.nonBlocking, "nonblock"), (.direct, "direct"), (.dataSync, "dsync"),
      (.sync, "sync"), (.closeOnExec, "cloexec"), (.temporary, "tmpfile"),
    ]

    public var names: [String] { Flags.names.filter { contains($0.flag) }.map(\.name) }
  }

  public var descriptor: Int32
  public var kind: Kind
  /// Where it leads to; `pipe:[…]` and the like where that is no path.
  public var path: Reading<String>
  /// Whether no folder has it any more: its room comes back when the last who has it open ends.
  public var isDeleted: Bool
  public var access: Reading<Access>
  public var flags: Flags
  public var offset: Reading<UInt64>
  /// How far the offset went while the report was made, bytes; a gap where it was looked at once.
  public var advance: Reading<Int64>
  /// Bytes; `unsupported` where the file system may hang and wasn't asked, and of what has none.
  public var size: Reading<UInt64>
  /// The number of its mount (proc_pid_fdinfo(5), since Linux 3.15).
  public var mount: Reading<Int32>

  public init(
    descriptor: Int32, kind: Kind, path: Reading<String>, isDeleted: Bool = false,
    access: Reading<Access> = .gap, flags: Flags = [], offset: Reading<UInt64> = .gap,
    advance: Reading<Int64> = .gap, size: Reading<UInt64> = .unsupported,
    mount: Reading<Int32> = .gap
  ) {
    self.descriptor = descriptor
    self.kind = kind
    self.path = path
    self.isDeleted = isDeleted
    self.access = access
    self.flags = flags
    self.offset = offset
    self.advance = advance
    self.size = size
    self.mount = mount
  }
}

/// What is mounted where an open file lies.
public struct FileMount: Equatable, Sendable {
  /// As the process's own mount namespace numbers it.
  public var number: Int32
  public var mountPoint: String
  /// `ext4`, `nfs4`, `fuse.sshfs`.
  public var type: String
  /// Device, server or whatever was mounted.
  public var source: String
  public var major: UInt32
  public var minor: UInt32

  public init(
    number: Int32, mountPoint: String, type: String, source: String, major: UInt32,
    minor: UInt32
  ) {
    self.number = number
    self.mountPoint = mountPoint
    self.type = type
    self.source = source
    self.major = major
    self.minor = minor
  }
}
