import Records

/// A piece of the spool: a file with frames of one stream, one behind the other.
///
/// It begins with the hello of its stream (sequence 1, repeated in each piece), so that each can be
/// read alone. While it grows it is `NUMBER.frames`, the frames as they go over the wire. Once full
/// it is sealed: compressed into `NUMBER.sealed`, a ``SealedHeader`` and a zlib stream.
struct SpoolSegment: Equatable, Sendable {
  /// Pieces are numbered in the order in which they began.
  var number: UInt64
  var stream: StreamID
  /// Numbers of the first and last frame, the repeated hello not counted.
  var first: UInt64
  var last: UInt64
  /// Times of the first and last tick in it; `nil` without a tick.
  var oldest: Timestamp?
  var newest: Timestamp?
  /// Bytes of frames, before they are compressed.
  var frameBytes: Int
  /// Bytes on the disk.
  var fileBytes: Int
  var isSealed: Bool

  static let growing = ".frames"
  static let sealed = ".sealed"
  /// What is written before it is renamed into its place.
  static let unfinished = ".new"

  var fileName: String { SpoolSegment.name(number) + (isSealed ? Self.sealed : Self.growing) }

  /// Twenty digits: names in the order of their text are in the order of their numbers.
  static func name(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
  }

  /// The number and the ending of a file's name; `nil` for a file that isn't ours.
  static func parse(_ fileName: String) -> (number: UInt64, ending: String)? {
    let digits = fileName.prefix { $0.isASCII && $0.isNumber }
    guard digits.count == 20, let number = UInt64(digits) else { return nil }
    return (number, String(fileName.dropFirst(digits.count)))
  }
}
