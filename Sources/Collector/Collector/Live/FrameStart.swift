import Wire

/// Finds where an agent's frames begin, for a login script may print what it likes before them. No
/// text holds what a frame begins with, and of what is no text hardly any does.
public struct FrameStart: Sendable {
  /// What may become the beginning of the first frame.
  private var held: [UInt8] = []

  public init() {}

  /// Nothing of what came is kept back.
  public var isEmpty: Bool { held.isEmpty }

  /// What of these bytes, and of those that were kept back, is text, and what is frames; `nil` while
  /// none has begun.
  ///
  /// - Parameter isOver: no frames are to come any more.
  public mutating func split(
    _ bytes: Span<UInt8>, isOver: Bool = false
  ) -> (text: [UInt8], [UInt8]?) {
    var all = held
    held = []
    bytes.withUnsafeBufferPointer { all.append(contentsOf: $0) }
    guard !isOver else { return (all, nil) }
    for index in all.indices where all[index] == FrameGlance.magic[0] {
      let rest = all[index...].prefix(FrameGlance.magic.count)
      if rest.elementsEqual(FrameGlance.magic) {
        return (Array(all[..<index]), Array(all[index...]))
      }
      if FrameGlance.magic.starts(with: rest) {
        held = Array(rest)
        return (Array(all[..<index]), nil)
      }
    }
    return (all, nil)
  }
}
