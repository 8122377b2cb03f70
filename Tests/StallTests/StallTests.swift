import Foundation
import Glibc
import TestSupport
import Testing

/// Each stall is what it says, in the kernel's own words.
@Suite(.enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)), .live)
struct StallTests {
  @Test(.enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)))
  func aFrozenDiskHoldsItsWriter() async throws {
    let frozen = try await FrozenDisk.make()
    let state = try #require(TaskState(pid: frozen.victim))
    #expect(state.state == "D")
    #expect(
      !Set(state.stack).isDisjoint(with: ["percpu_rwsem_wait", "__percpu_down_read"]), "\(state)")
    try await frozen.release()
    #expect(frozen.writer?.hasEnded == true)
    #expect(!Self.isMounted(frozen.disk.path))
  }

  @Test(
    .enabled(if: Machine.canThrottle, Comment(rawValue: Machine.needsThrottle)),
    arguments: ThrottledDisk.Work.allCases)
  func aThrottledProcessWaitsForItsDisk(work: ThrottledDisk.Work) async throws {
    let throttled = try await ThrottledDisk.make(work)
    // Most of the time, and not only once.
    var waiting = 0
    for _ in 0..<20 {
      let state = try #require(TaskState(pid: throttled.victim))
      if state.state == "D" { waiting += 1 }
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(waiting >= 10, "\(waiting) of 20 looks")
    let state = try await TaskState.await(throttled.victim, "a wait") {
      $0.state == "D" && !$0.stack.isEmpty
    }
    let frames: Set<String> =
      switch work {
      case .directRead, .directWrite:
        ["__iomap_dio_rw", "blkdev_direct_IO", "do_blockdev_direct_IO"]
      case .fsyncedWrite:
        ["folio_wait_writeback", "wait_on_page_writeback", "jbd2_log_wait_commit"]
      case .bufferedRead: ["filemap_get_pages", "filemap_read", "generic_file_buffered_read"]
      }
    #expect(!frames.isDisjoint(with: state.stack), "\(state)")
    try await throttled.release()
    #expect(!FileManager.default.fileExists(atPath: throttled.cgroup))
    #expect(!Self.isMounted(throttled.disk.path))
  }

  @Test(
    .enabled(if: Machine.canMountFUSE, Comment(rawValue: Machine.needsFUSE)),
    arguments: HungFUSE.Victim.allCases)
  func whoAsksAHungServerWaits(kind: HungFUSE.Victim) async throws {
    let hung = try await HungFUSE.make()
    let pid = try await hung.hang(kind)
    let state = try #require(TaskState(pid: pid))
    #expect(state.state == (kind == .bufferedRead ? "D" : "S"), "\(state)")
    #expect(state.stack.contains("request_wait_answer") == (kind != .bufferedRead), "\(state)")
    #expect(hung.connection > 0)
    #expect(try #require(hung.waiting) > 0)
    #expect(TaskState(pid: hung.server)?.state == "S")
    try await hung.release()
    #expect(TaskState(pid: pid) == nil)
    #expect(!Self.isMounted(hung.path))
  }

  @Test(.enabled(if: Machine.canMountFUSE, Comment(rawValue: Machine.needsFUSE)))
  func aKilledVictimOfAHungServerStaysInD() async throws {
    let hung = try await HungFUSE.make()
    let pid = try await hung.hang(.stat)
    kill(pid, SIGKILL)
    let state = try await TaskState.await(pid, "the killed to wait in D") { $0.state == "D" }
    #expect(state.wchan == "request_wait_answer")
    try await hung.release()
    #expect(TaskState(pid: pid) == nil)
  }

  @Test(arguments: HeldLock.Kind.allCases)
  func whoWaitsForALockSleeps(kind: HeldLock.Kind) async throws {
    let lock = try await HeldLock.make(kind, waiters: 2)
    for pid in lock.waiters {
      #expect(TaskState(pid: pid)?.state == "S")
    }
    let lines = TestFolder.text("/proc/locks").split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
    let word = kind == .flock ? "FLOCK" : "POSIX"
    #expect(lines.contains { $0.contains(word) && $0.contains("\(lock.holder)") && $0[1] != "->" })
    for pid in lock.waiters {
      #expect(lines.contains { $0.contains(word) && $0.contains("\(pid)") && $0[1] == "->" })
    }
    let truths = try await lock.release()
    #expect(truths.map(\.pid) == lock.waiters)
  }

  @Test
  func aVforkParentWaitsForNoDisk() async throws {
    let stall = try await VforkParent.make()
    let state = try #require(TaskState(pid: stall.parent))
    #expect(state.state == "D")
    #expect(
      !Set(state.stack).isDisjoint(with: [
        "kernel_clone", "_do_fork", "do_fork", "wait_for_vfork_done",
      ])
        || state.stack.isEmpty && !Machine.isRoot, "\(state)")
    #expect(stall.child != stall.parent)
    #expect(TaskState(pid: stall.child)?.name == "vfork-child")
    try await stall.release()
    #expect(TaskState(pid: stall.child) == nil)
  }

  private static func isMounted(_ path: String) -> Bool {
    TestFolder.text("/proc/self/mountinfo").contains(" \(path) ")
  }
}

/// Alone, for whoever lists the processes meanwhile hangs too.
@Suite(.enabled(if: Machine.canMountFUSE, Comment(rawValue: Machine.needsFUSE)), .liveAlone)
struct StuckReaderTests {
  @Test
  func readingAStuckProcessHangs() async throws {
    let hung = try await HungFUSE.make()
    let pid = try await hung.hangUnreadably()
    let reader = try Program(["cat", "/proc/\(pid)/cmdline"])
    try await TaskState.await(reader.pid, "the reader to hang") {
      $0.stack.contains("proc_pid_cmdline_read") && $0.state != "R"
    }
    #expect(!reader.hasEnded)
    // What a tick reads of it stays readable.
    #expect(TaskState(pid: pid)?.state == "D")
    try await hung.release()
    // With or without the words: the process may have gone meanwhile.
    try await reader.end()
  }
}
