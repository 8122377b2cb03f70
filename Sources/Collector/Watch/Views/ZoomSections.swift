import Bytes
import Records

/// The texts between a zoomed host's sparklines and its rows, and who gets which room: each part
/// its first lines, in the order of importance, and then in turn what is left.
struct ZoomSections {
  /// A part: what it wants to say, and how many lines it needs to say anything.
  struct Section {
    var lines: [ZoomLayout.Line]
    var least = 1
    /// Whether the first line is a title, which can tell how many are left out.
    var hasTitle = false
  }

  private(set) var sections: [Section]

  init(_ sections: [Section]) {
    self.sections = sections.filter { !$0.lines.isEmpty }
  }

  init(_ host: WatchedHost, _ state: WatchState) {
    self.init([
      Section(lines: ZoomSections.error(host, state)),
      Section(lines: ZoomSections.spikes(host, state)),
      Section(lines: BurstText.lines(host, state)),
      Section(lines: ZoomSections.suspects(host, state), least: 3, hasTitle: true),
      Section(lines: WorkText.pressure(host, state)),
      Section(lines: WorkText.disks(host, state), least: 2, hasTitle: true),
      Section(lines: WorkText.processes(host, state), least: 2, hasTitle: true),
    ])
  }

  /// At most `room` lines. What has no room is counted, not dropped in silence.
  func lines(room: Int) -> [ZoomLayout.Line] {
    var counts = sections.map { _ in 0 }
    var left = max(0, room)
    for (index, section) in sections.enumerated() {
      counts[index] = min(section.least, section.lines.count, left)
      left -= counts[index]
    }
    while left > 0, let next = poorest(counts) {
      counts[next] += 1
      left -= 1
    }
    return zip(sections, counts).flatMap { ZoomSections.cut($0, to: $1) }
  }

  /// The part with the fewest lines of those that want more.
  private func poorest(_ counts: [Int]) -> Int? {
    counts.indices.filter { counts[$0] < sections[$0].lines.count }
      .min { counts[$0] < counts[$1] }
  }

  private static func cut(_ section: Section, to count: Int) -> [ZoomLayout.Line] {
    let lines = section.lines
    guard lines.count > count, count > 0 else { return Array(lines.prefix(max(0, count))) }
    guard section.hasTitle else {
      let left = lines.count - count + 1
      return lines.prefix(count - 1)
        + [
          ZoomLayout.Line(
            text: "… \(left) more lines; make the terminal taller", style: .faint)
        ]
    }
    let title = ZoomLayout.Line(
      text: "\(lines[0].text)  +\(lines.count - count) more", style: lines[0].style)
    return [title] + lines[1..<count]
  }

  // MARK: - What went wrong, and who waits

  /// The last error in full, however long it is.
  private static func error(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard let error = host.status.lastError, !error.isEmpty else { return [] }
    let isOver = host.status.state.isHealthy
    let text = (isOver ? "last error, over: " : "error: ") + Printable.text(error, limit: 2048)
    return ZoomLayout.wrapped(text, width: state.columns).map {
      ZoomLayout.Line(
        text: $0, style: isOver ? .faint : Style(HostSentence.role(host.status.state)))
    }
  }

  private static func spikes(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    state.episodes(of: host.name).flatMap { episode in
      let end = episode.isOpen ? "still on" : state.zone.clock(episode.end)
      let text =
        "spike \(state.zone.clock(episode.start))–\(end), peak "
        + "\(state.zone.clock(episode.peak)): \(Printable.text(episode.verdict, limit: 1024))"
      return ZoomLayout.wrapped(text, width: state.columns).map {
        ZoomLayout.Line(text: $0, style: Style(.alarm))
      }
    }
  }

  private static func suspects(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard let report = host.suspects else { return [] }
    let time = state.zone.clock(report.time)
    guard !report.suspects.isEmpty else {
      let what = report.source == .agent ? "no task waits" : "no task in D"
      return [ZoomLayout.Line(text: "suspects at \(time): \(what)", style: .faint)]
    }
    let word = host.areSuspectsInD ? "in D" : "waiting"
    var lines = [
      ZoomLayout.Line(
        text: "suspects at \(time): \(report.suspects.count) "
          + (report.suspects.count == 1 ? "task \(word)" : "tasks \(word)"),
        style: Style(.heading, bold: true)),
      ZoomLayout.Line(text: SuspectLine.titles(report.source), style: Style(.heading)),
    ]
    for suspect in report.suspects {
      lines.append(ZoomLayout.Line(text: SuspectLine.text(suspect), style: .plain))
      if let held = SuspectLine.held(suspect, on: host) {
        lines.append(ZoomLayout.Line(text: held, style: Style(.warning)))
      }
    }
    return lines
  }
}
