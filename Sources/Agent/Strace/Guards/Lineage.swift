import ProcFS
import Records

/// Those that must go on for the trace to end: we, who started us, and who asks.
struct Lineage {
  /// SSH servers, by `comm`: OpenSSH's sessions are `sshd`, since 9.8 `sshd-session`.
  private static let servers = ["sshd", "sshd-session", "sshd-auth", "dropbear"]
  /// Longest chain of parents that is followed.
  private static let depth = 64

  let own: Int32
  /// Our parents and those of who asks, who asks himself among them; `true` for an SSH server. Who
  /// traces one of them is among them, too: two that trace each other stand still for ever.
  private(set) var parents: [Int32: Bool] = [:]

  init(_ site: TraceSite, _ root: borrowing ProcRoot, using buffer: inout ReadBuffer) {
    own = site.own
    for start in [own] + site.askers {
      for (pid, name) in Lineage.chain(from: start, root, using: &buffer) where pid != own {
        parents[pid] = Lineage.servers.contains(String(decoding: name.bytes, as: UTF8.self))
      }
    }
    for pid in [own] + Array(parents.keys) {
      if let tracer = root.taskStatus(pid, using: &buffer)?.tracerPID, tracer > 0 {
        parents[tracer] = parents[tracer] ?? false
      }
    }
  }

  /// All of them.
  var pids: Set<Int32> { Set(parents.keys).union([own]) }

  /// Whether the process was started by us, directly or not.
  func isOurs(
    _ pid: Int32, _ root: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> Bool {
    Lineage.chain(from: pid, root, using: &buffer).contains { $0.pid == own }
  }

  /// A process, who started it, who started that, …
  private static func chain(
    from start: Int32, _ root: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> [(pid: Int32, name: TaskName)] {
    var chain: [(pid: Int32, name: TaskName)] = []
    var pid = start
    while pid > 0, chain.count < depth, let stat = root.taskStat(pid, using: &buffer) {
      chain.append((pid, stat.name))
      pid = stat.parentPID
    }
    return chain
  }
}
