import Bytes
import ProcFS
import Records

/// Finds who holds a lock that somebody waits for, and the file's path.
///
/// `/proc/locks` names the process that took the lock. It may have gone and left the open file to
/// others (`exec 9>lock; flock 9` in a shell: the process that took it was `flock`); an open-file
/// lock names nobody; nfsd and lockd take locks for clients. What was found is kept for as long as
/// the lock is there, and looking costs at most ``descriptorBudget`` descriptors a tick.
struct LockHolders {
  struct Found: Equatable {
    var holder: Int32?
    var path: String?
    var client: String?
  }

  private struct Key: Hashable {
    var kind: FileLock.Kind
    var file: String
    var pid: Int32?
  }

  private struct Entry {
    var found: Found
    /// Processes that are still to be searched, the likeliest last.
    var pending: [Int32] = []
    /// Ticks until it is searched again.
    var retry = 0
    var isSeen = true
  }

  static let descriptorBudget = 1000
  /// Ticks between two searches for a holder that wasn't found.
  static let retryTicks = 60

  private var entries: [Key: Entry] = [:]
  private var budget = 0

  /// Completes `locks`; forgets those that have gone.
  mutating func complete(
    _ locks: inout [FileLock], proc: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) {
    guard !locks.isEmpty || !entries.isEmpty else { return }
    budget = LockHolders.descriptorBudget
    for key in entries.keys { entries[key]?.isSeen = false }
    for index in locks.indices { complete(&locks[index], proc, &buffer) }
    entries = entries.filter { $0.value.isSeen }
  }

  private mutating func complete(
    _ lock: inout FileLock, _ proc: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) {
    let key = Key(kind: lock.kind, file: lock.file, pid: lock.holder)
    var entry = entries[key] ?? begin(lock, proc, &buffer)
    entry.isSeen = true
    if let holder = entry.found.holder, holder != lock.holder,
      proc.status(ProcPath(pid: holder, "stat")) == nil
    {
      entry = begin(lock, proc, &buffer)
    }
    search(&entry, for: lock, proc, &buffer)
    entries[key] = entry
    lock.holder = entry.found.holder
    lock.path = entry.found.path
    lock.client = entry.found.client
  }

  /// A first look, at the process that the kernel names.
  private mutating func begin(
    _ lock: FileLock, _ proc: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> Entry {
    var entry = Entry(found: Found(holder: lock.holder))
    if let holder = lock.holder {
      if let client = server(holder, lock, proc, &buffer) {
        entry.found = client
        entry.retry = LockHolders.retryTicks
        return entry
      }
      switch LockedFile.find(lock, of: holder, in: proc, using: &buffer, budget: &budget) {
      case .held(let path):
        entry.found.path = path
        return entry
      // We may not look: believe what /proc/locks says.
      case .denied: return entry
      case .vanished: entry.found.holder = nil
      case .none: if lock.kind == .posix { return entry }
      }
    }
    entry.pending = candidates(lock, proc, &buffer)
    return entry
  }

  /// nfsd and lockd hold locks for others: the client, where nfsd knows it.
  private func server(
    _ pid: Int32, _ lock: FileLock, _ proc: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> Found? {
    guard proc.readRecord(ProcPath(pid: pid, "comm"), into: &buffer) == .bytes else { return nil }
    let isServer = buffer.withBytes {
      $0.starts(with: "nfsd\n") || $0.starts(with: "lockd\n")
    }
    guard isServer else { return nil }
    let holder = NFSClients.holder(of: lock.file, in: proc, using: &buffer)
    return Found(holder: pid, path: holder?.file, client: holder?.client)
  }

  /// All processes but those that wait, the nearest in age to who took the lock last: a process
  /// that inherited the file is its parent, child or sibling.
  private func candidates(
    _ lock: FileLock, _ proc: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> [Int32] {
    let near = Int64(lock.holder ?? lock.waiters.first ?? 0)
    var pids: [Int32] = []
    _ = proc.listNumbers(ProcPath(), using: &buffer) { pid in
      if pid != lock.holder { pids.append(pid) }
    }
    pids.sort { abs(Int64($0) - near) > abs(Int64($1) - near) }
    return pids
  }

  private mutating func search(
    _ entry: inout Entry, for lock: FileLock, _ proc: borrowing ProcRoot,
    _ buffer: inout ReadBuffer
  ) {
    if entry.retry > 0 {
      entry.retry -= 1
      if entry.retry == 0 { entry = begin(lock, proc, &buffer) }
    }
    while budget > 0, let pid = entry.pending.popLast() {
      let answer = LockedFile.find(lock, of: pid, in: proc, using: &buffer, budget: &budget)
      if case .held(let path) = answer {
        entry.found = Found(holder: pid, path: path)
        entry.pending = []
        return
      }
      if entry.pending.isEmpty { entry.retry = LockHolders.retryTicks }
    }
  }
}

/// A locked file among a process's descriptors.
enum LockedFile {
  enum Answer: Equatable {
    /// The path, where the kernel tells it.
    case held(path: String?)
    case none
    case denied
    case vanished
  }

  /// Most descriptors of one process that are looked at.
  static let limit = 4096

  /// Looks at `lock:` lines of `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5), since Linux 3.19): the
  /// file that holds the very lock, where comparing inodes would also find who waits. Nothing of
  /// the file itself is asked, which may be on a server that doesn't answer.
  static func find(
    _ lock: FileLock, of pid: Int32, in proc: borrowing ProcRoot, using buffer: inout ReadBuffer,
    budget: inout Int
  ) -> Answer {
    var numbers: [Int32] = []
    let outcome = proc.listNumbers(ProcPath(pid: pid, "fdinfo"), using: &buffer) { number in
      if numbers.count < limit { numbers.append(number) }
    }
    budget -= 1
    switch outcome {
    case .bytes: break
    case .denied: return .denied
    case .vanished: return .vanished
    case .failed: return .none
    }
    for number in numbers {
      budget -= 1
      var path = ProcPath(pid: pid, "fdinfo/")
      path.append(number: Int64(number))
      guard proc.readRecord(path, into: &buffer) == .bytes,
        buffer.withBytes({ holds(lock, $0) })
      else { continue }
      return .held(path: target(pid, number, proc, &buffer))
    }
    return .none
  }

  static func holds(_ lock: FileLock, _ text: Span<UInt8>) -> Bool {
    var cursor = 0
    while let range = text.nextLine(&cursor) {
      let line = text.extracting(range)
      guard line.starts(with: "lock:") else { continue }
      let rest = line.extracting(5..<line.count)
      if let held = LockLine(rest), !held.isWaiting, held.kind == lock.kind,
        rest.extracting(held.file).isEqual(to: lock.file)
      {
        return true
      }
    }
    return false
  }

  private static func target(
    _ pid: Int32, _ number: Int32, _ proc: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> String? {
    var path = ProcPath(pid: pid, "fd/")
    path.append(number: Int64(number))
    guard proc.readLink(path, into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { Printable.text($0) }
  }
}

extension Span<UInt8> {
  func isEqual(to text: String) -> Bool {
    guard count == text.utf8.count else { return false }
    var index = 0
    for byte in text.utf8 {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }
}
