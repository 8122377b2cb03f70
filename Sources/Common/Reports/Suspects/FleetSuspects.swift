import Records

/// The suspects of several hosts, in one ranking.
public struct FleetSuspects {
  /// What was found on one host.
  public struct Host: Sendable {
    public var name: String
    public var tally: SuspectTally

    public init(name: String, tally: SuspectTally) {
      self.name = name
      self.tally = tally
    }
  }

  private let hosts: [Host]
  /// Most lines of each list.
  public var rows = 20
  public var width = 160
  public var colours = false

  public init(_ hosts: [Host]) { self.hosts = hosts }

  /// Whether somebody is in trouble somewhere.
  public var hasTrouble: Bool { hosts.contains { $0.tally.hasTrouble } }

  /// A line each: those that wait, the longest first, then those that only move bytes, the most
  /// first, wherever they are.
  public func json(movers: Int) -> String {
    var (waiting, moving): ([(Waiter, String)], [(ProcessRate, String)]) = ([], [])
    for host in hosts {
      var json = SuspectJSON(host: host.name, tally: host.tally, movers: movers)
      waiting += json.waitingLines().map { (Waiter(host: host, waiter: $0.waiter), $0.line) }
      moving += json.movingLines().map {
        (ProcessRate($0.process, of: host.tally), $0.line)
      }
    }
    waiting.sort { $0.0.comesBefore($1.0) }
    moving.sort { $0.0.comesBefore($1.0) }
    return waiting.map(\.1).joined() + moving.prefix(movers).map(\.1).joined()
  }

  /// One host as its own agent shows it; several with a column that says where.
  public func text() -> String {
    if let only = hosts.first, hosts.count == 1 {
      var text = SuspectText(host: only.name, tally: only.tally)
      (text.rows, text.width, text.colours) = (rows, width, colours)
      return text.text()
    }
    return headLines() + waitingLines() + movingLines()
  }

  // MARK: - Several hosts

  private struct Waiter {
    var host: Host
    var waiter: SuspectTally.Waiter

    func comesBefore(_ other: Waiter) -> Bool {
      let (seconds, others) = (waiter.task.waitSeconds, other.waiter.task.waitSeconds)
      if seconds != others { return seconds > others }
      if host.name != other.host.name { return host.name < other.host.name }
      return waiter.task.tid < other.waiter.task.tid
    }
  }

  /// What a process does per second: hosts were looked at for spans of their own.
  private struct ProcessRate {
    var deviceBytes: Double
    var characters: Double
    var cpu: Double

    init(_ process: ProcessSample, of tally: SuspectTally) {
      let io = process.io.value ?? IOCounters()
      deviceBytes = tally.perSecond((io + process.reaped).deviceBytes)
      characters = tally.perSecond(io.readCharacters) + tally.perSecond(io.writeCharacters)
      cpu = tally.perSecond(process.cpuNanoseconds)
    }

    func comesBefore(_ other: ProcessRate) -> Bool {
      if deviceBytes != other.deviceBytes { return deviceBytes > other.deviceBytes }
      if characters != other.characters { return characters > other.characters }
      return cpu > other.cpu
    }
  }

  private var hostWidth: Int { min(24, max(4, hosts.map(\.name.count).max() ?? 4)) }

  /// A line for each host, as far as there is room.
  private func headLines() -> String {
    let lines = hosts.prefix(rows).map { host in
      guard let tick = host.tally.lastTick else { return "" }
      var line = LineTable.left(host.name, hostWidth)
      if let load = tick.load {
        line += "  load \(figure(load.oneMinute, 2)) \(figure(load.fiveMinutes, 2)) "
        line += figure(load.fifteenMinutes, 2)
      }
      if let cpus = tick.cpus { line += ", \(cpus) CPU\(cpus == 1 ? "" : "s")" }
      line += ", \(tick.processCount) processes (\(tick.engine.name))"
      if host.tally.deniedProcesses > 0 {
        line += ", what \(host.tally.deniedProcesses) of them moved is denied to its agent"
      }
      return cut(line)
    }
    return lines.joined() + (hosts.count > rows ? "  and \(hosts.count - rows) more hosts\n" : "")
  }

  private func waitingLines() -> String {
    var all: [Waiter] = []
    for host in hosts { all += host.tally.waiting.map { Waiter(host: host, waiter: $0) } }
    all.sort { $0.comesBefore($1) }
    guard !all.isEmpty else { return "\nNobody waits.\n" }
    var lines = "\n" + bold(head(SuspectText.waitingHead)) + "\n"
    for entry in all.prefix(rows) {
      let text = SuspectText(host: entry.host.name, tally: entry.host.tally)
      for (index, line) in text.lines(of: entry.waiter).enumerated() {
        lines += cut(LineTable.left(index == 0 ? entry.host.name : "", hostWidth) + " " + line)
      }
    }
    return lines + more(all.count)
  }

  private func movingLines() -> String {
    var all: [(host: Host, mover: Mover, rate: ProcessRate)] = []
    for host in hosts {
      let movers = Mover.grouped(host.tally.moving)
      for mover in host.tally.shown(movers, first: rows, \.process) {
        all.append((host, mover, ProcessRate(mover.process, of: host.tally)))
      }
    }
    all.sort { $0.rate.comesBefore($1.rate) }
    guard !all.isEmpty else {
      return "\nNobody moves bytes to or from a device, or keeps a CPU busy.\n"
    }
    var lines = "\n" + bold(head(SuspectText.movingHead)) + "\n"
    for entry in all.prefix(rows) {
      let text = SuspectText(host: entry.host.name, tally: entry.host.tally)
      lines += cut(
        LineTable.left(entry.host.name, hostWidth) + " " + text.line(of: entry.mover))
    }
    return lines + more(all.count)
  }

  private func head(_ text: String) -> String { LineTable.left("HOST", hostWidth) + " " + text }

  private func more(_ count: Int) -> String {
    count > rows ? "  and \(count - rows) more\n" : ""
  }

  private func bold(_ text: String) -> String { colours ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  private func cut(_ line: String) -> String {
    (line.count > width ? line.prefix(max(width - 1, 20)) + "…" : line[...]) + "\n"
  }
}
