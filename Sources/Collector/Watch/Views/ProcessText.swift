import Bytes
import Records

/// Processes in words: what stands in their columns, and what is said of those without a line.
enum ProcessText {
  /// Bytes per second; what couldn't be read is named, and is never 0.
  static func bytes(_ perSecond: Double, of process: WatchedProcess) -> String {
    process.absence ?? CompactNumber.byteRate(perSecond)
  }

  static func cpu(_ process: WatchedProcess) -> String {
    let percent = process.rates.cpuPercent
    return percent < 999.95 ? CompactNumber.tenths(percent) : "\(Int(percent.rounded()))"
  }

  /// What it waits for, where the newest look found it waiting.
  static func waitsFor(_ process: WatchedProcess, on host: WatchedHost) -> String? {
    guard let suspect = host.suspect(pid: process.activity.id.pid) else { return nil }
    return suspect.waitsFor ?? "in \(suspect.state)"
  }

  static func place(_ process: WatchedProcess) -> String? {
    let owner = process.activity.owner
    return owner.container.map { "\($0.prefix(12))" } ?? owner.unit
  }

  /// The command, and what has no column of its own.
  static func command(
    _ process: WatchedProcess, on host: WatchedHost, hasWait: Bool, hasPlace: Bool
  ) -> String {
    var text = process.command
    if !hasWait, let reason = waitsFor(process, on: host) {
      text = "waits for \(Printable.text(reason, limit: 40)): \(text)"
    }
    if !hasPlace, let place = place(process) { text += "  {\(place)}" }
    let activity = process.activity
    if !activity.reaped.isZero { text += "  (with its children's)" }
    if activity.hasEnded { text += "  (ended)" }
    // Write-back runs in them, of what others dirtied.
    if activity.isKernelThread { text += "  (for others)" }
    return text
  }

  static func titles(_ layout: ProcessLayout) -> String {
    let titles = layout.columns.map { column in
      column.isFigure
        ? column.title.leftPadded(to: column.width) : column.title.padded(to: column.width)
    }
    return (titles + ["COMMAND"]).joined(separator: " ")
  }

  /// A process in columns of text, without its host.
  static func line(
    _ process: WatchedProcess, on host: WatchedHost, _ layout: ProcessLayout
  ) -> String {
    let cells = layout.columns.map { column -> String in
      let text =
        switch column {
        case .pid: "\(process.activity.id.pid)"
        case .user: process.activity.owner.user
        case .read: bytes(process.rates.readBytes, of: process)
        case .write: bytes(process.rates.writeBytes, of: process)
        case .cpu: cpu(process)
        case .wait: waitsFor(process, on: host) ?? ""
        case .place: place(process) ?? ""
        }
      return column.isFigure
        ? text.leftPadded(to: column.width) : text.fitted(to: column.width)
    }
    let command = command(
      process, on: host, hasWait: layout.has(.wait), hasPlace: layout.has(.place))
    return (cells + [Printable.text(command)]).joined(separator: " ")
  }

  /// What a search looks at.
  static func searched(_ process: WatchedProcess, of host: WatchedHost) -> String {
    let text = process.text(host: host.name)
    return waitsFor(process, on: host).map { "\(text) \($0)" } ?? text
  }

  /// The fleet's sums, and over what they are means.
  static func totals(_ list: ProcessList) -> String {
    guard list.hostCount > 0 else { return "" }
    let processes = list.processCount == 1 ? "1 process" : "\(list.processCount) processes"
    let hosts = list.hostCount == 1 ? "1 host" : "\(list.hostCount) hosts"
    let seconds = Int(min(list.averagedSeconds.rounded(), 1e6))
    let ticks =
      list.averagedTicks == 1 ? "of \(seconds) s" : "mean of \(list.averagedTicks) ticks"
    return "read \(CompactNumber.byteRate(list.readBytes))/s, "
      + "write \(CompactNumber.byteRate(list.writeBytes))/s by \(processes) on \(hosts), \(ticks)"
  }

  /// What isn't among the lines, the most telling first.
  static func notes(_ state: WatchState) -> [String] {
    let list = state.fleet.processes
    var notes: [String] = []
    var more: [String] = []
    if list.beyond > 0 { more.append("\(list.beyond) more") }
    if list.unfiltered > 0 { more.append("\(list.unfiltered) not filtered yet") }
    if list.quiet > 0 { more.append("\(list.quiet) quiet") }
    if list.unreadable > 0 { more.append("\(list.unreadable) whose bytes can't be read") }
    if list.omitted.hosts > 0 {
      let whose = list.omitted.hosts == 1 ? "their agent" : "their agents"
      // The history keeps what those moved that an agent left out, not how many they were.
      let count = list.omitted.processes > 0 ? "\(list.omitted.processes)" : "others"
      more.append(
        "\(count) left out by \(whose): "
          + "\(CompactNumber.byteRate(list.omitted.bytes))/s")
    }
    if !more.isEmpty { notes.append("and \(more.joined(separator: "; "))") }
    guard state.shownPast == nil else { return notes + pastNotes(list) }
    if list.withoutAgent.count > 0 {
      notes.append(sentence(list.withoutAgent, "has no agent", "have no agent"))
    }
    if list.silentAgents.count > 0 {
      notes.append(
        sentence(
          list.silentAgents, "says nothing of processes", "say nothing of processes"))
    }
    if list.unconnected.count > 0 {
      notes.append(sentence(list.unconnected, "sends nothing", "send nothing"))
    }
    return notes
  }

  /// The history doesn't say why a host has none.
  private static func pastNotes(_ list: ProcessList) -> [String] {
    guard list.hostCount > 0 else { return [] }
    return [list.withoutAgent, list.silentAgents, list.unconnected].filter { $0.count > 0 }
      .map { sentence($0, "has no processes then", "have no processes then") }
  }

  /// In place of lines.
  static func nothing(_ state: WatchState) -> String {
    let list = state.fleet.processes
    if state.shownPast != nil, list.hostCount == 0 {
      return "the history has no processes of that moment"
    }
    if state.fleet.hosts.isEmpty { return "no hosts" }
    if list.hostCount == 0 {
      return list.unconnected.count == state.fleet.hosts.count
        ? "no host sends anything yet" : "no agent tells of processes"
    }
    return state.arrangement.filter.isEmpty
      ? "no process moves bytes, or keeps a CPU busy" : "no process passes the filter"
  }

  private static func sentence(_ hosts: ProcessList.Hosts, _ one: String, _ many: String) -> String
  {
    "\(hosts.count) \(hosts.count == 1 ? "host \(one)" : "hosts \(many)"): \(hosts.names)"
  }
}
