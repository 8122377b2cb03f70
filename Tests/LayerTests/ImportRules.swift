import Foundation
import Testing

/// Who may import whom: the rows of the design's table of targets. The standard library,
/// `Synchronization` and libc are free to all; from `SSHFleet` on Foundation and swift-log too.
@Suite("layers")
struct ImportRules {
  static let rows: [(target: String, room: String, imports: Set<String>)] = [
    ("Bytes", "Common", ["CSystem"]),
    ("Records", "Common", []),
    ("WaitReasons", "Common", ["Bytes", "Records"]),
    ("TraceReport", "Common", ["Bytes", "Records"]),
    ("Reports", "Common", ["TraceReport", "WaitReasons", "Bytes", "Records"]),
    ("Wire", "Common", ["Bytes", "Records"]),
    ("Diagnosis", "Common", ["Records"]),
    ("ProcFS", "Agent", ["CSystem", "Bytes", "Records"]),
    ("BPFEngine", "Agent", ["CBPF", "Records"]),
    (
      "Sampling", "Agent",
      ["ProcFS", "BPFEngine", "WaitReasons", "Records", "Bytes", "CSystem"]
    ),
    (
      "Strace", "Agent",
      [
        "TraceReport", "Sampling", "ProcFS", "BPFEngine", "WaitReasons", "Records", "Bytes",
        "CSystem",
      ]
    ),
    ("Encap", "Agent", ["Bytes", "CSystem"]),
    ("Spool", "Agent", ["CZlib", "CSystem", "Wire", "Bytes", "Records"]),
    (
      "Agent", "Agent",
      [
        "Sampling", "Strace", "Spool", "Encap", "ProcFS", "BPFEngine", "Wire", "TraceReport",
        "Reports", "WaitReasons", "Records", "Bytes", "CSystem",
      ]
    ),
    ("culprit-agent", "Commands", ["Agent"]),
    ("SSHFleet", "Collector", ["CLibSSH2", "CSystem", "Bytes"]),
    ("History", "Collector", ["Bytes", "Records", "GRDB", "GRDBSQLite"]),
    (
      "Collector", "Collector",
      [
        "SSHFleet", "Diagnosis", "History", "Wire", "TraceReport", "Bytes", "Records", "CSystem",
        "TOMLKit",
      ]
    ),
    (
      "Deploy", "Collector",
      ["Collector", "SSHFleet", "Encap", "Wire", "Bytes", "Records", "CZlib"]
    ),
    ("Watch", "Collector", ["Bytes", "Records", "CNcurses"]),
    (
      "culprit", "Commands",
      [
        "Collector", "Deploy", "Watch", "History", "TraceReport", "Reports", "WaitReasons",
        "Records", "Bytes", "SSHFleet", "ArgumentParser",
      ]
    ),
  ]

  /// Of these rooms the agent is made.
  static let smallRooms: Set<String> = ["Common", "Agent"]
  static let freeToAll: Set<String> = ["Glibc", "Synchronization"]
  static let freeToCollector: Set<String> = [
    "Foundation", "Logging", "Dispatch", "HeapModule", "DequeModule",
  ]

  static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  @Test("a target imports only what its row names", arguments: rows.map(\.target))
  func importsStayInTheirRow(target: String) throws {
    let row = try #require(Self.rows.first { $0.target == target })
    var allowed = row.imports.union(Self.freeToAll)
    if !Self.smallRooms.contains(row.room), target != "culprit-agent" {
      allowed.formUnion(Self.freeToCollector)
    }
    let files = try sources(of: row.room, target)
    #expect(!files.isEmpty, "no sources of \(target)")
    for file in files {
      for module in try imports(of: file) where !allowed.contains(module) {
        Issue.record("\(file.lastPathComponent) imports \(module), which its row doesn't name")
      }
    }
  }

  @Test("every Swift target of the rooms has a row")
  func everyTargetHasARow() throws {
    for room in ["Common", "Agent", "Collector", "Commands"] {
      let folder = Self.root.appendingPathComponent("Sources/\(room)")
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        // The benchmark may import any library.
        guard name != "culprit-bench" else { continue }
        #expect(Self.rows.contains { $0.target == name && $0.room == room }, "\(room)/\(name)")
      }
    }
  }

  @Test("the agent's rooms use neither Foundation nor async")
  func commonStaysSmall() throws {
    for (target, room, _) in Self.rows where Self.smallRooms.contains(room) {
      for file in try sources(of: room, target) {
        let text = try String(contentsOf: file, encoding: .utf8)
        for word in [" async ", " await ", "actor "] {
          let code = text.split(separator: "\n").filter { !$0.contains("//") }
          #expect(!code.contains { $0.contains(word) }, "\(file.lastPathComponent): \(word)")
        }
      }
    }
  }

  private func sources(of room: String, _ target: String) throws -> [URL] {
    let folder = Self.root.appendingPathComponent("Sources/\(room)/\(target)")
    let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (walk?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  private func imports(of file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(of: "import"),
        words[..<index].allSatisfy({ $0.hasPrefix("@") || $0 == "public" })
      else { return nil }
      // `import struct Foundation.Data` names its module in front of the dot.
      return words.last.map { String($0.prefix { $0 != "." }) }
    }
  }
}
