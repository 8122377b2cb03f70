import Foundation
import Records
import TestSupport
import Testing

@testable import Sampling

/// By itself: while it runs, pids of any other test's processes may be used again at once.
@Suite("pids that are used again", .liveAlone)
struct ReusedPIDTests {
  /// Trap 2, forced.
  @Test(
    "a pid that is used again is another process",
    .enabled(if: Machine.isRoot && Machine.has("python3"), "needs root and python3"),
    .timeLimit(.minutes(8)))
  func reusedPID() async throws {
    for descriptorLimit in [1000, 0] { try await reusePID(descriptorLimit) }
  }

  private func reusePID(_ descriptorLimit: Int) async throws {
    let folder = try TestFolder()
    let script = """
      import os, sys, time
      pid = int(sys.argv[1])
      for attempt in range(2000):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last: last.write(str(pid - 1))
        child = os.fork()
        if child == 0:
          if os.getpid() != pid: os._exit(0)
          with open(sys.argv[2], "w") as file: file.write("x" * 100000)
          time.sleep(60)
          os._exit(0)
        if child == pid: break
        os.waitpid(child, 0)
      else:
        sys.exit(1)
      os.waitpid(child, 0)
      """
    let first = try Program(["sleep", "60"])
    let watch = try EngineWatch(descriptorLimit: descriptorLimit)
    try watch.tick()
    first.send(SIGKILL)
    try await first.end()
    let second = try Program(["python3", "-c", script, "\(first.pid)", folder.file("x")])
    try await until("the pid to be used again") { folder.read("x").count == 100_000 }
    try watch.tick()
    try watch.tick()
    let those = watch.totals.values.filter { $0.id.pid == first.pid }
    // Somebody else may have had it in between.
    #expect(those.contains { $0.hasEnded })
    let heir = try #require(those.first { !$0.hasEnded })
    #expect((100_000..<200_000).contains(Int(heir.io.value?.writeCharacters ?? 0)))
    for other in those where other.id != heir.id {
      #expect(other.hasEnded && other.io.value?.writeCharacters ?? 0 < 100_000)
    }
    kill(first.pid, SIGKILL)
    try await second.end()
  }
}
