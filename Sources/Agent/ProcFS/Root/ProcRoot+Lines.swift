import Bytes
import CSystem
import Glibc

/// How far a long file was read.
public struct LineOutcome: Equatable, Sendable {
  public var outcome: ReadOutcome
  /// There was more than may be read.
  public var isCut: Bool
}

extension ProcRoot {
  private static let chunkBytes = 65_536

  /// Calls `body` with each line of a file that may be far longer than it is worth keeping, as the
  /// tables of a busy host's sockets are, until it returns `false`.
  ///
  /// - Parameters:
  ///   - byteLimit: so much of the file is read.
  ///   - deadline: nothing is read past this moment of CLOCK_MONOTONIC, nanoseconds.
  public func forEachLine(
    of path: ProcPath, byteLimit: Int, until deadline: UInt64 = .max,
    _ body: (Span<UInt8>) -> Bool
  ) -> LineOutcome {
    let file = openDescriptor(path, 0)
    guard file >= 0 else {
      return LineOutcome(outcome: ReadOutcome(errno: -file), isCut: false)
    }
    defer { close(file) }
    var storage = [UInt8](repeating: 0, count: ProcRoot.chunkBytes)
    var (filled, total) = (0, 0)
    while total < byteLimit, MonotonicClock.now < deadline {
      let size = storage.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { Glibc.read(file, $0 + filled, bytes.count - filled) } ?? 0
      }
      if size < 0 {
        if errno == EINTR { continue }
        return LineOutcome(outcome: ReadOutcome(errno: errno), isCut: total > 0)
      }
      // A last line without its end may have been cut.
      if size == 0 { return LineOutcome(outcome: .bytes, isCut: false) }
      filled += size
      total += size
      guard let used = ProcRoot.scan(storage.span.extracting(0..<filled), body) else {
        return LineOutcome(outcome: .bytes, isCut: false)
      }
      // A line longer than the room is none that we know.
      filled = used == 0 && filled == storage.count ? 0 : filled - used
      for index in 0..<filled {
        let byte = storage[used + index]
        storage[index] = byte
      }
    }
    return LineOutcome(outcome: .bytes, isCut: true)
  }

  /// How many bytes the whole lines were; `nil` where `body` has had enough.
  private static func scan(_ bytes: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) -> Int? {
    var cursor = 0
    while let line = bytes.nextEndedLine(&cursor) {
      guard body(bytes.extracting(line)) else { return nil }
    }
    return cursor
  }
}

extension Span<UInt8> {
  /// The next line without its newline; where there is no whole one the cursor stays.
  fileprivate func nextEndedLine(_ cursor: inout Int) -> Range<Int>? {
    guard let end = index(of: UInt8(ascii: "\n"), from: cursor) else { return nil }
    defer { cursor = end + 1 }
    return cursor..<end
  }
}
