/// Cuts a stream of chunks into lines, holding at most one unfinished line of bounded length.
///
/// A line longer than the bound is dropped whole and reported once, so that a host that sends
/// 10 MB without a newline costs no more memory than any other.
public struct LineSplitter: Sendable {
  public enum Piece {
    case line
    /// The bytes handed over are the first of a line that passed the bound.
    case tooLong
  }

  /// Longest line kept, bytes. vmstat's own rows stay below 250.
  public let limit: Int
  private var pending: [UInt8] = []
  private var isSkipping = false

  public init(limit: Int = 4096) {
    self.limit = limit
  }

  /// Whether the stream broke off inside a line.
  public var hasUnfinishedLine: Bool { isSkipping || !pending.isEmpty }

  /// Feeds `bytes` and calls `body` for each line that they finish, without its line end
  /// (`\n` or `\r\n`).
  public mutating func feed(_ bytes: Span<UInt8>, _ body: (Piece, Span<UInt8>) -> Void) {
    var start = 0
    for index in 0..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
      finish(bytes.extracting(start..<index), body)
      start = index + 1
    }
    hold(bytes.extracting(start..<bytes.count), body)
  }

  /// Forgets an unfinished line: what follows comes from another connection.
  public mutating func reset() {
    pending.removeAll(keepingCapacity: true)
    isSkipping = false
  }

  private mutating func finish(_ tail: Span<UInt8>, _ body: (Piece, Span<UInt8>) -> Void) {
    if isSkipping {
      isSkipping = false
      return
    }
    if pending.isEmpty {
      guard tail.count <= limit else { return body(.tooLong, tail.extracting(0..<limit)) }
      return body(.line, tail.extracting(0..<LineSplitter.lengthWithoutReturn(tail)))
    }
    hold(tail, body)
    if isSkipping {
      isSkipping = false
      return
    }
    emit(.line, body)
  }

  private mutating func hold(_ tail: Span<UInt8>, _ body: (Piece, Span<UInt8>) -> Void) {
    guard !isSkipping else { return }
    let room = limit - pending.count
    for index in 0..<min(room, tail.count) { pending.append(tail[index]) }
    guard tail.count > room else { return }
    emit(.tooLong, body)
    isSkipping = true
  }

  /// Hands over what is pending; the buffer is taken out meanwhile and put back empty.
  private mutating func emit(_ piece: Piece, _ body: (Piece, Span<UInt8>) -> Void) {
    var buffer: [UInt8] = []
    swap(&buffer, &pending)
    let endsInReturn = piece == .line && buffer.last == UInt8(ascii: "\r")
    body(piece, buffer.span.extracting(0..<(buffer.count - (endsInReturn ? 1 : 0))))
    buffer.removeAll(keepingCapacity: true)
    swap(&buffer, &pending)
  }

  private static func lengthWithoutReturn(_ line: Span<UInt8>) -> Int {
    line.count > 0 && line[line.count - 1] == UInt8(ascii: "\r") ? line.count - 1 : line.count
  }
}
