import Foundation
import TestSupport

/// A `/proc` of a test's own.
final class ProcTree {
  private let folder: TestFolder

  var path: String { folder.path }

  init() throws { folder = try TestFolder() }

  func set(_ text: String, _ name: String) throws {
    let path = folder.file(name)
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  /// A process with one thread, unless others are added as `threads`.
  func add(
    _ pid: Int, _ name: String = "worker", arguments: [String] = [], state: Character = "S",
    parent: Int = 1, flags: Int = 0, start: Int = 1000, tracer: Int = 0, innermost: Int? = nil,
    group: String = "/", threads: [(tid: Int, state: Character, tracer: Int)] = []
  ) throws {
    let line = arguments.map { "\($0)\0" }.joined()
    try set(line, "\(pid)/cmdline")
    try set("0::\(group)\n", "\(pid)/cgroup")
    try set(stat(pid, name, state, parent, flags, start), "\(pid)/stat")
    try set(status(pid, pid, state, tracer, innermost ?? pid), "\(pid)/status")
    for (tid, state, tracer) in [(pid, state, tracer)] + threads {
      let task = "\(pid)/task/\(tid)"
      try set(stat(tid, name, state, parent, flags, start), "\(task)/stat")
      try set("1000 2000 3\n", "\(task)/schedstat")
      try set("jbd2_log_wait_commit", "\(task)/wchan")
      try set("[<0>] jbd2_log_wait_commit+0x8f/0x110\n", "\(task)/stack")
      try set("74 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffe 0x7f00\n", "\(task)/syscall")
      let text = status(tid, pid, state, tracer, innermost ?? tid)
      try set(text, "\(task)/status")
      if tid != pid { try set(text, "\(tid)/status") }
    }
  }

  private func stat(
    _ id: Int, _ name: String, _ state: Character, _ parent: Int, _ flags: Int, _ start: Int
  ) -> String {
    "\(id) (\(name)) \(state) \(parent) 1 1 0 -1 \(flags) 0 0 0 0 1 1 0 0 20 0 1 0 \(start) "
      + "1000 100 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"
  }

  private func status(
    _ id: Int, _ process: Int, _ state: Character, _ tracer: Int, _ innermost: Int
  ) -> String {
    """
    Name:\tworker
    State:\t\(state) (as it is)
    Tgid:\t\(process)
    Pid:\t\(id)
    PPid:\t1
    TracerPid:\t\(tracer)
    Uid:\t0\t0\t0\t0
    NSpid:\t\(id)\t\(innermost)
    CapEff:\t0000000000000000

    """
  }
}
