/// Which rows of the screen a zoomed host's parts take. Its own rows keep some lines; the rest
/// gets what room there is: sparklines, and then the sections, which share it.
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
    let sections = ZoomSections(host, state)
    let room = max(0, body.count - 2 - min(ZoomLayout.leastRows, body.count / 2))
    let sparkCount = min(ZoomLayout.sparkRows, room)
    let lines = sections.lines(room: room - sparkCount)
    title = body.lowerBound
    sparks = (title + 1)..<(title + 1 + sparkCount)
    self.lines = lines
    linesTop = sparks.upperBound
    names = min(linesTop + lines.count, max(body.lowerBound, body.upperBound - 1))
    rows = min(names + 1, body.upperBound)..<body.upperBound
    rest = areas.rest
    notice = areas.notice
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
