import Bytes
import Foundation
import Records

@testable import Collector

/// Recorded vmstat output and how the tests read it.
enum VmstatText {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  /// Real logs of many systems, beside the repository; absent on a machine without them.
  static let corpus = folder.appending(path: "../../../shared/corpora/vmstat").standardized

  static var hasCorpus: Bool { FileManager.default.fileExists(atPath: corpus.path) }

  static func fixture(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: "Fixtures/\(name).txt")))
  }

  static func log(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: corpus.appending(path: name)))
  }

  /// The lines of a file, and whether the last one had its line end.
  static func lines(_ bytes: [UInt8]) -> (lines: [[UInt8]], isTerminated: Bool) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { Array($0) }
    let isTerminated = lines.last?.isEmpty ?? true
    if isTerminated, !lines.isEmpty { lines.removeLast() }
    return (lines, isTerminated)
  }

  /// What the parser says about each line.
  static func parse(
    _ bytes: [UInt8], unit: MemoryUnit = .kibi
  ) -> [VmstatParser.Line] {
    var parser = VmstatParser(memoryUnit: unit)
    return lines(bytes).lines.map { parser.parse($0.span) }
  }

  static func parse(_ text: String, unit: MemoryUnit = .kibi) -> [VmstatParser.Line] {
    parse(Array(text.utf8), unit: unit)
  }

  /// The rows among them.
  static func rows(_ lines: [VmstatParser.Line]) -> [VmstatRow] {
    lines.compactMap { if case .row(let row, _) = $0 { row } else { nil } }
  }

  /// Reads a whole log.
  static func read(
    _ bytes: [UInt8], _ options: VmstatLogReader.Options
  ) -> (samples: [HostSample], report: VmstatLogReport) {
    var reader = VmstatLogReader(options: options)
    var samples: [HostSample] = []
    let (lines, isTerminated) = lines(bytes)
    for (index, line) in lines.enumerated() {
      reader.read(
        line.span, number: index + 1, isTerminated: isTerminated || index < lines.count - 1
      ) { samples.append($0) }
    }
    return (samples, reader.finish())
  }

  static func read(
    _ text: String, _ options: VmstatLogReader.Options
  ) -> (samples: [HostSample], report: VmstatLogReport) {
    read(Array(text.utf8), options)
  }

  /// The numbers of a line, by place.
  static func numbers(_ line: [UInt8]) -> [Int64] {
    String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .compactMap { Int64($0) }
  }
}

extension VmstatRow {
  /// A row of the columns and values of two lines of text.
  init(_ names: String, _ values: String) {
    self.init()
    let numbers = VmstatText.numbers(Array(values.utf8))
    for (name, number) in zip(names.split(whereSeparator: \.isWhitespace), numbers) {
      guard let column = VmstatColumn.allCases.first(where: { $0.name == name }) else { continue }
      self[column] = number
    }
  }

  /// Every column that is set, as `name=value`.
  var text: String {
    VmstatColumn.allCases.compactMap { column in self[column].map { "\(column.name)=\($0)" } }
      .joined(separator: " ")
  }
}
