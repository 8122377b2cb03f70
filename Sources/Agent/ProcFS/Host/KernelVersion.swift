import Bytes

/// The kernel's version as far as its features go by it: `/proc/sys/kernel/osrelease`.
public struct KernelVersion: Comparable, Sendable {
  public var major: Int
  public var minor: Int

  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `nil` where it isn't told.
  public init?(from proc: borrowing ProcRoot, using buffer: inout ReadBuffer) {
    guard proc.read("sys/kernel/osrelease", into: &buffer) == .bytes,
      let version = buffer.withBytes({ KernelVersion($0) })
    else { return nil }
    self = version
  }

  private init?(_ text: Span<UInt8>) {
    guard let dot = text.index(of: UInt8(ascii: ".")), let major = text.decimal(in: 0..<dot)
    else { return nil }
    var end = dot + 1
    while end < text.count, text[end] &- UInt8(ascii: "0") <= 9 { end += 1 }
    guard let minor = text.decimal(in: dot + 1..<end) else { return nil }
    self.init(Int(clamping: major), Int(clamping: minor))
  }

  public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}
