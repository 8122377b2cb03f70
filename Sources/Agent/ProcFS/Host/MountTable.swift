import Bytes

/// A mount, as `/proc/PID/mountinfo` lists it (proc_pid_mountinfo(5), fs/proc_namespace.c).
public struct MountEntry: Equatable, Sendable {
  /// How bytes read and written there show up in tasks' counters and devices' sums.
  public enum Accounting: Sendable {
    /// They pass through this host's block devices and are charged to who caused them.
    case local
    /// They go over the network: no device of this host moves.
    case network
    /// A program serves them: whatever it reads and writes is charged to it.
    case userspace
    /// The file system has its own cache and threads (ZFS, bcachefs): charged to those.
    case ownCache
    /// Nothing is stored.
    case memory
  }

  /// The number that `mnt_id:` of proc_pid_fdinfo(5) names.
  public var number: Int32
  public var major: UInt32
  public var minor: UInt32
  /// `ext4`, `nfs4`, `fuse.sshfs`; printable, bounded.
  public var type: String
  public var mountPoint: String
  public var source: String
  /// Options of the file system (`hidepid=2`).
  public var options: String

  public var accounting: Accounting {
    switch type {
    case "zfs", "bcachefs": .ownCache
    case "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "afs", "ncpfs", "lustre", "gfs2",
      "ocfs2", "beegfs", "virtiofs", "glusterfs":
      .network
    case "proc", "sysfs", "tmpfs", "ramfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "debugfs",
      "tracefs", "securityfs", "bpf", "pstore", "mqueue", "hugetlbfs", "configfs", "fusectl",
      "nsfs", "rpc_pipefs", "nfsd", "binfmt_misc", "autofs", "efivarfs", "selinuxfs":
      .memory
    default: type == "fuse" || type == "fuseblk" || type.hasPrefix("fuse.") ? .userspace : .local
    }
  }

  /// A line: `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
  init?(_ line: Span<UInt8>) {
    var cursor = 0
    guard let number = line.nextCounter(&cursor).flatMap({ Int32(exactly: $0) }),
      line.nextCounter(&cursor) != nil,
      let device = line.nextWord(&cursor),
      let colon = line.first(UInt8(ascii: ":"), in: device),
      let major = line.decimal(in: device.lowerBound..<colon),
      let minor = line.decimal(in: colon + 1..<device.upperBound),
      line.nextWord(&cursor) != nil, let mountPoint = line.nextWord(&cursor),
      line.nextWord(&cursor) != nil
    else { return nil }
    // Optional fields end with a single hyphen.
    while let word = line.nextWord(&cursor), !line.equals("-", in: word) {}
    guard let type = line.nextWord(&cursor), let source = line.nextWord(&cursor) else {
      return nil
    }
    self.number = number
    self.major = UInt32(clamping: major)
    self.minor = UInt32(clamping: minor)
    self.type = Printable.text(line.extracting(type), limit: 64)
    self.mountPoint = MountEntry.text(line.extracting(mountPoint))
    self.source = MountEntry.text(line.extracting(source))
    options = line.nextWord(&cursor).map { Printable.text(line.extracting($0)) } ?? ""
  }

  /// Blank, tab, newline, backslash and hash are written as three octal digits (mangle_path).
  private static func text(_ word: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    var index = 0
    while index < word.count, bytes.count < 4096 {
      let escaped = octal(word, index)
      bytes.append(escaped ?? word[index])
      index += escaped == nil ? 1 : 4
    }
    return Printable.text(bytes.span)
  }

  private static func octal(_ word: Span<UInt8>, _ index: Int) -> UInt8? {
    guard word[index] == UInt8(ascii: "\\"), index + 3 < word.count else { return nil }
    var value = 0
    for place in index + 1...index + 3 {
      let digit = word[place] &- UInt8(ascii: "0")
      guard digit < 8 else { return nil }
      value = value << 3 | Int(digit)
    }
    return UInt8(exactly: value)
  }
}

/// What is mounted where; read when somebody asks, not at each tick.
public struct MountTable: Equatable, Sendable {
  /// Most mounts kept: hosts of containers have thousands.
  public static let limit = 16_384

  /// In the kernel's order.
  public private(set) var entries: [MountEntry] = []

  public init() {}

  public init(_ text: Span<UInt8>) {
    var cursor = 0
    while entries.count < MountTable.limit, let range = text.nextWholeLine(&cursor) {
      if let entry = MountEntry(text.extracting(range)) { entries.append(entry) }
    }
  }

  /// The mount of this number.
  public subscript(number: Int32) -> MountEntry? { entries.first { $0.number == number } }

  /// The file system on a device, where it is mounted (btrfs and overlayfs have numbers of their
  /// own).
  public subscript(major: UInt32, minor: UInt32) -> MountEntry? {
    entries.first { $0.major == major && $0.minor == minor }
  }

  /// The mount that a path lies in: the longest mount point, of equal ones the last.
  public func mount(of path: String) -> MountEntry? {
    var best: MountEntry?
    for entry in entries where MountTable.covers(entry.mountPoint, path) {
      if entry.mountPoint.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = entry }
    }
    return best
  }

  private static func covers(_ mountPoint: String, _ path: String) -> Bool {
    if mountPoint == "/" { return path.utf8.first == UInt8(ascii: "/") }
    guard path.utf8.starts(with: mountPoint.utf8) else { return false }
    let rest = path.utf8.dropFirst(mountPoint.utf8.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "/")
  }
}
