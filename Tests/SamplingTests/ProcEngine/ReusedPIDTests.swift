import Foundation
import Records
import TestSupport
import Testing

@testable import Sampling

/// Trap 2, forced: in a pid namespace of its own, where nobody else's pids are given away again.
@Suite(
  "pids that are used again",
  .enabled(if: Machine.isRoot && Machine.has("python3"), "needs root and python3"), .live)
struct ReusedPIDTests {
  /// The first process of the namespace. It starts one that sleeps; when told so it ends that one
  /// and gives its pid to another, which writes. Some ticks of the clock that starts are told in
  /// (USER_HZ) lie between them: of one and the same tick they couldn't be told apart.
  private static let script = """
    import os, signal, sys, time
    first = os.fork()
    if first == 0:
      time.sleep(60)
      os._exit(0)
    print(first, flush=True)
    sys.stdin.readline()
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    time.sleep(0.05)
    with open("/proc/sys/kernel/ns_last_pid", "w") as last: last.write(str(first - 1))
    second = os.fork()
    if second == 0:
      with open(sys.argv[1], "w") as file: file.write("x" * 100000)
      time.sleep(60)
      os._exit(0)
    print(second, flush=True)
    sys.stdin.readline()
    """

  @Test("who has a pid now isn't who had it before", arguments: [1000, 0])
  func reusedPID(descriptorLimit: Int) async throws {
    let folder = try TestFolder()
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let input = open(fifo, O_RDWR)
    defer { close(input) }
    let program = try Program([
      "sh", "-c",
      "exec unshare -pf --kill-child --mount-proc python3 -c \"$1\" \"$2\" <\"$0\"", fifo,
      Self.script, folder.file("x"),
    ])
    try await until("the first to sleep", detail: { program.errorText }) {
      program.outputText.split(separator: "\n").count == 1
    }
    let leader = try #require(ProcessTree.descendants(of: program.pid).min())
    let watch = try EngineWatch("/proc/\(leader)/root/proc", descriptorLimit: descriptorLimit)
    #expect(!watch.seesEnds)
    try watch.tick()
    #expect(watch.processCount == 2)
    #expect(write(input, "\n", 1) == 1)
    try await until("the pid to be used again") { folder.read("x").count == 100_000 }
    try await until("both to be told") {
      program.outputText.split(separator: "\n").count == 2
    }
    let pids = program.outputText.split(separator: "\n").compactMap { pid_t($0) }
    #expect(pids.count == 2 && pids.first == pids.last)
    let pid = try #require(pids.first)
    try watch.tick()
    try watch.tick()
    let those = watch.totals.values.filter { $0.id.pid == pid }
    #expect(those.count == 2)
    let first = try #require(those.first { $0.hasEnded })
    let heir = try #require(those.first { !$0.hasEnded })
    #expect(first.io.value?.writeCharacters ?? 0 == 0 && first.id.startTicks <= heir.id.startTicks)
    #expect((100_000..<110_000).contains(Int(heir.io.value?.writeCharacters ?? 0)))
    program.send(SIGKILL)
    try await program.end()
  }
}
