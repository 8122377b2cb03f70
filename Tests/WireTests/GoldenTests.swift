import Foundation
import Testing

@testable import Wire

/// The bytes of one record of each kind, as text; `UPDATE_GOLDEN=1` writes them anew. Once an
/// agent is released, its bytes are here to stay: they are read back too.
@Suite("golden frames")
struct GoldenTests {
  @Test("the bytes are those of before, and are read", arguments: Record.all)
  func bytes(record: Record) throws {
    let dump = GoldenTests.dump(Stream.bytes([record.frame], from: 300))
    let file = GoldenTests.file(record.name)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(dump.utf8).write(to: file)
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    #expect(kept == dump, "\(record.name):\n\(dump)")
    let frames = Stream.frames(Stream.events(GoldenTests.bytes(ofDump: kept)))
    #expect(frames.map(\.frame) == [record.frame])
    #expect(frames.map(\.sequence) == [300])
  }

  private static func file(_ name: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/\(name).txt")
  }

  /// Offset, sixteen bytes, and what of them is ASCII, as `hexdump -C` shows them.
  private static func dump(_ bytes: [UInt8]) -> String {
    stride(from: 0, to: bytes.count, by: 16).map { start in
      let line = bytes[start..<min(start + 16, bytes.count)]
      let hex = line.map { String(format: "%02x", $0) }.joined(separator: " ")
      let text = line.map { (0x20..<0x7F).contains($0) ? Character(Unicode.Scalar($0)) : "." }
      let padded = hex.padding(toLength: 47, withPad: " ", startingAt: 0)
      return String(format: "%06x  ", start) + padded + "  |\(String(text))|\n"
    }.joined()
  }

  private static func bytes(ofDump dump: String) -> [UInt8] {
    dump.split(separator: "\n").flatMap { line in
      line.dropFirst(8).prefix(47).split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
  }
}
