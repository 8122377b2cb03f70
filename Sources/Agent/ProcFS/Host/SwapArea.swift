import Bytes

/// One swap area, KiB (`/proc/swaps`, proc_swaps(5), mm/swapfile.c).
public struct SwapArea: Equatable, Sendable {
  /// Path of the file or partition; printable, bounded.
  public var name: String
  public var isPartition: Bool
  public var sizeKiB: UInt64
  public var usedKiB: UInt64

  /// All areas; lines that aren't understood are left out.
  public static func all(in text: Span<UInt8>) -> [SwapArea] {
    var areas: [SwapArea] = []
    var cursor = 0
    _ = text.nextWholeLine(&cursor)  // Filename Type Size Used Priority
    while let range = text.nextWholeLine(&cursor) {
      if let area = SwapArea(text.extracting(range)) { areas.append(area) }
    }
    return areas
  }

  private init?(_ line: Span<UInt8>) {
    // Blanks in a name are escaped as \040, so it is one word.
    var cursor = 0
    guard let name = line.nextWord(&cursor), let kind = line.nextWord(&cursor),
      let size = line.nextCounter(&cursor), let used = line.nextCounter(&cursor)
    else { return nil }
    self.name = Printable.text(line.extracting(name))
    isPartition = line.equals("partition", in: kind)
    (sizeKiB, usedKiB) = (size, used)
  }
}
