import Bytes
import Records

/// Which rows of the screen a zoomed host's parts take. Its rows keep the lower half at least;
/// the rest gets what room there is, in the order of importance: sparklines, what went wrong,
/// spikes, waiting tasks.
struct ZoomLayout {
  /// A line of text between sparklines and rows.
  struct Line {
    let text: String
    let style: Style
  }

  let title: Int
  let sparks: Range<Int>
  let lines: [Line]
  let linesTop: Int
  let names: Int
  let rows: Range<Int>
  let rest: Int?
  let notice: Int?

  static let leastRows = 5
  static let sparkRows = 4

  init(_ state: WatchState, _ host: WatchedHost) {
    self.init(state, host, isScrolled: state.scrollEnds[.host(host.name)] != nil)
  }

  /// Scrolled back, the last line says how far.
  init(_ state: WatchState, _ host: WatchedHost, isScrolled: Bool) {
    let areas = state.windowAreas(hasRest: isScrolled)
    let body = areas.body
    let wanted = ZoomLayout.text(host, state)
    let room = max(0, body.count - 2 - min(ZoomLayout.leastRows, body.count / 2))
    let sparkCount = min(ZoomLayout.sparkRows, room)
    let lineCount = min(wanted.count, room - sparkCount)
    title = body.lowerBound
    sparks = (title + 1)..<(title + 1 + sparkCount)
    lines = ZoomLayout.cut(wanted, to: lineCount)
    linesTop = sparks.upperBound
    names = min(linesTop + lineCount, max(body.lowerBound, body.upperBound - 1))
    rows = min(names + 1, body.upperBound)..<body.upperBound
    rest = areas.rest
    notice = areas.notice
  }

  /// What has no room is counted, not dropped in silence.
  private static func cut(_ lines: [Line], to count: Int) -> [Line] {
    guard lines.count > count, count > 0 else { return Array(lines.prefix(max(0, count))) }
    let left = lines.count - count + 1
    return lines.prefix(count - 1)
      + [Line(text: "… \(left) more lines; make the terminal taller", style: .faint)]
  }

  private static func text(_ host: WatchedHost, _ state: WatchState) -> [Line] {
    error(host, state) + spikes(host, state) + suspects(host, state)
  }

  /// The last error in full, however long it is.
  private static func error(_ host: WatchedHost, _ state: WatchState) -> [Line] {
    guard let error = host.status.lastError, !error.isEmpty else { return [] }
    let isOver = host.status.state.isHealthy
    let text = (isOver ? "last error, over: " : "error: ") + Printable.text(error, limit: 2048)
    return wrapped(text, width: state.columns).map {
      Line(text: $0, style: isOver ? .faint : Style(HostSentence.role(host.status.state)))
    }
  }

  private static func spikes(_ host: WatchedHost, _ state: WatchState) -> [Line] {
    state.episodes(of: host.name).flatMap { episode in
      let end = episode.isOpen ? "still on" : state.zone.clock(episode.end)
      let text =
        "spike \(state.zone.clock(episode.start))–\(end), peak "
        + "\(state.zone.clock(episode.peak)): \(Printable.text(episode.verdict, limit: 1024))"
      return wrapped(text, width: state.columns).map { Line(text: $0, style: Style(.alarm)) }
    }
  }

  private static func suspects(_ host: WatchedHost, _ state: WatchState) -> [Line] {
    guard let report = host.suspects else { return [] }
    let time = state.zone.clock(report.time)
    guard !report.suspects.isEmpty else {
      let what = report.source == .agent ? "no task waits" : "no task in D"
      return [Line(text: "suspects at \(time): \(what)", style: .faint)]
    }
    let state = host.areSuspectsInD ? "in D" : "waiting"
    var lines = [
      Line(
        text: "suspects at \(time): \(report.suspects.count) "
          + (report.suspects.count == 1 ? "task \(state)" : "tasks \(state)"),
        style: Style(.heading, bold: true)),
      Line(text: SuspectLine.titles(report.source), style: Style(.heading)),
    ]
    lines += report.suspects.map { Line(text: SuspectLine.text($0), style: .plain) }
    return lines
  }

  /// Words of a text in lines of at most `width` cells; a word that is longer is divided.
  static func wrapped(_ text: String, width: Int) -> [String] {
    guard width > 0 else { return [] }
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
      let wide = DisplayWidth.of(word)
      if used > 0, used + 1 + wide <= width {
        line += " " + word
        used += 1 + wide
        continue
      }
      if used > 0 { lines.append(line) }
      (line, used) = ("", 0)
      for scalar in word.unicodeScalars {
        let cells = DisplayWidth.of(scalar)
        if used + cells > width {
          lines.append(line)
          (line, used) = ("", 0)
        }
        line.unicodeScalars.append(scalar)
        used += cells
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}

/// A waiting task, as a line.
enum SuspectLine {
  /// ps says since when a task is there, an agent for how long it waits.
  static func titles(_ source: SuspectSource) -> String {
    switch source {
    case .ps: "    pid     tid user     state wait channel         elapsed command"
    case .agent: "    pid     tid user     state waits for             waited command"
    }
  }

  static func text(_ suspect: Suspect) -> String {
    let seconds = suspect.waitSeconds ?? suspect.elapsedSeconds.map { Double(max(0, $0)) }
    let elapsed = seconds.map { CompactNumber.age(seconds: $0) } ?? "-"
    return [
      "\(suspect.pid)".leftPadded(to: 7), "\(suspect.tid)".leftPadded(to: 7),
      word(suspect.user, 8), word(suspect.state, 5), word(suspect.waitsFor ?? "-", 20),
      elapsed.leftPadded(to: 7), Printable.text(suspect.command),
    ].joined(separator: " ")
  }

  /// For the line under a host.
  static func short(_ suspect: Suspect) -> String {
    let command = Printable.text(suspect.command, limit: 200)
    let who = "\(suspect.pid) \(Printable.text(suspect.user, limit: 32))"
    let state = suspect.isUninterruptible ? "D" : Printable.text(suspect.state, limit: 8)
    let time = suspect.waitSeconds.map { " \(CompactNumber.age(seconds: $0))" } ?? ""
    return "\(who), \(state)\(time)\(what(suspect)): \(command)"
  }

  /// The reason first; the kernel function where there is none.
  private static func what(_ suspect: Suspect) -> String {
    if let reason = suspect.reason { return " for \(Printable.text(reason, limit: 40))" }
    return suspect.waitChannel.map { " in \(Printable.text($0, limit: 40))" } ?? ""
  }

  /// Made printable, cut and padded: what a host sent keeps to its column.
  private static func word(_ text: String, _ width: Int) -> String {
    var shown = ""
    var used = 0
    for scalar in Printable.text(text, limit: 64).unicodeScalars {
      guard used + DisplayWidth.of(scalar) <= width else { break }
      shown.unicodeScalars.append(scalar)
      used += DisplayWidth.of(scalar)
    }
    return shown.padded(to: width)
  }
}
