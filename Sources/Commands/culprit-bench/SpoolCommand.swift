import ArgumentParser
import Foundation

struct SpoolCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spool",
    abstract: "How long 64 MiB of an agent's spool last on a host, calm and busy.",
    discussion: """
      `culprit-agent run` keeps its frames in a folder here while this host is as it is, while 50 \
      processes each write and read at a rate of their own, and while 15 programs a second are \
      started as well (Resources/busy_host.py). Then it is ended, which seals what is open, and \
      what lies in the folder is counted. What else this host does counts, too. Run it as root.

      EXAMPLES
        culprit-bench spool
        culprit-bench spool --for 10m      more and fuller pieces
      """)

  @Option(name: .customLong("for"), help: "How long the agent keeps frames each time.")
  var time = Seconds(180)

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (20...7200).contains(time.value) else { throw ValidationError("--for: 20s to 2h") }
  }

  func run() throws {
    try Workbench.use { workbench in
      var readings: [(HostWork, SpoolReading)] = []
      for work in HostWork.all {
        let host = try BusyHost(workbench, work)
        defer { host.end() }
        progress("\(work.title): \(fixed(time.value, 0)) s")
        let spool = try SpoolingAgent(workbench, name: work.key)
        try Pause.sleep(time.value)
        try host.check()
        readings.append((work, try spool.end()))
      }
      SpoolReport(readings: readings).printFigures(json: json)
    }
  }
}

/// What an agent kept.
struct SpoolReading {
  /// On disk, sealed.
  var bytes: Int
  var seconds: Double
  /// CPU seconds of the agent.
  var cpu: Double

  var bytesPerSecond: Double { Double(bytes) / seconds }
}

/// `culprit-agent run` with a spool of its own.
private final class SpoolingAgent {
  private let workbench: Workbench
  private let name: String
  private let pid: pid_t
  private let start = Pause.now

  init(_ workbench: Workbench, name: String) throws {
    (self.workbench, self.name) = (workbench, name)
    let settings = try workbench.write("own_cpu_percent = 100\n", to: "agent.toml")
    let log = try workbench.openLog("\(name).log")
    defer { close(log) }
    pid = try workbench.children.start(
      [
        Herd.beside("culprit-agent"), "run", "--config", settings, "--spool",
        workbench.path(name), "--socket", workbench.path("agent.sock"), "--syslog",
        workbench.path("no-log"),
      ], output: log, error: log)
  }

  func end() throws -> SpoolReading {
    guard workbench.children.isRunning(pid) else {
      throw BenchError.clientEnded(client: "culprit-agent", log: workbench.tail(of: "\(name).log"))
    }
    let seconds = Pause.now - start
    let cpu = workbench.children.end([pid])
    let folder = workbench.path(name)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    let bytes = try files.filter { $0.hasSuffix(".sealed") }.reduce(0) { sum, file in
      let about = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
      return sum + ((about[.size] as? Int) ?? 0)
    }
    return SpoolReading(bytes: bytes, seconds: seconds, cpu: cpu)
  }
}

/// The figures, and how they stand to the bar.
private struct SpoolReport {
  let readings: [(work: HostWork, spool: SpoolReading)]

  /// Of the 64 MiB, less what is kept free for sealing.
  private static let spoolBytes = 64.0 * 1_048_576 - 524_288
  private static let barHours = 24.0

  private func hours(_ spool: SpoolReading) -> Double {
    Self.spoolBytes / spool.bytesPerSecond / 3600
  }

  func printFigures(json: Bool) {
    var table = Table()
    table.add(["host", "bytes a second", "MB an hour", "64 MiB last", "agent's CPU"])
    for (work, spool) in readings {
      let rate = spool.bytesPerSecond
      if json {
        printJSON { line in
          line.field("host", work.key)
          line.field("seconds", spool.seconds)
          line.field("bytes_per_second", rate)
          line.field("hours_of_64_mib", hours(spool))
          line.field("cpu_ms_per_second", spool.cpu * 1000 / spool.seconds)
        }
      } else {
        table.add([
          work.title, fixed(rate, 0), fixed(rate * 3600 / 1e6, 2), "\(fixed(hours(spool), 0)) h",
          "\(fixed(spool.cpu * 1000 / spool.seconds, 1)) ms/s",
        ])
      }
    }
    if !json { print(table.text) }
    let busiest = readings.last.map { hours($0.spool) } ?? .nan
    printBars(
      [
        Bar(
          title: "hours of the busiest", key: "spool_hours", value: busiest,
          limit: .atLeast(Self.barHours), digits: 1, unit: " h")
      ], json: json)
  }
}
