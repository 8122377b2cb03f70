import Bytes
import Records

/// Suspects as people read them: who waits, who moves the bytes, and what the host feels.
public struct SuspectText {
  public let host: String
  public let tally: SuspectTally
  /// Most lines of each list.
  public var rows = 20
  public var width = 100
  public var colours = false
  /// The interval that was asked for: where ticks come less often, that is said.
  public var wantedNanoseconds: UInt64?

  public init(host: String, tally: SuspectTally) {
    self.host = host
    self.tally = tally
  }

  public func text() -> String {
    guard let tick = tally.lastTick else { return "" }
    return headLines(tick) + waitingLines() + movingLines() + footLines(tick)
  }

  private func headLines(_ tick: HostTick) -> String {
    var line = "\(host)  "
    if let load = tick.load {
      line += "load \(figure(load.oneMinute, 2)) \(figure(load.fiveMinutes, 2)) "
      line += "\(figure(load.fifteenMinutes, 2))"
    }
    if let cpus = tick.cpus { line += ", \(cpus) CPU\(cpus == 1 ? "" : "s")" }
    line += ", \(tick.processCount) processes (\(tick.engine.name))"
    var lines = cut(line)
    if let wanted = wantedNanoseconds, tick.pacedNanoseconds > wanted {
      lines += cut(
        "sampled every \(DurationText.of(tick.pacedNanoseconds)): more often would cost more "
          + "CPU than it may take (own_cpu_percent)")
    }
    if tally.hiddenTasks > 0 { lines += cut(HiddenTasks.text(tally.hiddenTasks)) }
    return lines + pressureLine(tick)
  }

  private func pressureLine(_ tick: HostTick) -> String {
    let parts = [
      ("cpu", tick.pressure.cpu), ("io", tick.pressure.io), ("memory", tick.pressure.memory),
    ].map { name, stall -> String in
      guard case .known(let stall) = stall else { return "\(name) \(stall.absence ?? "")" }
      let total = max(Double(tick.intervalNanoseconds) / 1000, 1)
      let some = min(100, Double(stall.someMicroseconds) * 100 / total)
      let full = min(100, Double(stall.fullMicroseconds) * 100 / total)
      return "\(name) \(figure(some, 0))% some, \(figure(full, 0))% full"
    }
    return cut("stalled: \(parts.joined(separator: "; "))")
  }

  static let waitingHead = "    PID USER      SECONDS  SEEN  WAITS FOR               WHO"
  static let movingHead = "    PID USER        READ/s  WRITE/s CANCEL/s  CPU%  WHO"

  private func waitingLines() -> String {
    let waiting = tally.waiting
    guard !waiting.isEmpty else { return "\nNobody waits.\n" }
    var lines = "\n" + bold(SuspectText.waitingHead) + "\n"
    for waiter in waiting.prefix(rows) {
      for line in self.lines(of: waiter) { lines += cut(line) }
    }
    return lines + more(waiting.count, beyond: rows)
  }

  /// Who waits, and under it by whom it is held, or what is known where that isn't.
  func lines(of waiter: SuspectTally.Waiter) -> [String] {
    let task = waiter.task
    let isSleeper = task.state != .uninterruptible
    let seen = "\(waiter.sightings)/\(isSleeper ? tally.ticks : tally.looks)"
    var lines = [
      "\(right("\(task.tid)", 7)) \(left(user(task.process), 9))"
        + "\(right((task.waitIsAtLeast ? ">" : "") + figure(task.waitSeconds, 1), 8)) "
        + "\(right(seen, 5))  "
        + "\(left(task.reason.name, 22))  \(who(task.process, task.name))"
    ]
    for holder in task.holders { lines.append("        held by \(holder)\(holderName(holder))") }
    if task.reason.kind == .unknown { lines.append("        \(evidence(task))") }
    return lines
  }

  /// What is left to say where the reason isn't known.
  private func evidence(_ task: WaitingTask) -> String {
    if case .known(let stack) = task.stack, !stack.isEmpty {
      return "in " + stack.prefix(6).map { Printable.text($0, limit: 60) }.joined(separator: " < ")
    }
    if case .known(let channel) = task.waitChannel { return "in \(Printable.text(channel))" }
    return "stack \(task.stack.absence ?? "empty"), wchan \(task.waitChannel.absence ?? "0")"
  }

  private func movingLines() -> String {
    guard tally.elapsedNanoseconds > 0 else { return "\nLooking for who moves bytes…\n" }
    let moving = tally.moving
    guard !moving.isEmpty else {
      return "\nNobody\(whoWeSee) moves bytes to or from a device, or keeps a CPU busy.\n"
    }
    var lines = "\n" + bold(SuspectText.movingHead) + "\n"
    let movers = Mover.grouped(moving)
    let shown = tally.shown(movers, first: rows, \.process)
    for mover in shown { lines += cut(line(of: mover)) }
    return lines + more(movers.count, beyond: shown.count)
  }

