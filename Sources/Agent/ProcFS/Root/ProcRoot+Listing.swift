import CSystem
import Glibc

extension ProcRoot {
  /// Calls `body` with the name of each entry of a folder but `.` and `..`, in the kernel's order.
  /// The buffer is used for the listing, so `body` needs another one for its own readings.
  public func list(
    _ path: ProcPath, using buffer: inout ReadBuffer, _ body: (Span<UInt8>) -> Void
  ) -> ReadOutcome {
    let folder = openDescriptor(path.count == 0 ? ProcPath(".") : path, O_DIRECTORY)
    guard folder >= 0 else { return ReadOutcome(errno: -folder) }
    defer { close(folder) }
    while true {
      let size = buffer.fill { Int(culprit_read_entries(folder, $0, UInt($1))) }
      if size == 0 { return .bytes }
      if size < 0 {
        if size == -Int(EINTR) { continue }
        return ReadOutcome(errno: Int32(truncatingIfNeeded: -size))
      }
      buffer.withBytes { DirectoryEntries.forEach(in: $0, body) }
    }
  }

  /// Calls `body` with each entry of a folder that is a number: processes, their tasks, their
  /// descriptors.
  public func listNumbers(
    _ path: ProcPath, using buffer: inout ReadBuffer, _ body: (Int32) -> Void
  ) -> ReadOutcome {
    list(path, using: &buffer) { name in
      var value: Int32 = 0
      for index in name.indices {
        let digit = name[index] &- UInt8(ascii: "0")
        guard digit <= 9, value < Int32.max / 10 else { return }
        value = value * 10 + Int32(digit)
      }
      body(value)
    }
  }
}

/// The records of getdents64(2): inode (8 bytes), offset (8), length of the record (2), type (1),
/// name, NUL.
enum DirectoryEntries {
  private static let headerSize = 19

  static func forEach(in bytes: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
    var start = 0
    while start + headerSize < bytes.count {
      let length = Int(bytes[start + 16]) | Int(bytes[start + 17]) << 8
      guard length > headerSize, start + length <= bytes.count else { return }
      let name = start + headerSize
      var end = name
      while end < start + length, bytes[end] != 0 { end += 1 }
      if !isDots(bytes, name..<end) { body(bytes.extracting(name..<end)) }
      start += length
    }
  }

  private static func isDots(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= 2 else { return false }
    for index in range where bytes[index] != UInt8(ascii: ".") { return false }
    return true
  }
}
