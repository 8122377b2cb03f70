import Bytes
import Records

/// What an agent says of a host's stalls, devices and processes, as lines.
enum WorkText {
  private static let processesLimit = 10
  private static let disksLimit = 20

  /// Stalls in percent of the time, and what is on its way to a device.
  static func pressure(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard let newest = newest(host, state) else { return missing(host, state) }
    let parts = [
      "stalled %, some/full: cpu \(stall(newest.pressure.cpu, newest, hasFull: false))",
      "io \(stall(newest.pressure.io, newest))", "memory \(stall(newest.pressure.memory, newest))",
      "dirty \(kibibytes(newest.memory.dirtyKiB))",
      "writeback \(kibibytes(newest.memory.writebackKiB))",
    ]
    return ZoomLayout.wrapped(parts.joined(separator: ", "), width: state.columns).map {
      ZoomLayout.Line(text: $0, style: .plain)
    }
  }

  /// Disks that weren't idle, the busiest first.
  static func disks(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard let newest = newest(host, state) else { return [] }
    guard !newest.disks.isEmpty else {
      return [ZoomLayout.Line(text: "every disk is idle", style: .faint)]
    }
    let disks = newest.disks.sorted {
      ($0.busyMilliseconds, $0.readBytes &+ $0.writeBytes)
        > ($1.busyMilliseconds, $1.readBytes &+ $1.writeBytes)
    }
    let title = "disk".padded(to: 12) + "    r/s    w/s   READ/s  WRITE/s await ms  busy% in flight"
    return [ZoomLayout.Line(text: title, style: Style(.heading))]
      + disks.prefix(disksLimit).map { line($0, newest) }
  }

  /// Who moves the most.
  static func processes(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard newest(host, state) != nil else { return [] }
    let busiest = host.work.busiest(processesLimit + 1)
    guard !busiest.isEmpty else {
      return [
        ZoomLayout.Line(
          text: "no process moves bytes, or keeps a CPU busy", style: .faint)
      ]
    }
    let layout = ProcessLayout(width: state.columns, longestName: 0)
    let title = ZoomLayout.Line(text: ProcessText.titles(layout), style: Style(.heading))
    return [title]
      + busiest.prefix(processesLimit).map {
        ZoomLayout.Line(text: ProcessText.line($0, on: host, layout), style: .plain)
      }
  }

  /// The newest tick, as far as it is news.
  private static func newest(_ host: WatchedHost, _ state: WatchState) -> HostActivity? {
    host.sendsRows && host.work.isValid(at: state.shownNow) ? host.work.newest : nil
  }

  private static func missing(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard state.shownPast != nil, host.hasAgent else { return [] }
    return [
      ZoomLayout.Line(text: "the history has no processes of that moment", style: .faint)
    ]
  }

  /// A share of the tick, `93/88`; of the CPU `full` is always 0 for a whole host.
  private static func stall(
    _ reading: Reading<Stall>, _ newest: HostActivity, hasFull: Bool = true
  ) -> String {
    guard case .known(let stall) = reading else { return reading.absence ?? "gap" }
    let some = share(stall.someMicroseconds, newest)
    return hasFull ? "\(some)/\(share(stall.fullMicroseconds, newest))" : "\(some)"
  }

  private static func share(_ microseconds: UInt64, _ newest: HostActivity) -> Int {
    Int(min(100, newest.perSecond(microseconds) / 1e4).rounded())
  }

  private static func kibibytes(_ reading: Reading<UInt64>) -> String {
    guard case .known(let value) = reading else { return reading.absence ?? "gap" }
    return CompactNumber.byteRate(Double(value) * 1024)
  }

  private static func line(_ disk: DiskSample, _ newest: HostActivity) -> ZoomLayout.Line {
    let busy = min(100, newest.perSecond(disk.busyMilliseconds) / 10)
    let figures: [(String, Int)] = [
      (rate(newest.perSecond(disk.reads)), 7), (rate(newest.perSecond(disk.writes)), 7),
      (CompactNumber.byteRate(newest.perSecond(disk.readBytes)), 9),
      (CompactNumber.byteRate(newest.perSecond(disk.writeBytes)), 9),
      (disk.awaitMilliseconds.map { CompactNumber.tenths($0) } ?? "-", 9),
      (CompactNumber.tenths(busy), 7), ("\(disk.inFlight)", 10),
    ]
    let layer =
      switch disk.layer {
      case .physical: ""
      case .stacked: "  (on others)"
      case .memory: "  (in RAM)"
      }
    let text =
      disk.name.fitted(to: 12) + figures.map { $0.leftPadded(to: $1) }.joined() + layer
    // A busy disk isn't a slow one: only who waits for it says that.
    return ZoomLayout.Line(text: text, style: busy >= 90 ? Style(.warning) : .plain)
  }

  private static func rate(_ perSecond: Double) -> String {
    perSecond > 0 && perSecond < 0.5
      ? "<1" : CompactNumber.count(Int64(min(perSecond, 9e15).rounded()), cells: 6)
  }
}