  func line(of mover: Mover) -> String {
    let process = mover.process
    let cpu = tally.perSecond(process.cpuNanoseconds) / 1e7
    return "\(right(mover.count > 1 ? "\(mover.count)×" : "\(process.id.pid)", 7)) "
      + "\(left(user(process.id), 9))\(moved(process)) \(right(figure(cpu, 1), 5))  "
      + what(mover) + (process.isKernelThread ? "  for others" : "")
  }

  /// Read, written and cancelled bytes, as columns.
  private func moved(_ process: ProcessSample) -> String {
    guard process.io.value != nil else {
      return (0..<3).map { _ in right(process.io.absence ?? "", 8) }.joined(separator: " ")
    }
    let io = (process.io.value ?? IOCounters()) + process.reaped
    return [io.readBytes, io.writeBytes, io.cancelledWriteBytes]
      .map { right(bytes($0), 8) }.joined(separator: " ")
  }

  /// Who it is; of one that is gone also who started it.
  private func what(_ mover: Mover) -> String {
    let process = mover.process
    guard process.hasEnded else { return who(process.id, process.name) }
    var words = who(process.id, process.name) + " (ended)"
    let parent = process.parentPID > 0 ? holderName(process.parentPID) : ""
    if !parent.isEmpty {
      words += ", started by \(process.parentPID)\(parent)"
    } else if let ancestor = tally.identities[process.id]?.ancestors.first {
      words += ", started by \(ancestor.pid), \(taskText(ancestor.name))"
    }
    return words
  }

  private var whoWeSee: String { tally.deniedProcesses > 0 ? " whom we may look at" : "" }

  private func deniedLine() -> String {
    let count = tally.deniedProcesses
    guard count > 0 else { return "" }
    return "what \(count) process\(count == 1 ? "" : "es") moved is denied to us; "
      + "see culprit-agent doctor\n"
  }

  private func footLines(_ tick: HostTick) -> String {
    var lines = "\n" + deniedLine()
    lines += attribution("read   ", tally.attribution.read)
    lines += attribution("written", tally.attribution.write)
    for lock in tick.locks {
      let holder = lock.holder.map { "held by \($0)\(holderName($0))" } ?? "holder not known"
      lines += cut(
        "\(lock.kind.rawValue) lock on \(Printable.text(lock.path ?? lock.file)): \(holder)"
          + (lock.client.map { " for NFS client \(Printable.text($0))" } ?? "")
          + ", \(lock.waiters.count) waiting")
    }
    return lines
  }

  /// Devices write later what processes are charged for when they dirty a page.
  private func attribution(_ what: String, _ part: Attribution.Bytes) -> String {
    guard part.devices > 0 || part.processes > 0 || part.reaped > 0 else { return "" }
    var line = "\(what) by devices \(bytes(part.devices))/s, by processes "
    line += "\(bytes(part.processes))/s"
    if part.reaped > 0 { line += ", by children that came and went \(bytes(part.reaped))/s" }
    if part.unattributed > 0 {
      line += ", by nobody we saw \(bytes(UInt64(part.unattributed)))/s"
    } else if part.unattributed < 0 {
      line += ", not on a device yet or no more \(bytes(part.unattributed.magnitude))/s"
    }
    return cut(line)
  }

  // MARK: - Words

  private func user(_ id: ProcessID) -> String {
    let identity = tally.identities[id]
    return identity?.user ?? identity?.userID.value.map { "\($0)" } ?? "-"
  }

  /// Command line, unit and who started it, as far as they are known.
  private func who(_ id: ProcessID, _ name: TaskName) -> String {
    let identity = tally.identities[id]
    let command = identity?.commandLine.value.map { Printable.text($0, limit: 200) } ?? ""
    var words = command.isEmpty ? "[\(taskText(name))]" : command
    if let unit = identity?.unit { words += "  {\(Printable.text(unit, limit: 60))}" }
    if let container = identity?.container { words += "  {container \(container.prefix(12))}" }
    return words
  }

  private func holderName(_ pid: Int32) -> String {
    guard let found = tally.identities.values.first(where: { $0.id.pid == pid }) else { return "" }
    return ", \(who(found.id, found.name))"
  }

  private func more(_ count: Int, beyond shown: Int) -> String {
    count > shown ? "        and \(count - shown) more\n" : ""
  }

  private func bytes(_ count: UInt64) -> String { ByteFigure.text(tally.perSecond(count)) }

  private func bold(_ text: String) -> String { colours ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  private func cut(_ line: String) -> String {
    (line.count > width ? line.prefix(max(width - 1, 20)) + "…" : line[...]) + "\n"
  }

  private func left(_ text: String, _ width: Int) -> String {
    let text = text.count > width ? String(text.prefix(width - 1)) + "+" : text
    return text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
