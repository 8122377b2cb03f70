import Foundation
import TestSupport
import Testing

/// Whether anything of a trace stays behind in the kernel.
@Suite(
  "bpf traces: leftovers", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"),
  .serialized)
struct KernelLeftoverTests {
  /// Programs that a process holds, by the kernel's ids.
  private func programs(of pid: pid_t) -> Set<String> {
    let folder = "/proc/\(pid)/fdinfo"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let lines = names.flatMap { TestFolder.text("\(folder)/\($0)").split(separator: "\n") }
    return Set(lines.filter { $0.hasPrefix("prog_id:") }.map { String($0.dropFirst(9)) })
  }

  private func isLoaded(_ id: String) async throws -> Bool {
    let said = try await Program.output(
      Machine.executable("culprit-test-load"), "bpf-program", id)
    return said == "loaded\n"
  }

  /// An agent at work on a process; `nil` where somebody else traces just now.
  private func watching(_ pid: pid_t) async throws -> Program? {
    let agent = try Program([
      Machine.executable("culprit-agent"), "trace", "--engine", "bpf", "--pid", "\(pid)",
      "--for", "120s", "--json",
    ])
    try await until("programs at their places", detail: { agent.errorText }) {
      agent.hasEnded || links(of: agent.pid) == 4
    }
    guard agent.hasEnded else { return agent }
    guard agent.errorText.contains("once at a time") else {
      throw TestTrouble("it ended: \(agent.errorText)")
    }
    return nil
  }

  /// What makes programs run at their places.
  private func links(of pid: pid_t) -> Int {
    let folder = "/proc/\(pid)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.count {
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
      return target.map { $0.contains("bpf") && $0.contains("link") } ?? false
    }
  }

  /// The kernel gives the stack of a thread that ended to the next one that is started.
  @Test(
    "threads that end at the same time leave no place where others would be taken for them",
    .enabled(if: Machine.has("python3"), "needs python3"))
  func threadsThatEndTogether() async throws {
    let folder = try TestFolder()
    let script = """
      import os, sys, threading, time
      open(sys.argv[2], "w").close()
      while not os.path.exists(sys.argv[1]): time.sleep(0.01)
      for i in range(100):
          child = os.fork()
          if child == 0:
              for _ in range(20):
                  threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
              os._exit(0)
          os.waitpid(child, 0)
      """
    let program = try Program(["python3", "-c", script, folder.file("go"), folder.file("up")])
    try await until("the program to run") {
      FileManager.default.fileExists(atPath: folder.file("up"))
    }
    let others = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done"
    let trace = try await KernelTrace.of([program.pid]) {
      try folder.write("", to: "go")
      async let first = Program.run(["sh", "-c", others])
      _ = try await program.end()
      _ = try await first
      _ = try await Program.run(["sh", "-c", others])
    }
    #expect(trace.only.count("exit_group") >= 100)
    // Only others run programs.
    #expect(trace.only.count("execve") == 0)
  }

  @Test(
    "an agent that is killed in mid-trace takes its programs with it",
    arguments: [SIGKILL, SIGTERM])
  func killed(signal: Int32) async throws {
    let load = try Program(["sleep", "600"])
    let agent = try await eventually("a turn to trace this host") { try await watching(load.pid) }
    let held = programs(of: agent.pid)
    #expect(held.count == 5)
    for id in held { #expect(try await isLoaded(id)) }
    agent.send(signal)
    let result = try await agent.end()
    #expect(result.code == (signal == SIGKILL ? -SIGKILL : 0))
    for id in held {
      try await until("program \(id) to be gone") { try await !isLoaded(id) }
    }
    #expect(!load.hasEnded)
  }
}
