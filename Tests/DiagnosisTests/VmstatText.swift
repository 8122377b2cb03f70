import Foundation
import Records

/// Reads the rows of a saved vmstat log for these tests: columns by header name, the first row of
/// a table (the average since boot) left out, lines that aren't rows ignored. `import` has the
/// real parser.
struct VmstatText {
  var samples: [HostSample] = []
  /// Seconds of the `# begin` and `# end` lines that `Fixtures/record` writes.
  var marks: [Int64] = []

  private var columns: [VmstatColumn?] = []
  private var isFirst = true

  init(_ text: String, interval: Int64 = 1, cpus: Int? = nil, keepsFirst: Bool = false) {
    isFirst = !keepsFirst
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let word = words.first else { continue }
      if word == "#", ["begin", "end"].contains(words[1]), let second = Int64(words[2]) {
        marks.append(second)
      } else if word == "loadavg" {
        readLoad(words)
      } else if words.contains("swpd") {
        columns = words.map { name in VmstatColumn.allCases.first { $0.name == name } }
      } else {
        readRow(words, interval: interval, cpus: cpus)
      }
    }
  }

  private mutating func readRow(_ words: [String], interval: Int64, cpus: Int?) {
    guard !columns.isEmpty, words.prefix(2).allSatisfy({ Int64($0) != nil }) else { return }
    var row = VmstatRow()
    for (word, column) in zip(words, columns) {
      guard let column else { continue }
      row[column] = Int64(word)
    }
    guard !isFirst else {
      isFirst = false
      return
    }
    var time = Timestamp(seconds: 1_000_000_000 + Int64(samples.count) * interval)
    if words.count >= columns.count + 1, words[words.count - 2].contains("-") {
      time = Self.time(words[words.count - 2], words[words.count - 1]) ?? time
    }
    samples.append(
      HostSample(host: "log", time: time, source: .imported, row: row, cpus: cpus))
  }

  /// The reading belongs to the latest row.
  private mutating func readLoad(_ words: [String]) {
    guard !samples.isEmpty, words.count > 4, let one = Double(words[2]),
      let five = Double(words[3]), let fifteen = Double(words[4])
    else { return }
    samples[samples.count - 1].load = LoadAverage(
      oneMinute: one, fiveMinutes: five, fifteenMinutes: fifteen)
  }

  private static func time(_ date: String, _ clock: String) -> Timestamp? {
    let format = ISO8601DateFormatter()
    return format.date(from: "\(date)T\(clock)Z").map {
      Timestamp(seconds: Int64($0.timeIntervalSince1970))
    }
  }
}

/// Where recorded input is found.
enum Recorded {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let corpora = tests.appendingPathComponent("../../../shared/corpora/vmstat")

  static func fixture(_ name: String, loads: Bool = true) throws -> VmstatText {
    let file = tests.appendingPathComponent("Fixtures/\(name).txt")
    var text = VmstatText(try String(contentsOf: file, encoding: .utf8), cpus: 2)
    if !loads { for index in text.samples.indices { text.samples[index].load = nil } }
    return text
  }

  static func log(
    _ name: String, interval: Int64 = 1, cpus: Int? = nil, keepsFirst: Bool = false
  ) throws -> [HostSample] {
    let text = try String(contentsOf: corpora.appendingPathComponent(name), encoding: .utf8)
    return VmstatText(text, interval: interval, cpus: cpus, keepsFirst: keepsFirst).samples
  }

  static var hasCorpora: Bool { FileManager.default.fileExists(atPath: corpora.path) }
}
