import Foundation
import Glibc
import TestSupport
import Testing

/// The load generator says the truth: the kernel counted the same.
@Suite(.enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)), .live)
struct LoadTests {
  /// What a file system may write beside the data, for metadata.
  private static let slack: Int64 = 256 << 10

  @Test(
    .enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)),
    arguments: ["--direct", "--fsync", "--buffered"], [1, 3])
  func writtenBytesAreCharged(mode: String, threads: Int) async throws {
    let disk = try await LoopDisk.make()
    let load = try LoadGenerator([
      "write", mode, "--threads", "\(threads)", "--bytes", "4M", "--go", "--hold", "--file",
      "\(disk.path)/file",
    ])
    try load.go()
    let truth = try await load.truth()
    let written = try #require(truth.written)
    let charged = try #require(Counters(pid: load.pid))
    #expect(written == 4 << 20)
    #expect(charged.writeBytes >= written && charged.writeBytes <= written + Self.slack)
    // Its report went through write(2) too.
    #expect(charged.wchar >= written && charged.wchar <= written + 4096)
    #expect(truth.tids?.count == threads)
    #expect(truth.tids?.contains(load.pid) == (threads == 1))
    try await load.finish()
    try await disk.release()
  }

  @Test(
    .enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)),
    arguments: [
      ["read", "--direct"], ["read", "--drop-cache", "--threads", "2"], ["reader-thread"],
    ])
  func readBytesAreCharged(words: [String]) async throws {
    let disk = try await LoopDisk.make()
    let file = ["--bytes", "4M", "--file", "\(disk.path)/file"]
    try await LoadGenerator(["write", "--direct"] + file).finish()
    let load = try LoadGenerator(words + ["--keep-threads", "--go", "--hold"] + file)
    try load.go()
    let truth = try await load.truth()
    let read = try #require(truth.read)
    let charged = try #require(Counters(pid: load.pid))
    #expect(read == 4 << 20)
    #expect(charged.readBytes >= read && charged.readBytes <= read + Self.slack)
    let leader = try #require(Counters(pid: load.pid, thread: load.pid))
    let isLeaders = words == ["read", "--direct"]
    #expect(isLeaders ? leader.readBytes >= read : leader.readBytes < Self.slack)
    // Of threads beside one another the first may read ahead for the others.
    let threads = (truth.tids ?? []).compactMap { Counters(pid: load.pid, thread: $0)?.readBytes }
    #expect(threads.reduce(0, +) >= read)
    try await load.finish()
    try await disk.release()
  }

  @Test(
    .enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)),
    arguments: [false, true])
  func whoDeletesIsChargedTheCancelledBytes(byChild: Bool) async throws {
    let disk = try await LoopDisk.make()
    let load = try LoadGenerator(
      ["delete-dirty", "--bytes", "4M", "--hold", "--file", "\(disk.path)/file"]
        + (byChild ? ["--by-child"] : []))
    let truth = try await load.truth()
    let deleter = try #require(truth.deleter)
    #expect((deleter != load.pid) == byChild)
    // Some of it may have been written back meanwhile.
    let cancelled = try #require(Counters(pid: deleter)).cancelledWriteBytes
    #expect(cancelled > 2 << 20 && cancelled <= 4 << 20)
    #expect(try #require(Counters(pid: load.pid)).writeBytes >= 4 << 20)
    try await load.finish()
    try await disk.release()
  }

  @Test(
    .enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)),
    arguments: ["--waited", "--ignored", "--orphaned"])
  func aChildsBytesGoToWhoWaitsForIt(end: String) async throws {
    let disk = try await LoopDisk.make()
    let load = try LoadGenerator([
      "fork", end, "--children", "8", "--bytes", "256k", "--go", "--hold", "--file",
      "\(disk.path)/file",
    ])
    try load.go()
    let truth = try await load.truth()
    #expect(truth.written == 2 << 20)
    #expect(Set(truth.pids ?? []).count == 8)
    let charged = try #require(Counters(pid: load.pid)).writeBytes
    #expect(end == "--waited" ? charged >= 2 << 20 : charged < Self.slack)
    try await load.finish()
    try await disk.release()
  }

  @Test
  func sleepersSleepUntilTheEnd() async throws {
    let load = try LoadGenerator(["sleepers", "--children", "50"])
    let pids = try #require(try await load.truth().pids)
    #expect(pids.count == 50)
    for pid in pids {
      try await TaskState.await(pid, "a sleeper") { $0.state == "S" && $0.name.contains("culprit") }
    }
    try await load.finish()
    #expect(pids.allSatisfy { TaskState(pid: $0) == nil })
  }

  @Test
  func theActiveSayHowOftenTheyWoke() async throws {
    let load = try LoadGenerator([
      "active", "--children", "10", "--hz", "10", "--seconds", "1", "--bytes", "100", "--hold",
    ])
    let pids = try #require(try await load.truth().pids)
    let truth = try await load.truth(number: 1)
    #expect(truth.wakes == 100)
    #expect(truth.written == 10_000)
    #expect(pids.reduce(0) { $0 + (Counters(pid: $1)?.wchar ?? 0) } == 10_000)
    try await load.finish()
    #expect(pids.allSatisfy { TaskState(pid: $0) == nil })
  }

  @Test(arguments: [("a) R 1 (b", "a) R 1 (b"), ("x\\ny", "x\ny"), ("\\xff\\e[2J", nil)])
  func aNameMayBeAnything(name: String, wanted: String?) async throws {
    let load = try LoadGenerator(["rename-comm", name])
    _ = try await load.truth()
    let comm = FileManager.default.contents(atPath: "/proc/\(load.pid)/comm").map(Array.init)
    #expect(comm == (wanted.map { Array($0.utf8) } ?? [0xff, 0x1b] + Array("[2J".utf8)) + [10])
    try await load.finish()
  }

  @Test(arguments: [[], ["--not-leader"]])
  func execKeepsThePid(words: [String]) async throws {
    let load = try LoadGenerator(["exec", "--go"] + words + ["sleep", "1000"])
    _ = try await load.truth()
    try load.go()
    try await TaskState.await(load.pid, "the other program") { $0.name == "sleep" }
    load.program.send(SIGKILL)
    #expect(try await load.finish().code == -SIGKILL)
  }

  @Test
  func itDiesWithItsParent() async throws {
    let lock = try await HeldLock.make(.flock)
    let shell = try Program([
      "sh", "-c", "\"$0\" wait-flock \"$1\" & echo $!; wait",
      Machine.executable("culprit-test-load"), lock.path,
    ])
    let pid = try await eventually("the pid") {
      shell.outputText.hasSuffix("\n") ? pid_t(shell.outputText.dropLast()) : nil
    }
    try await TaskState.await(pid, "the waiter") { $0.syscall == lock.kind.syscall }
    shell.send(SIGKILL)
    // Nobody may be there to wait for it.
    try await until("its end") { TaskState(pid: pid).map { $0.state == "Z" } ?? true }
    try await lock.release()
  }
}

/// The fields of proc_pid_io(5) that a load says the truth about.
private struct Counters {
  var wchar: Int64 = 0
  var readBytes: Int64 = 0
  var writeBytes: Int64 = 0
  var cancelledWriteBytes: Int64 = 0

  init?(pid: pid_t, thread: pid_t? = nil) {
    let task = thread.map { "/task/\($0)" } ?? ""
    let lines = TestFolder.text("/proc/\(pid)\(task)/io").split(separator: "\n")
    guard !lines.isEmpty else { return nil }
    for line in lines {
      let value = line.split(separator: " ").last.flatMap { Int64($0) } ?? -1
      if line.hasPrefix("wchar:") { wchar = value }
      if line.hasPrefix("read_bytes:") { readBytes = value }
      if line.hasPrefix("write_bytes:") { writeBytes = value }
      if line.hasPrefix("cancelled_write_bytes:") { cancelledWriteBytes = value }
    }
  }
}
