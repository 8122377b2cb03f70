import Foundation
import Records
import TestSupport
import Testing

@testable import Agent

/// Trap 2, forced in a pid namespace of its own, with the agent inside: there the clocks of
/// processes tell who ran, and nothing is held open that would know better.
@Suite(
  "a pid that is used again",
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.isRoot && Machine.has("python3"), "needs root and python3"), .live)
struct ReusedPIDTests {
  private static let script = """
    import os, signal, subprocess, sys, time
    frames = open(sys.argv[2], "wb")
    first = os.fork()
    if first == 0:
      time.sleep(60)
      os._exit(0)
    agent = subprocess.Popen(
      [sys.argv[1], "run", "--stdout", "--engine", "proc", "--interval", "200ms"], stdout=frames)
    while os.stat(sys.argv[2]).st_size < 2000: time.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    with open("/proc/sys/kernel/ns_last_pid", "w") as last: last.write(str(first - 1))
    second = os.fork()
    if second == 0:
      with open(sys.argv[3], "w") as file: file.write("x" * 100000)
      time.sleep(60)
      os._exit(0)
    print(first, second, flush=True)
    size = os.stat(sys.argv[2]).st_size
    while os.stat(sys.argv[2]).st_size < size + 3000: time.sleep(0.05)
    os.kill(second, signal.SIGKILL)
    agent.terminate()
    agent.wait()
    """

  @Test func whoHasItNowIsNotWhoHadItBefore() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let result = try await Program.run(
      [
        "unshare", "-pf", "--kill-child", "--mount-proc", "python3", "-c", Self.script,
        AgentProgram.path, folder.file("frames"), folder.file("x"),
      ], within: 90)
    #expect(result.code == 0, "\(result)")
    let pids = result.outputText.split(separator: " ").compactMap {
      Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    #expect(pids.count == 2 && pids.first == pids.last)
    let pid = try #require(pids.first)
    let frames = try Data(contentsOf: URL(fileURLWithPath: folder.file("frames")))
    let stream = try FrameCheck([UInt8](frames))
    var written: [ProcessID: UInt64] = [:]
    var ended: Set<ProcessID> = []
    for process in stream.ticks.flatMap(\.processes) where process.id.pid == pid {
      written[process.id, default: 0] += process.io.value?.writeCharacters ?? 0
      if process.hasEnded { ended.insert(process.id) }
    }
    #expect(written.count == 2, "\(written)")
    let first = try #require(written.keys.min { $0.startTicks < $1.startTicks })
    #expect(written[first] == 0 && ended.contains(first), "\(written)")
    let heir = try #require(written.keys.max { $0.startTicks < $1.startTicks })
    #expect((100_000..<110_000).contains(written[heir] ?? 0), "\(written)")
  }
}
