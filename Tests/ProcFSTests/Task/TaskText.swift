import Foundation
import TestSupport

@testable import ProcFS

/// Files of tasks as kernels print them.
enum TaskText {
  /// Linux 6.1, 52 fields.
  static func stat(
    name: String = "bash", state: Character = "S", start: UInt64 = 98765, delay: UInt64 = 17
  ) -> [UInt8] {
    stat(name: Array(name.utf8), state: state, start: start, delay: delay)
  }

  static func stat(
    name: [UInt8], state: Character = "S", start: UInt64 = 98765, delay: UInt64 = 17
  ) -> [UInt8] {
    Array("4321 (".utf8) + name
      + Array(
        (") \(state) 4000 4321 4321 34816 5000 4194304 1000 22222 3 44 150 75 10 20 20 0 7 0 "
          + "\(start) 8630272 1433 18446744073709551615 1 2 3 4 5 0 65536 3686404 1266761467 1 0 0 "
          + "17 3 0 0 \(delay) 0 0 6 7 8 9 10 11 12 0\n").utf8)
  }

  static let io = """
    rchar: 3828
    wchar: 93
    syscr: 31
    syscw: 2
    read_bytes: 4096
    write_bytes: 18446744073709551615
    cancelled_write_bytes: 8192

    """

  static func parse<Result>(_ text: String, _ body: (Span<UInt8>) -> Result) -> Result {
    parse(Array(text.utf8), body)
  }

  static func parse<Result>(_ bytes: [UInt8], _ body: (Span<UInt8>) -> Result) -> Result {
    body(bytes.span)
  }
}

/// The recorded `/proc` trees of other kernels.
enum RecordedTrees {
  static let root = "\(Machine.corpora)/proc"
  static let isThere = Machine.hasCorpus("proc")

  /// The recorded files of tasks with this name, below a folder that is a number.
  static func files(_ name: String) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
    return walk.compactMap { $0 as? String }.filter { path in
      let parts = path.split(separator: "/")
      return parts.count > 1 && parts[parts.count - 1] == name
        && Int32(parts[parts.count - 2]) != nil && path.contains("proc")
    }.map { "\(root)/\($0)" }
  }

  static func bytes(_ path: String) -> [UInt8] {
    FileManager.default.contents(atPath: path).map { Array($0) } ?? []
  }
}
