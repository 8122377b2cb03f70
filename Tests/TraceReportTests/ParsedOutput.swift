import Foundation
import Records
import TestSupport

@testable import TraceReport

/// strace's output, read, and what a report would say of it.
struct ParsedOutput {
  let parser: StraceParser
  let processes: [TracedProcess]

  /// - Parameter piece: bytes that are fed at a time.
  init(
    _ bytes: [UInt8], process: Int32? = nil, foldsChildren: Bool = false, piece: Int = 1 << 16
  ) {
    var parser = StraceParser(process: process, foldsChildren: foldsChildren)
    var start = 0
    while start < bytes.count {
      let end = min(start + piece, bytes.count)
      parser.feed(bytes.span.extracting(start..<end))
      start = end
    }
    parser.finish()
    self.parser = parser
    processes = parser.processes.map { found in
      let name = found.program ?? []
      let id = ProcessID(pid: found.pid ?? 0, startTicks: 0)
      var process = TracedProcess(
        identity: ProcessIdentity(id: id, name: TaskName(name.span)))
      found.write(into: &process)
      return process
    }
  }

  init(_ text: String, process: Int32? = nil, foldsChildren: Bool = false) {
    self.init(Array(text.utf8), process: process, foldsChildren: foldsChildren)
  }

  /// A file of the project's shared recordings.
  init(corpus name: String) throws {
    self.init(try ParsedOutput.corpus(name))
  }

  static func corpus(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Machine.corpora)/strace/\(name)")))
  }

  static var corpora: [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "\(Machine.corpora)/strace")
    return (names ?? []).filter { $0 != "SOURCES.tsv" }.sorted()
  }

  subscript(pid: Int32) -> TracedProcess? { processes.first { $0.identity.id.pid == pid } }

  /// How often each call was made, over all processes.
  var counts: [String: UInt64] {
    var counts: [String: UInt64] = [:]
    for call in processes.flatMap(\.calls) { counts[call.name, default: 0] += call.count }
    return counts
  }

  /// A file, over all processes.
  func file(_ path: String) -> TracedFile? {
    var sum: TracedFile?
    for file in processes.flatMap(\.files) where file.path == path {
      guard var known = sum else {
        sum = file
        continue
      }
      known.calls += file.calls
      known.readBytes += file.readBytes
      known.writeBytes += file.writeBytes
      known.syncCalls += file.syncCalls
      known.nanoseconds += file.nanoseconds
      sum = known
    }
    return sum
  }

  func call(_ name: String) -> TracedCall? { processes.flatMap(\.calls).first { $0.name == name } }
}
