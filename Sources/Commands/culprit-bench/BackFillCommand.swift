import ArgumentParser
import Foundation

struct BackFillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "back-fill",
    abstract: "What agents kept while no collector was there: how fast it comes, beside live rows.",
    discussion: """
      Agents as in `agents`, each with the ticks of the time --past in its spool, none of which the \
      history has. The collector connects, and follows the live ticks while it fetches the old \
      ones. The rate is --past by the time from the first frame asked for to the last one stored, \
      of all hosts, the jitter after a start included.

      The lag of live rows is that of `soak`, looked at twice a second while old rows come, and \
      again when all are there. The delay is how much more the largest one is.

      EXAMPLES
        culprit-bench back-fill
        culprit-bench back-fill --hosts 10 --past 10m
      """)

  @Option(help: "How many hosts.")
  var hosts = 100

  @Option(help: "Processes at work on each host.")
  var suspects = 20

  @Option(help: "How much the spools hold.")
  var past = Seconds(3600)

  @Option(help: "How long live rows are looked at when all is there.")
  var quiet = Seconds(30)

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (1...2000).contains(hosts) else { throw ValidationError("--hosts: 1 to 2000") }
    guard (0...200).contains(suspects) else { throw ValidationError("--suspects: 0 to 200") }
    guard (60...86_400).contains(past.value) else { throw ValidationError("--past: 1m to 24h") }
    guard (5...600).contains(quiet.value) else { throw ValidationError("--quiet: 5s to 10m") }
  }

  func run() throws {
    try Workbench.use { workbench in
      progress("encoding what the agents say")
      let began = Int64(Date().timeIntervalSince1970)
      let seconds = Int(past.value)
      let script = AgentScript(
        start: began - Int64(seconds), seconds: seconds + Int(BackFillRun.longestSeconds) + 300,
        slots: 4, host: SimulatedHost(suspects: suspects), hasSpool: true)
      try script.write(to: workbench.folder)
      let server = try FleetServer(workbench, hosts: hosts, agents: workbench.folder)
      defer { server.stop() }
      let run = try BackFillRun(workbench, server, began: began, past: seconds)
      let result = try run.run(quiet: quiet.value)
      BackFillReport(hosts: hosts, past: past.value, result: result).printFigures(json: json)
    }
  }
}

/// What a back-fill showed.
struct BackFillResult {
  /// From the first frame asked for to the last one stored.
  var seconds = 0.0
  var cpuSeconds = 0.0
  /// Old rows stored, and those there are.
  var stored = 0
  var expected = 0
  /// Lag of live rows while old ones came, and after.
  var lagsDuring: [Double] = []
  var lagsAfter: [Double] = []
  var pssKilobytesMax = 0
}

/// culprit collect at hosts whose agents kept something for it.
struct BackFillRun {
  /// Then it is given up.
  static let longestSeconds = 900.0
  private static let lookSeconds = 0.5

  private let server: FleetServer
  private let client: RunningClient
  private let began: Int64
  private let past: Int

  /// - Parameters:
  ///   - began: the second from which on frames come live, since the epoch.
  ///   - past: seconds before it that the spools hold.
  init(_ workbench: Workbench, _ server: FleetServer, began: Int64, past: Int) throws {
    self.server = server
    (self.began, self.past) = (began, past)
    client = try RunningClient(.culprit, on: server.addresses, of: workbench, number: 0)
  }

  func run(quiet: Double) throws -> BackFillResult {
    defer { _ = client.end() }
    try ClientReading.waitUntilConnected(client, server.addresses.count, server)
    progress("connected")
    var result = BackFillResult()
    result.expected = server.addresses.count * past
    // The first rows of the last hosts are on their way.
    try Pause.sleep(2)
    let startCPU = try cpuSeconds()
    try fill(&result)
    result.cpuSeconds = try cpuSeconds() - startCPU
    result.seconds = Date().timeIntervalSince1970 - (try server.firstFetch())
    progress("all is there after \(fixed(result.seconds, 1)) s")
    try Pause.sleep(3)
    let end = Pause.now + quiet
    while Pause.now < end { result.lagsAfter.append(try look()) }
    result.stored = try HistoryProbe(path: client.database).rows(before: began)
    return result
  }

  private func fill(_ result: inout BackFillResult) throws {
    let limit = Pause.now + Self.longestSeconds
    var told = 0.0
    while Pause.now < limit {
      result.lagsDuring.append(try look())
      let filled = try HistoryProbe(path: client.database).filledRows()
      guard filled < result.expected else { return }
      guard Pause.now - told > 5 else { continue }
      told = Pause.now
      let pss = ProcessTable.now().kilobytes(.pss, ofTrees: client.pids)
      result.pssKilobytesMax = max(result.pssKilobytesMax, pss)
      progress("\(filled) of \(result.expected) rows, \(pss / 1024) MiB")
    }
    throw BenchError.serverSilent(name: "the back-fill")
  }

  /// The lag of the host that is furthest behind.
  private func look() throws -> Double {
    try Pause.sleep(Self.lookSeconds)
    guard client.isRunning else {
      throw BenchError.clientEnded(client: client.client.title, log: client.log)
    }
    let now = Date().timeIntervalSince1970
    let slowest = try HistoryProbe(path: client.database).slowestHost(now: now)
    return slowest.hosts < server.addresses.count ? 60 : now - slowest.lastRow
  }

  private func cpuSeconds() throws -> Double {
    try ProcessTable.now().cpuSeconds(ofTrees: client.pids)
  }
}

/// The figures of a back-fill, and how they stand to the bars.
struct BackFillReport {
  let hosts: Int
  let past: Double
  let result: BackFillResult

  func printFigures(json: Bool) {
    let (during, after) = (result.lagsDuring, result.lagsAfter)
    if json {
      printJSON { line in
        line.field("client", Client.culprit.rawValue)
        line.field("hosts", hosts)
        line.field("past_s", past)
        line.field("seconds", result.seconds)
        line.field("cpu_s", result.cpuSeconds)
        line.field("lag_during_median_s", median(during))
        line.field("lag_during_max_s", during.max())
        line.field("lag_after_median_s", median(after))
        line.field("lag_after_max_s", after.max())
      }
    } else {
      print(
        "\(fixed(past, 0)) s of \(hosts) hosts fetched and stored in \(fixed(result.seconds, 1)) s, "
          + "\(fixed(result.cpuSeconds, 1)) s of CPU; lag of live rows "
          + "\(fixed(median(during), 1)) s median, \(fixed(during.max() ?? .nan, 1)) s at most, and "
          + "\(fixed(median(after), 1)) s and \(fixed(after.max() ?? .nan, 1)) s after it")
    }
    printBars(bars, json: json)
  }

  private var bars: [Bar] {
    let delay = (result.lagsDuring.max() ?? .nan) - (result.lagsAfter.max() ?? .nan)
    return [
      Bar(
        title: "back-fill, times real time", key: "times_real_time", value: past / result.seconds,
        limit: .atLeast(50), digits: 0),
      Bar(
        title: "live rows delayed by", key: "live_delay_s", value: max(0, delay),
        limit: .atMost(1), unit: " s"),
      Bar(
        title: "old rows lost or doubled", key: "rows_wrong",
        value: Double(abs(result.expected - result.stored)), limit: .atMost(0), digits: 0, unit: ""),
      Bar(
        title: "memory, peak PSS", key: "pss_peak_mb",
        value: Double(result.pssKilobytesMax) * 1024 / 1e6, limit: .none, digits: 0, unit: " MB"),
    ]
  }
}
