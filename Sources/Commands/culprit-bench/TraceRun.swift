import Foundation

/// `culprit-agent trace` at work on one process.
final class TraceRun {
  enum Engine: String {
    case bpf
    case strace
  }

  private let workbench: Workbench
  private let pid: pid_t

  /// Returns once the process is watched.
  init(_ workbench: Workbench, _ engine: Engine, of traced: pid_t) throws {
    self.workbench = workbench
    let log = try workbench.openLog("trace.log")
    defer { close(log) }
    let pid = try workbench.children.start(
      TraceRun.command(engine, traced, "120s"), output: log, error: log)
    self.pid = pid
    let isThere = try Pause.until(30, step: 0.005) {
      guard workbench.children.isRunning(pid) else {
        throw BenchError.clientEnded(client: "culprit-agent", log: workbench.tail(of: "trace.log"))
      }
      return TraceRun.isWatched(traced, by: pid, engine)
    }
    guard isThere else { throw BenchError.serverSilent(name: "culprit-agent trace") }
  }

  /// Lets go, and returns the CPU seconds that the agent and its children used.
  @discardableResult
  func end() -> Double { workbench.children.end([pid]) }

  private static func command(_ engine: Engine, _ pid: pid_t, _ time: String) -> [String] {
    [
      Herd.beside("culprit-agent"), "trace", "--engine", engine.rawValue, "--pid", "\(pid)",
      "--for", time, "--json",
    ]
  }

  /// strace(1) is its tracer; or the agent has the links that make programs run at calls and at the
  /// beginning and end of threads.
  private static func isWatched(_ traced: pid_t, by agent: pid_t, _ engine: Engine) -> Bool {
    switch engine {
    case .strace:
      let status = (try? String(contentsOfFile: "/proc/\(traced)/status", encoding: .utf8)) ?? ""
      return status.contains("TracerPid:") && !status.contains("TracerPid:\t0")
    case .bpf:
      let folder = "/proc/\(agent)/fd"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let links = names.filter {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        return target.map { $0.contains("bpf") && $0.contains("link") } ?? false
      }
      return links.count == 4
    }
  }

  /// What a trace costs that has nothing to do: loading, setting up, and reporting; CPU seconds.
  static func idleCost(_ workbench: Workbench, of traced: pid_t) throws -> Double {
    let log = try workbench.openLog("trace.log")
    defer { close(log) }
    let pid = try workbench.children.start(
      command(.bpf, traced, "100ms"), output: log, error: log)
    guard try Pause.until(30, step: 0.01, { !workbench.children.isRunning(pid) }) else {
      throw BenchError.serverSilent(name: "culprit-agent trace")
    }
    return workbench.children.end([pid])
  }
}
