import Foundation

/// What a host does while its agent's spool is measured.
struct HostWork {
  var title: String
  /// Its name in JSON.
  var key: String
  /// Processes at work, each at a rate of its own.
  var busy: Int
  /// Programs started a second.
  var starts: Int

  static let all = [
    HostWork(title: "as it is", key: "calm", busy: 0, starts: 0),
    HostWork(title: "50 busy processes", key: "busy", busy: 50, starts: 0),
    HostWork(
      title: "50 busy processes, 15 starts a second", key: "busy_starts", busy: 50, starts: 15),
  ]
}

/// Processes that keep this host busy (Resources/busy_host.py), until they are ended.
final class BusyHost {
  private let workbench: Workbench
  private var pids: [pid_t] = []

  init(_ workbench: Workbench, _ work: HostWork) throws {
    self.workbench = workbench
    guard work.busy > 0 || work.starts > 0 else { return }
    guard
      let script = Bundle.module.path(
        forResource: "busy_host", ofType: "py", inDirectory: "Resources")
    else {
      throw BenchError.missingProgram(
        name: "busy_host.py", path: Bundle.module.bundlePath, remedy: "build again")
    }
    let folder = workbench.path("busy")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let log = try workbench.openLog("busy.log")
    defer { close(log) }
    pids.append(
      try workbench.children.start(
        [
          "/usr/bin/python3", script, "--busy", "\(work.busy)", "--starts", "\(work.starts)",
          "--folder", folder,
        ], output: log, error: log))
    // Their first moments aren't what is measured.
    try Pause.sleep(5)
  }

  /// Throws where they have ended by themselves.
  func check() throws {
    guard pids.allSatisfy(workbench.children.isRunning) else {
      throw BenchError.clientEnded(client: "busy_host.py", log: workbench.tail(of: "busy.log"))
    }
  }

  func end() { workbench.children.end(pids) }
}
