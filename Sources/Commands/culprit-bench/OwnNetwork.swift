import CPeerLoop
import Foundation

/// A loopback interface that nobody but this run uses (network_namespaces(7)), so that its counters
/// tell what a run sent.
enum OwnNetwork {
  /// Moves this thread, and what it starts from now on, into a network of its own. Needs root.
  static func enter(_ workbench: Workbench) throws {
    guard culprit_peer_own_network() == 0 else {
      throw BenchError.system(call: "a network namespace (run it as root)", reason: errno)
    }
    try workbench.run(["ip", "link", "set", "lo", "up"], log: "ip.log")
  }

  /// All bytes so far, both directions, with what TCP and IP add (proc_pid_net(5), `dev`).
  static func bytes() throws -> Int {
    let path = "/proc/thread-self/net/dev"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let fields = text.split(separator: "\n").map { $0.split(separator: " ") }
      .first { $0.first == "lo:" }
    guard let fields, fields.count > 9, let sent = Int(fields[9]) else {
      throw BenchError.system(call: path, reason: ENOENT)
    }
    return sent
  }
}
