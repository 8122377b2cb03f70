import Foundation
import Records
import TestSupport
import Testing
import WaitReasons

/// Real stalls on this machine, from their real stacks.
@Suite(.enabled(if: Machine.isRoot, "reading /proc/PID/stack needs root"))
struct LiveStackTests {
  private func reason(of pid: pid_t) -> WaitReason {
    let report = StackReport.parse(TestFolder.text("/proc/\(pid)/stack"))
    return WaitReasons.reason(
      stack: report.tasks.first?.stack ?? [],
      waitChannel: TestFolder.text("/proc/\(pid)/wchan"))
  }

  @Test(.enabled(if: Machine.canFreeze, "needs loop devices, mkfs.ext4 and fsfreeze"))
  func aWriterOnAFrozenFileSystem() async throws {
    let folder = try TestFolder()
    let mount = try folder.makeFolder("mount")
    // One shell mounts, freezes, waits for the end of its input, and leaves nothing behind.
    let script = """
      truncate -s 32M "$0/image" && mkfs.ext4 -q "$0/image" && mount -o loop "$0/image" "$0/mount"
      trap 'fsfreeze -u "$0/mount"; umount "$0/mount" || umount -l "$0/mount"' EXIT
      fsfreeze -f "$0/mount" && touch "$0/frozen"
      while [ -e "$0/frozen" ]; do sleep 0.1; done
      """
    let freezer = try Program(["sh", "-c", script, folder.path])
    try await until("the file system to be frozen") {
      FileManager.default.fileExists(atPath: folder.file("frozen"))
    }
    let writer = try Program(["dd", "if=/dev/zero", "of=\(mount)/file", "bs=1k", "count=1"])
    // On its way there it may wait for a page of its own program.
    var found = WaitReason.unknown
    let hasWaited: Void? = try? await until("the writer to wait for the thaw") {
      found = reason(of: writer.pid)
      return found.kind == .frozen
    }
    try FileManager.default.removeItem(atPath: folder.file("frozen"))
    _ = try await writer.end()
    _ = try await freezer.end()
    #expect(hasWaited != nil)
    #expect(found.name == "frozen filesystem")
  }

  @Test(.enabled(if: Machine.has("flock"), "needs flock"))
  func aWaiterForAFileLock() async throws {
    let folder = try TestFolder()
    let file = try folder.write("", to: "lock")
    let holder = try Program(["flock", file, "sleep", "60"])
    try await until("the lock to be held") {
      TestFolder.text("/proc/locks").contains(" \(holder.pid) ")
    }
    let waiter = try Program(["flock", file, "true"])
    try await until("the waiter to sleep in flock") {
      reason(of: waiter.pid).name == "file lock"
    }
    waiter.send(SIGKILL)
    holder.send(SIGKILL)
  }

  @Test(.enabled(if: Machine.has("python3"), "needs python3"))
  func aVforkParent() async throws {
    // The child of vfork does nothing but pause(2), so its parent stays where it is.
    let script = """
      import ctypes
      libc = ctypes.CDLL(None)
      if libc.syscall(58) == 0:
          libc.syscall(34)
          libc._exit(0)
      """
    #if arch(x86_64)
      let parent = try Program(["python3", "-c", script])
      try await until("the parent to wait in D") { reason(of: parent.pid).name == "vfork child" }
      for child in ProcessTree.descendants(of: parent.pid) { kill(child, SIGKILL) }
      parent.send(SIGKILL)
    #endif
  }
}
