/// Lines that scroll, of which a filter lets some through. Positions count the lines that are
/// shown, and don't move when old ones are forgotten.
struct Scroll: Sendable {
  private var lines: RecentValues<ScrollLine>
  private var filter: LineFilter?
  private var zone: ViewerZone
  /// With a filter: the positions in `lines` of those that pass, ascending.
  private var passing: RecentValues<Int>?

  init(capacity: Int, zone: ViewerZone) {
    lines = RecentValues(capacity: capacity)
    self.zone = zone
  }

  var end: Int { passing?.end ?? lines.end }

  /// The first position that is kept.
  var start: Int {
    guard let passing else { return lines.start }
    // Lines are forgotten by `lines`; of `passing` those are passed over.
    var (low, high) = (passing.start, passing.end)
    while low < high {
      let middle = (low + high) / 2
      if passing[middle] < lines.start { low = middle + 1 } else { high = middle }
    }
    return low
  }

  var isEmpty: Bool { start == end }

  subscript(position: Int) -> ScrollLine {
    guard let passing else { return lines[position] }
    return lines[passing[position]]
  }

  mutating func append(_ line: ScrollLine) {
    let position = lines.end
    lines.append(line)
    if let filter, Scroll.passes(line, filter, zone) { passing?.append(position) }
  }

  /// Lets only lines through that pass, also of those there already.
  mutating func setFilter(_ filter: LineFilter) {
    guard !filter.isEmpty else {
      self.filter = nil
      passing = nil
      return
    }
    self.filter = filter
    var kept = RecentValues<Int>(capacity: lines.capacity)
    for position in lines.start..<lines.end
    where Scroll.passes(lines[position], filter, zone) {
      kept.append(position)
    }
    passing = kept
  }

  private static func passes(_ line: ScrollLine, _ filter: LineFilter, _ zone: ViewerZone) -> Bool {
    line.isMark || filter.passes(line.text(zone: zone))
  }

  /// The newest rows of whatever filter, oldest first.
  func newestRows(_ limit: Int) -> [ScrollLine] { lines.suffix(limit) }

  /// The positions on a screen of `height` lines whose last is the one before `wanted`; `nil`
  /// follows the newest.
  func range(height: Int, end wanted: Int?) -> Range<Int> {
    let (first, last) = (start, end)
    let stop = max(min(wanted ?? last, last), min(last, first + height))
    return max(first, stop - max(0, height))..<stop
  }

  /// The position of the first line that `matches`, looking `step` (1 or -1) on from `origin`
  /// (included) and once around.
  func search(from origin: Int, step: Int, _ pattern: LinePattern) -> Int? {
    let (first, count) = (start, end - start)
    guard count > 0 else { return nil }
    for offset in 0..<count {
      let place = (origin - first + offset * step) % count
      let position = first + (place < 0 ? place + count : place)
      if pattern.matches(self[position].text(zone: zone)) { return position }
    }
    return nil
  }
}
