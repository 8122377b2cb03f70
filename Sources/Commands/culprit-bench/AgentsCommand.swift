import ArgumentParser
import Foundation

struct AgentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents",
    abstract: "Many agents at 1 Hz into one history: lag, cores, memory, bytes, ticks lost.",
    discussion: """
      As `soak`, with an agent on each host: over real SSH, 20 suspects a tick (processes that move \
      bytes, three of ten of them wait with a reason and a stack), disks and pressure, each process \
      introduced before its first tick and one replaced every ten seconds. The frames are encoded \
      and checksummed ahead of time; the server (Resources/ssh_fleet_server.py, agent_script.py) \
      sends them from its own process and is not counted.

      Bytes on the wire are the frames'; SSH and TCP add some 120 bytes to a tick. Bytes on disk are \
      the growth of the history, indexes included, over the time measured.

      EXAMPLES
        culprit-bench agents
        culprit-bench agents --suspects 0 --hosts 200      calm hosts
      """)

  @Option(help: "How many hosts.")
  var hosts = 1000

  @Option(help: "Processes at work on each host.")
  var suspects = 20

  @Option(name: .customLong("for"), help: "Time measured, after all hosts are connected.")
  var time = Seconds(120)

  @Flag(help: "Print JSON Lines.")
  var json = false

  /// How many different hosts there are at a second.
  private static let slots = 20

  func validate() throws {
    guard (1...20_000).contains(hosts) else { throw ValidationError("--hosts: 1 to 20000") }
    guard (0...200).contains(suspects) else { throw ValidationError("--suspects: 0 to 200") }
    guard (15...3600).contains(time.value) else { throw ValidationError("--for: 15s to 1h") }
  }

  func run() throws {
    try Workbench.use { workbench in
      progress("encoding what the agents say")
      // Long enough for all to connect, too.
      let script = AgentScript(
        start: Int64(Date().timeIntervalSince1970),
        seconds: Int(time.value) + 120 + hosts / 5, slots: Self.slots,
        host: SimulatedHost(suspects: suspects), hasSpool: false)
      let wire = try script.write(to: workbench.folder)
      let server = try FleetServer(workbench, hosts: hosts, agents: workbench.folder)
      defer { server.stop() }
      let result = try Soak(workbench, server).run(seconds: time.value)
      AgentsReport(hosts: hosts, suspects: suspects, wireBytesRate: wire, result: result)
        .printFigures(json: json)
    }
  }
}

/// The figures of many agents, and how they stand to the bars.
struct AgentsReport {
  let hosts: Int
  let suspects: Int
  /// Of frames, per host and second.
  let wireBytesRate: Double
  let result: SoakResult

  private static let daySeconds = 86_400.0

  func printFigures(json: Bool) {
    let wire = wireBytesRate * Self.daySeconds / 1e6
    let disk = result.storedBytesRate * Self.daySeconds / 1e6
    if json {
      printJSON { line in
        line.field("client", Client.culprit.rawValue)
        line.field("hosts", hosts)
        line.field("suspects", suspects)
        line.field("seconds", result.wallSeconds)
        line.field("lag_median_s", median(result.lags))
        line.field("lag_max_s", result.lags.max())
        line.field("ticks_sent", result.rowsSent)
        line.field("ticks_stored", result.rowsStored)
        line.field("wire_bytes_per_tick", wireBytesRate)
        line.field("wire_mb_per_host_day", wire)
        line.field("disk_mb_per_host_day", disk)
      }
    } else {
      print(
        "\(hosts) agents at 1 Hz, \(suspects) suspects each, \(fixed(result.wallSeconds, 0)) s; lag "
          + "\(fixed(median(result.lags), 1)) s median, \(fixed(result.lags.max() ?? .nan, 1)) s "
          + "at most; \(result.rowsStored) ticks stored of \(result.rowsSent) sent")
      print(
        "\(fixed(wireBytesRate, 0)) bytes of frames a tick; per host and day \(fixed(wire, 1)) MB "
          + "on the wire, \(fixed(disk, 1)) MB on disk")
    }
    printBars(bars, json: json)
  }

  private var bars: [Bar] {
    SoakReport(hosts: hosts, result: result).bars + [
      Bar(
        title: "ticks summed up twice or not at all", key: "ticks_missummed",
        value: abs(result.coveredSeconds - Double(result.rowsStored)), limit: .atMost(0),
        digits: 0, unit: "")
    ]
  }
}
