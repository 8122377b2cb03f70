import Records

/// Reads who a process is: what is asked once per identity, whichever engine found it.
public struct ProcessIdentityReader: ~Copyable {
  private let root: ProcRoot
  private var guarded: GuardedReader
  private var users: UserNames
  private let policy: CommandLinePolicy
  private var ancestors: [Int32: TaskStat] = [:]
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)

  /// - Throws: `ProcError.open`, where there is no such root.
  public init(
    root path: String = "/proc", policy: CommandLinePolicy = .masked, users: UserNames = UserNames()
  ) throws(ProcError) {
    root = try ProcRoot(path)
    guarded = GuardedReader(root: root)
    self.users = users
    self.policy = policy
  }

  /// `nil` where the process is gone, or its pid is another's by now. A command line that couldn't
  /// be had in time is a gap; ask again later.
  public mutating func identity(of id: ProcessID) -> ProcessIdentity? {
    guard let stat = stat(id.pid), stat.startTicks == id.startTicks else { return nil }
    var identity = ProcessIdentity(id: id, name: stat.name)
    identity.userID = owner(id.pid)
    identity.user = identity.userID.value.flatMap { users.name(of: $0) }
    identity.commandLine = stat.isKernelThread ? .known("") : commandLine(id)
    readControlGroup(id, into: &identity)
    identity.ancestors = ancestors(ofChildOf: stat.parentPID)
    return identity
  }

  private mutating func stat(_ pid: Int32) -> TaskStat? {
    guard root.readRecord(ProcPath(pid: pid, "stat"), into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { TaskStat($0) }
  }

  /// The folder belongs to the effective user, but to root where the process may not be dumped
  /// (proc(5)): then `status` knows.
  private mutating func owner(_ pid: Int32) -> Reading<UInt32> {
    var folder = ProcPath()
    folder.append(number: Int64(pid))
    guard let status = root.status(folder) else { return .gap }
    guard status.st_uid == 0 else { return .known(status.st_uid) }
    return root.readRecord(ProcPath(pid: pid, "status"), into: &buffer).reading {
      buffer.withBytes { TaskStatus($0).userID }
    }
  }

  private mutating func commandLine(_ id: ProcessID) -> Reading<String> {
    let request = TaskFileRequest(pid: id.pid, file: .cmdline, startTicks: id.startTicks)
    guard case .read(let outcome) = guarded.read(request, into: &buffer) else { return .gap }
    return outcome.reading { buffer.withBytes { TaskCommandLine.text($0, policy: policy) } }
  }

  /// Before Linux 6.8 it takes the lock of all control groups, which may hang.
  private mutating func readControlGroup(_ id: ProcessID, into identity: inout ProcessIdentity) {
    let request = TaskFileRequest(pid: id.pid, file: .cgroup, startTicks: id.startTicks)
    guard case .read(let outcome) = guarded.read(request, into: &buffer) else {
      return identity.controlGroup = .gap
    }
    // A process that vanished would have done so before; here it is the kernel that has none.
    guard outcome != .vanished else { return identity.controlGroup = .unsupported }
    let group = outcome.reading { buffer.withBytes { TaskControlGroup($0) } }
    identity.controlGroup = group.map(\.path)
    identity.unit = group.value?.unit
    identity.container = group.value?.container
  }

  /// The process that has this pid now.
  public mutating func process(_ pid: Int32) -> ProcessID? {
    stat(pid).map { ProcessID(pid: pid, startTicks: $0.startTicks) }
  }

  /// `parent`, who started it, and so on: what is left of a child that is gone.
  public mutating func ancestors(ofChildOf parent: Int32) -> [ProcessIdentity.Ancestor] {
    var result: [ProcessIdentity.Ancestor] = []
    var parent = parent
    while parent > 0, result.count < ProcessIdentity.ancestorLimit {
      guard let next = ancestors[parent] ?? stat(parent) else { break }
      ancestors[parent] = next
      result.append(.init(pid: parent, name: next.name))
      parent = next.parentPID
    }
    return result
  }

  /// Ancestors are remembered, since many have the same; a pid may be another's after a while.
  public mutating func forgetAncestors() { ancestors.removeAll(keepingCapacity: true) }
}
