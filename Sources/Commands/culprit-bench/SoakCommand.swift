import ArgumentParser

struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Many hosts at 1 Hz into one history: lag, cores, memory, rows lost.",
    discussion: """
      Lag is now minus the host's time of the last stored row, of the host that is furthest \
      behind; vmstat stamps whole seconds, so up to 1 s of it is rounding. It grows where the \
      median of the last third of the run is more than 1 s above that of the first third. \
      Cores are CPU time by wall time after all hosts were connected. The server is \
      Resources/ssh_fleet_server.py, in its own process, and is not counted.
      """)

  @Option(help: "How many hosts.")
  var hosts = 1000

  @Option(name: .customLong("for"), help: "Time measured, after all hosts are connected.")
  var time = Seconds(120)

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (1...20_000).contains(hosts) else { throw ValidationError("--hosts: 1 to 20000") }
    guard time.value >= 15 else { throw ValidationError("--for: at least 15s") }
  }

  func run() throws {
    try Workbench.use { workbench in
      let server = try ServerKind.asyncssh.start(workbench, hosts: hosts)
      defer { server.stop() }
      let soak = try Soak(workbench, server)
      SoakReport(hosts: hosts, result: try soak.run(seconds: time.value)).printFigures(json: json)
    }
  }
}
