/// Cuts a stream of pieces into lines. Of a line longer than there is room for, beginning and end are
/// kept: the one has the call, the other what it returned.
struct LineGatherer: Sendable {
  static let headLimit = 24 << 10
  static let tailLimit = 8 << 10

  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  private var length = 0

  /// Calls `body` for each line that `bytes` finish, without its line end.
  mutating func feed(_ bytes: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
    var start = 0
    while start < bytes.count {
      let end = LineGatherer.lineEnd(bytes, from: start)
      if length == 0, end < bytes.count, end - start <= LineGatherer.headLimit {
        body(bytes.extracting(start..<LineGatherer.textEnd(bytes, start..<end)))
      } else {
        hold(bytes.extracting(start..<end))
        if end < bytes.count { emit(body) }
      }
      start = end + 1
    }
  }

  /// What is left, as a line.
  mutating func finish(_ body: (Span<UInt8>) -> Void) {
    if length > 0 { emit(body) }
  }

  private static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    return end
  }

  private mutating func hold(_ piece: Span<UInt8>) {
    length += piece.count
    let room = min(piece.count, LineGatherer.headLimit - head.count)
    for index in 0..<room { head.append(piece[index]) }
    let rest = piece.count - room
    guard rest > 0 else { return }
    // Only the last bytes of what follows can matter.
    let first = piece.count - min(rest, LineGatherer.tailLimit)
    for index in first..<piece.count { tail.append(piece[index]) }
    if tail.count >= 2 * LineGatherer.tailLimit {
      tail.removeFirst(tail.count - LineGatherer.tailLimit)
    }
  }

  private mutating func emit(_ body: (Span<UInt8>) -> Void) {
    if tail.count > LineGatherer.tailLimit {
      tail.removeFirst(tail.count - LineGatherer.tailLimit)
    }
    var line: [UInt8] = []
    swap(&line, &head)
    line += tail
    body(line.span.extracting(0..<LineGatherer.textEnd(line.span, 0..<line.count)))
    line.removeAll(keepingCapacity: line.capacity <= 4 * LineGatherer.headLimit)
    swap(&line, &head)
    tail.removeAll()
    length = 0
  }

  /// Where the line ends, without the return that may stand in front of its end.
  private static func textEnd(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    !line.isEmpty && bytes[line.upperBound - 1] == UInt8(ascii: "\r")
      ? line.upperBound - 1 : line.upperBound
  }
}
