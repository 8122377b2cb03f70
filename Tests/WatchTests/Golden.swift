import Foundation
import Testing

/// Screens kept as text files; `UPDATE_GOLDEN=1` writes them anew.
enum Golden {
  static func check(
    _ lines: [String], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden").appendingPathComponent("\(name).txt")
    let text = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file)
      return
    }
    let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(
      Array(text.utf8) == Array(expected.utf8), "\(name):\n\(text)",
      sourceLocation: sourceLocation)
  }
}
