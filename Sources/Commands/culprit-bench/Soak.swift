import Foundation

/// What a soak found.
struct SoakResult {
  /// Lag at each look, seconds.
  var lags: [Double] = []
  var cpuSeconds = 0.0
  var wallSeconds = 0.0
  var pssKilobytesMax = 0
  var residentKilobytesMax = 0
  /// Rows that were sent a moment before the end.
  var rowsSentBeforeEnd = 0
  /// Rows that were sent until the end.
  var rowsSent = 0
  var rowsStored = 0
  /// Growth of the history, bytes per host and second.
  var storedBytesRate = 0.0
  /// Seconds that agents' ticks were summed up for.
  var coveredSeconds = 0.0

  var cores: Double { cpuSeconds / wallSeconds }

  /// Median lag of the last third less that of the first, seconds.
  var lagGrowth: Double {
    let third = max(1, lags.count / 3)
    return median(Array(lags.suffix(third))) - median(Array(lags.prefix(third)))
  }
}

/// culprit collect over many hosts for a while, looked at every few seconds.
struct Soak {
  private static let lookSeconds = 5.0

  private let server: any HostServer
  private let run: RunningClient
  private let workbench: Workbench

  init(_ workbench: Workbench, _ server: any HostServer) throws {
    self.workbench = workbench
    self.server = server
    progress("culprit collect, \(server.addresses.count) hosts connecting")
    run = try RunningClient(.culprit, on: server.addresses, of: workbench, number: 0)
  }

  func run(seconds: Double) throws -> SoakResult {
    defer { _ = run.end() }
    try ClientReading.waitUntilConnected(run, server.addresses.count, server)
    progress("connected; \(fixed(seconds, 0)) s to go")
    // The lag of a host that has just connected has nothing to say yet.
    try Pause.sleep(3)
    var result = SoakResult()
    let startCPU = try cpuSeconds()
    let startBytes = try HistoryProbe(path: run.database).bytes()
    let started = Pause.now
    while Pause.now - started < seconds {
      try Pause.sleep(min(Soak.lookSeconds, max(0.001, seconds - (Pause.now - started))))
      try look(&result)
    }
    result.cpuSeconds = try cpuSeconds() - startCPU
    result.wallSeconds = Pause.now - started
    let growth = try HistoryProbe(path: run.database).bytes() - startBytes
    result.storedBytesRate =
      Double(growth) / Double(server.addresses.count) / result.wallSeconds
    result.residentKilobytesMax = run.pids.compactMap(ProcessTable.peakResidentKilobytes).max() ?? 0
    try end(&result)
    return result
  }

  private func look(_ result: inout SoakResult) throws {
    guard run.isRunning else {
      throw BenchError.clientEnded(client: run.client.title, log: run.log)
    }
    let pss = ProcessTable.now().kilobytes(.pss, ofTrees: run.pids)
    result.pssKilobytesMax = max(result.pssKilobytesMax, pss)
    let now = Date().timeIntervalSince1970
    let slowest = try HistoryProbe(path: run.database).slowestHost(now: now)
    // A host without a row in the last minute is at least that far behind.
    let lag = slowest.hosts < server.addresses.count ? 60 : now - slowest.lastRow
    result.lags.append(lag)
    progress("lag \(fixed(lag, 1)) s, \(pss / 1024) MiB")
  }

  /// Rows sent more than two seconds before the end have had the time to be stored.
  private func end(_ result: inout SoakResult) throws {
    result.rowsSentBeforeEnd = Int(try server.reading().rows)
    try Pause.sleep(2)
    _ = run.end()
    try ClientReading.waitUntilIdle(server)
    result.rowsSent = Int(try server.reading().rows)
    let probe = try HistoryProbe(path: run.database)
    result.rowsStored = try probe.rows()
    result.coveredSeconds = try probe.coveredSeconds()
  }

  private func cpuSeconds() throws -> Double {
    try ProcessTable.now().cpuSeconds(ofTrees: run.pids)
  }
}
