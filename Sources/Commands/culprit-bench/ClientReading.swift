import Foundation

/// What one run of a client used, at two moments: once all hosts were connected and settled, and
/// at the end of the window.
struct ClientReading {
  var hosts: Int
  var cpuSecondsAtStart: Double
  var linesAtStart: Double
  var cpuSecondsAtEnd: Double
  var linesAtEnd: Double
  var memoryKilobytes: Int
  /// By wait4(2), of the whole tree, from its start to its end.
  var cpuSecondsInAll: Double
  var secondsToConnect: Double

  var cpuPerLine: Double {
    (cpuSecondsAtEnd - cpuSecondsAtStart) / max(1, linesAtEnd - linesAtStart)
  }

  /// What it had used when all were connected, without the lines that came meanwhile.
  func cpuSecondsOfStart(perLine: Double) -> Double { cpuSecondsAtStart - linesAtStart * perLine }

  /// Seconds after the last host connected until the first sample: what is under way ends first,
  /// and pages and caches that are touched for the first time have been.
  private static let settleSeconds = 3.0

  static func measure(
    _ client: Client, on addresses: [String], of server: any HostServer,
    at workbench: Workbench, number: Int, seconds: Double
  ) throws -> ClientReading {
    let before = try server.reading()
    let started = Pause.now
    let run = try RunningClient(client, on: addresses, of: workbench, number: number)
    defer { _ = run.end() }
    try waitUntilConnected(run, addresses.count, server)
    let connected = Pause.now - started
    try wait(settleSeconds, for: run, server)
    let (startCPU, start) = try sample(run, server)
    try wait(seconds, for: run, server)
    let memory = ProcessTable.now().kilobytes(client.memory, ofTrees: run.pids)
    let (endCPU, end) = try sample(run, server)
    return ClientReading(
      hosts: addresses.count, cpuSecondsAtStart: startCPU,
      linesAtStart: lines(start, since: before, of: run, server),
      cpuSecondsAtEnd: endCPU, linesAtEnd: lines(end, since: before, of: run, server),
      memoryKilobytes: memory, cpuSecondsInAll: run.end(), secondsToConnect: connected)
  }

  /// Until no command runs any more on the hosts' side.
  static func waitUntilIdle(_ server: any HostServer) throws {
    _ = try Pause.until(15, step: 0.2) { try server.reading().sessions == 0 }
  }

  static func waitUntilConnected(
    _ run: RunningClient, _ hosts: Int, _ server: any HostServer
  ) throws {
    var connected = 0
    let timeout = 30 + Double(hosts) * 0.1
    let all = try Pause.until(timeout, step: 0.1) {
      guard run.isRunning else {
        throw BenchError.clientEnded(client: run.client.title, log: run.log)
      }
      connected = try server.reading().sessions
      return connected >= hosts
    }
    guard all else {
      throw BenchError.notConnected(
        client: run.client.title, connected: connected, hosts: hosts, log: run.log)
    }
  }

  /// Waits, and reads the server meanwhile: sshd's lines are an integral over its readings.
  private static func wait(
    _ seconds: Double, for run: RunningClient, _ server: any HostServer
  ) throws {
    let end = Pause.now + seconds
    while Pause.now < end {
      try Pause.sleep(min(0.5, max(0.001, end - Pause.now)))
      _ = try server.reading()
    }
    guard run.isRunning else {
      throw BenchError.clientEnded(client: run.client.title, log: run.log)
    }
  }

  private static func sample(
    _ run: RunningClient, _ server: any HostServer
  ) throws -> (cpuSeconds: Double, ServerReading) {
    let reading = try server.reading()
    return (try ProcessTable.now().cpuSeconds(ofTrees: run.pids), reading)
  }

  private static func lines(
    _ now: ServerReading, since before: ServerReading, of run: RunningClient,
    _ server: any HostServer
  ) -> Double {
    // The asyncssh server counts its lines; what sshd's hosts print depends on the command.
    server is SSHDServer
      ? (now.rows - before.rows) * run.client.linesPerRow : now.lines - before.lines
  }
}
