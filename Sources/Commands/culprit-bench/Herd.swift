import Foundation

/// Processes that stand around while something else is measured.
final class Herd {
  private let workbench: Workbench
  private var pids: [pid_t] = []
  private var lifelines: [Int32] = []

  /// Returns once all of them are there.
  init(_ workbench: Workbench, sleeping: Int, active: Int) throws {
    self.workbench = workbench
    let program = Herd.beside("culprit-test-load")
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw BenchError.missingProgram(
        name: "culprit-test-load", path: program,
        remedy: "build it: swift build -c release --product culprit-test-load")
    }
    let before = ProcessTable.now().entries.count
    progress("starting \(sleeping + active) processes")
    if sleeping > 0 {
      try start([program, "sleepers", "--children", "\(sleeping)"])
    }
    if active > 0 {
      let file = workbench.path("herd")
      try start([
        program, "active", "--children", "\(active)", "--hz", "10", "--bytes", "4096", "--file",
        file, "--seconds", "86400",
      ])
    }
    let wanted = before + sleeping + active
    guard
      try Pause.until(120, step: 0.2, { ProcessTable.now().entries.count >= wanted })
    else { throw BenchError.serverSilent(name: "culprit-test-load") }
    // Their first moments, in which all of them run, are not what is measured.
    try Pause.sleep(3)
  }

  /// They live until the pipe they read from is closed, which we hold.
  private func start(_ arguments: [String]) throws {
    let log = try workbench.openLog("herd.log")
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw BenchError.system(call: "pipe", reason: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer {
      close(log)
      close(ends[0])
    }
    lifelines.append(ends[1])
    pids.append(
      try workbench.children.startServer(arguments, input: ends[0], output: log, error: log))
  }

  func end() {
    for lifeline in lifelines { close(lifeline) }
    workbench.children.end(pids)
  }

  /// An executable that was built together with this one.
  static func beside(_ name: String) -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return (own as NSString).deletingLastPathComponent + "/" + name
  }
}
