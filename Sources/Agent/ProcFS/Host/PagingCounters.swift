import Bytes

/// What the memory manager moved since boot, and what is on its way (`/proc/vmstat`, mm/vmstat.c).
public struct PagingCounters: Equatable, Sendable {
  /// Read from block devices, KiB.
  public var pagedInKiB: UInt64?
  /// Written to block devices, KiB.
  public var pagedOutKiB: UInt64?
  /// Pages swapped in. Absent in a kernel without swap.
  public var swappedInPages: UInt64?
  /// Pages swapped out.
  public var swappedOutPages: UInt64?
  public var dirtyPages: UInt64?
  public var writebackPages: UInt64?

  public init() {}

  public init(_ text: Span<UInt8>) {
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) { take(text.extracting(range)) }
  }

  private mutating func take(_ line: Span<UInt8>) {
    guard let first = line.isEmpty ? nil : line[0] else { return }
    switch first {
    case UInt8(ascii: "p"):
      pagedInKiB = line.value(after: "pgpgin ") ?? pagedInKiB
      pagedOutKiB = line.value(after: "pgpgout ") ?? pagedOutKiB
      swappedInPages = line.value(after: "pswpin ") ?? swappedInPages
      swappedOutPages = line.value(after: "pswpout ") ?? swappedOutPages
    case UInt8(ascii: "n"):
      dirtyPages = line.value(after: "nr_dirty ") ?? dirtyPages
      writebackPages = line.value(after: "nr_writeback ") ?? writebackPages
    default: break
    }
  }
}
