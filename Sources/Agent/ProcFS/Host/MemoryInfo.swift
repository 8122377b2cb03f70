import Bytes

/// Memory of the host, KiB (proc_meminfo(5), fs/proc/meminfo.c). What this kernel doesn't have is
/// `nil`.
public struct MemoryInfo: Equatable, Sendable {
  public var total: UInt64?
  public var free: UInt64?
  /// Since Linux 3.14.
  public var available: UInt64?
  public var buffers: UInt64?
  public var cached: UInt64?
  /// Part of the slab that can be given back. Since Linux 2.6.19.
  public var slabReclaimable: UInt64?
  public var active: UInt64?
  public var inactive: UInt64?
  /// Waits to be written.
  public var dirty: UInt64?
  /// Being written.
  public var writeback: UInt64?
  public var swapTotal: UInt64?
  public var swapFree: UInt64?

  public init() {}

  public init(_ text: Span<UInt8>) {
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) { take(text.extracting(range)) }
  }

  private mutating func take(_ line: Span<UInt8>) {
    guard let first = line.isEmpty ? nil : line[0] else { return }
    switch first {
    case UInt8(ascii: "M"):
      total = line.value(after: "MemTotal:") ?? total
      free = line.value(after: "MemFree:") ?? free
      available = line.value(after: "MemAvailable:") ?? available
    case UInt8(ascii: "B"): buffers = line.value(after: "Buffers:") ?? buffers
    case UInt8(ascii: "C"): cached = line.value(after: "Cached:") ?? cached
    case UInt8(ascii: "A"): active = line.value(after: "Active:") ?? active
    case UInt8(ascii: "I"): inactive = line.value(after: "Inactive:") ?? inactive
    case UInt8(ascii: "D"): dirty = line.value(after: "Dirty:") ?? dirty
    case UInt8(ascii: "W"): writeback = line.value(after: "Writeback:") ?? writeback
    case UInt8(ascii: "S"):
      slabReclaimable = line.value(after: "SReclaimable:") ?? slabReclaimable
      swapTotal = line.value(after: "SwapTotal:") ?? swapTotal
      swapFree = line.value(after: "SwapFree:") ?? swapFree
    default: break
    }
  }
}
