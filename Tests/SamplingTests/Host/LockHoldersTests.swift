import Foundation
import ProcFS
import Records
import TestSupport
import Testing

@testable import Sampling

@Suite("Who holds a lock that somebody waits for", .serialized)
struct LockHoldersTests {
  @Test(
    "flock(2) and its waiter, as real processes",
    .enabled(if: Machine.isRoot && Machine.has("flock"), "needs root and flock"))
  func realFlock() async throws {
    let folder = try TestFolder()
    let path = try folder.write("", to: "the lock")
    let holder = try Program(["flock", path, "sleep", "60"])
    let waiter = try await waiting(on: path) { try Program(["flock", path, "true"]) }
    let lock = try await contended(path) { $0.holder == holder.pid }
    #expect(lock.kind == .flock && lock.isExclusive)
    #expect(lock.holder == holder.pid)
    #expect(lock.waiters == [waiter.pid])
    #expect(lock.path == path)
    #expect(lock.client == nil)
  }

  @Test(
    "A lock whose taker has gone is held by who inherited the open file",
    .enabled(if: Machine.isRoot && Machine.has("flock"), "needs root and flock"))
  func inheritedFlock() async throws {
    let folder = try TestFolder()
    let path = try folder.write("", to: "lock")
    let holder = try Program(["sh", "-c", "exec 9>'\(path)'; flock 9; exec sleep 60"])
    let waiter = try await waiting(on: path) { try Program(["flock", path, "true"]) }
    let lock = try await contended(path) { $0.holder == holder.pid }
    #expect(lock.holder == holder.pid)
    #expect(lock.waiters == [waiter.pid])
    #expect(lock.path == path)
  }

  @Test(
    "fcntl(2): of a process, and of an open file, which names nobody",
    .enabled(if: Machine.isRoot && Machine.has("perl"), "needs root and perl"),
    arguments: [(FileLock.Kind.posix, 6, 7), (.openFile, 37, 38)])
  func realRecordLock(kind: FileLock.Kind, take: Int32, wait: Int32) async throws {
    let folder = try TestFolder()
    let path = try folder.write("x", to: "data")
    let holder = try Program(Self.locking(path, take))
    let waiter = try await waiting(on: path) { try Program(Self.locking(path, wait)) }
    let lock = try await contended(path) { $0.kind == kind && $0.holder == holder.pid }
    #expect(lock.holder == holder.pid)
    #expect(lock.waiters == (kind == .posix ? [waiter.pid] : []))
    #expect(lock.path == path)
  }

  @Test("A recorded tree: nfsd's lock is its client's; lockd's client is unknown")
  func nfs() throws {
    let tree = try HostTree()
    try tree.set(
      """
      1: POSIX  ADVISORY  WRITE 70 fd:00:1234 0 EOF
      1: -> POSIX  ADVISORY  WRITE 90 fd:00:1234 0 EOF
      2: POSIX  ADVISORY  WRITE 71 fd:00:99 0 EOF
      2: -> POSIX  ADVISORY  WRITE 91 fd:00:99 0 EOF

      """, "locks")
    try tree.set("nfsd\n", "70/comm")
    try tree.set("lockd\n", "71/comm")
    try tree.set("address: \"10.0.0.7:862\"\n", "fs/nfsd/clients/4/info")
    try tree.set(
      "- 0x1: { type: lock, superblock: \"fd:00:1234\", filename: \"a/b\", owner: \"o\" }\n",
      "fs/nfsd/clients/4/states")
    var ticks = try HostTicks(tree)
    let locks = ticks.next().locks
    #expect(locks.map(\.holder) == [70, 71])
    #expect(locks.map(\.client) == ["10.0.0.7:862", nil])
    #expect(locks.map(\.path) == ["a/b", nil])
    #expect(locks.map(\.waiters) == [[90], [91]])
    // What was found stays, and goes with the lock.
    #expect(ticks.next().locks == locks)
    try tree.set("", "locks")
    #expect(ticks.next().locks.isEmpty)
  }

  @Test("A search ends within its budget, goes on at the next tick, and finds")
  func budget() throws {
    let tree = try HostTree()
    let locks = """
      1: FLOCK  ADVISORY  WRITE 5 00:19:1 0 EOF
      1: -> FLOCK  ADVISORY  WRITE 6 00:19:1 0 EOF

      """
    try tree.set(locks, "locks")
    let count = LockHolders.descriptorBudget + 200
    for pid in 10..<10 + count {
      try tree.folder.makeFolder("proc/\(pid)/fdinfo")
    }
    let last = 10 + count - 1
    try tree.set("pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 5 00:19:1 0 EOF\n", "\(last)/fdinfo/3")
    try tree.set("", "\(last)/stat")
    try tree.folder.makeFolder("proc/\(last)/fd")
    symlink("/srv/the.lock", tree.folder.file("proc/\(last)/fd/3"))
    var ticks = try HostTicks(tree)
    #expect(ticks.next().locks.first?.holder == nil)
    let found = ticks.next().locks.first
    #expect(found?.holder == Int32(last))
    #expect(found?.path == "/srv/the.lock")
  }

  /// Perl knows `fcntl` and `struct flock`; `code` is F_SETLK, F_SETLKW or their open-file kin.
  private static func locking(_ path: String, _ code: Int32) -> [String] {
    let script = """
      open(my $f, '+<', $ARGV[0]) or die; my $l = pack('s s x4 q q i x4', 1, 0, 0, 0, 0);
      fcntl($f, \(code), $l) or die "$!"; sleep 60;
      """
    return ["perl", "-e", script, path]
  }

  /// Starts a waiter once the lock is taken.
  private func waiting(on path: String, _ start: () throws -> Program) async throws -> Program {
    var status = stat()
    try #require(stat(path, &status) == 0)
    let inode = ":\(status.st_ino) "
    try await until("the lock taken") { TestFolder.text("/proc/locks").contains(inode) }
    return try start()
  }

  /// The lock on the file at `path` that a sampler shows, once it does.
  private func contended(
    _ path: String, until isDone: (FileLock) -> Bool
  ) async throws -> FileLock {
    var status = stat()
    try #require(stat(path, &status) == 0)
    var sampler = try HostSampler()
    var found: FileLock?
    try await until("\(path) among the locks") {
      var tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc)
      sampler.sample(into: &tick)
      found = tick.locks.first { $0.file.hasSuffix(":\(status.st_ino)") }
      return found.map(isDone) ?? false
    }
    return try #require(found)
  }
}
