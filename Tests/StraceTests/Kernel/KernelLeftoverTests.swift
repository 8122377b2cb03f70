import Foundation
import TestSupport
import Testing

/// Whether anything of a trace stays behind in the kernel.
@Suite(
  "bpf traces: leftovers", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"))
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

  @Test(
    "an agent that is killed in mid-trace takes its programs with it",
    arguments: [SIGKILL, SIGTERM])
  func killed(signal: Int32) async throws {
    let load = try Program(["sleep", "600"])
    let agent = try Program([
      Machine.executable("culprit-agent"), "trace", "--engine", "bpf", "--pid", "\(load.pid)",
      "--for", "120s", "--json",
    ])
    let held = try await eventually("programs at their places", detail: { agent.errorText }) {
      guard !agent.hasEnded else { throw TestTrouble("it ended: \(agent.errorText)") }
      let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(agent.pid)/fd")
        .compactMap {
          try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(agent.pid)/fd/\($0)")
        }.filter { $0.contains("link") && $0.contains("bpf") }
      return links.count == 4 ? programs(of: agent.pid) : nil
    }
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
