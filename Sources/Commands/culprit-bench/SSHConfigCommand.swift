import ArgumentParser
import Foundation

struct SSHConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ssh-config",
    abstract: "CPU time of `ssh -G HOST`, which reads ~/.ssh/config for culprit.",
    discussion: """
      culprit runs it once per host and remembers the answer until the files change, so it is \
      counted apart from the connects. Measured (wait4) with a generated configuration of a \
      block per host and a common one.
      """)

  @Option(help: "How many hosts.")
  var hosts = 50

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (1...10_000).contains(hosts) else { throw ValidationError("--hosts: 1 to 10000") }
  }

  func run() throws {
    try Workbench.use { workbench in
      let configuration = try workbench.write(text, to: "ssh_config")
      let log = try workbench.openLog("ssh-G.log")
      defer { close(log) }
      progress("ssh -G of \(hosts) hosts")
      let seconds = try (0..<hosts).map { index in
        let pid = try workbench.children.start(
          ["ssh", "-G", "-F", configuration, "bench\(index)"], output: log, error: log)
        guard try Pause.until(30, step: 0.001, { !workbench.children.isRunning(pid) }) else {
          throw BenchError.serverSilent(name: "ssh -G")
        }
        return workbench.children.end([pid])
      }
      report(seconds)
    }
  }

  private var text: String {
    let blocks = (0..<hosts).map { "Host bench\($0)\n  HostName 127.77.0.1\n  Port 2222\n" }
    return blocks.joined() + "Host *\n  User root\n  ServerAliveInterval 30\n"
  }

  private func report(_ seconds: [Double]) {
    let milliseconds = median(seconds) * 1e3
    if json {
      printJSON { line in
        line.field("ssh_g_cpu_ms", milliseconds)
        line.field("hosts", hosts)
      }
    } else {
      print("ssh -G: \(fixed(milliseconds, 2)) ms of CPU per host, median of \(hosts)")
    }
  }
}
