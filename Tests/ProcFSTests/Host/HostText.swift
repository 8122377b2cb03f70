import Foundation
import TestSupport
import Testing

@testable import ProcFS

/// Lends the bytes of `text` to a parser.
func parse<Value>(_ text: String, _ parser: (Span<UInt8>) -> Value) -> Value {
  parse(Array(text.utf8), parser)
}

func parse<Value>(_ bytes: [UInt8], _ parser: (Span<UInt8>) -> Value) -> Value {
  parser(bytes.span)
}

/// A recorded host-wide file of the corpora.
struct RecordedFile: CustomTestStringConvertible, Sendable {
  var path: String
  var bytes: [UInt8]

  var testDescription: String { path }

  static let hasCorpus = Machine.hasCorpus("proc")

  /// Recorded files by the name they have below `/proc`, of all kernels and tools.
  static func all(_ names: String...) -> [RecordedFile] {
    folders.flatMap { folder in
      names.compactMap { name in
        let path = "\(folder)/\(name)"
        let data = FileManager.default.contents(atPath: "\(Machine.corpora)/proc/\(path)")
        return data.map { RecordedFile(path: path, bytes: Array($0)) }
      }
    }
  }

  private static let folders = [
    "csm-snapshot-3.13", "jc", "node_exporter", "prometheus-procfs/fixtures/proc",
    "sysstat/root1/proc", "sysstat/root2/proc", "sysstat/root3/proc", "sysstat/root4/proc",
  ]

  /// Every way to cut the file; of a long one all of its first 1,200 bytes and last 300, and
  /// every 31st in between.
  var truncations: [ArraySlice<UInt8>] {
    (0...bytes.count).filter { $0 < 1200 || $0 % 31 == 0 || $0 > bytes.count - 300 }
      .map { bytes[0..<$0] }
  }
}

/// Bytes that no kernel prints.
let hostileTexts: [[UInt8]] = [
  [], [0], [10], Array("\n\n\n".utf8), Array(repeating: 0xFF, count: 300),
  Array("cpu".utf8), Array("cpu \ncpu0\nintr\nctxt\nprocesses \n".utf8),
  Array("cpu  99999999999999999999 1 1 1 1 1 1 1 1 1\n".utf8),
  Array("cpu  -1 -2 -3 -4 -5 -6 -7\n".utf8),
  Array("MemTotal: x kB\nMemFree:\nCached: 18446744073709551616 kB\n".utf8),
  Array("pgpgin 18446744073709551615\npgpgin -1\npswpin 1x\n".utf8),
  Array("0.1 0.2 0.3 1/ 5\n".utf8), Array("0.1 0.2 0.3 /2 5\n".utf8),
  Array("a b c d/e f\n".utf8), Array("99999999999999999999.9 1 1 1/1 1\n".utf8),
  Array("8 0 \u{1b}[2J 1 2 3 4 5 6 7 8 9 10 11\n".utf8),
  Array("8 0 sda 1 2 3 4 5 6 7 8 -1 10 11\n8 1 sda1 1 2 3 4\n".utf8),
  Array("some avg10=1 total=\nfull total=x\n".utf8), Array("some total=1 total=2\n".utf8),
  Array("1:\n1: ->\n: POSIX ADVISORY WRITE 1 0:0:0 0 EOF\n-1: POSIX A W 1 0:0:0 0 EOF\n".utf8),
  Array("1: -> FLOCK  ADVISORY  WRITE 99999999999 00:00:1 0 EOF\n".utf8),
  Array("1 2 3: / / rw\n1 2 :3 / / rw - a b\n1 2 3:4 / /\\9 rw - \n1 2 3:4 / \\ - - - -\n".utf8),
  Array("0-\n".utf8), Array("3-1\n".utf8), Array("0-99999999\n".utf8), Array(",,\n".utf8),
  Array("- 0x0: { type: lock, superblock: \"\n".utf8), Array("superblock: ".utf8),
  Array((0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }),
]
