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
