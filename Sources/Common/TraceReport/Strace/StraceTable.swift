import Bytes

/// A table of `strace -c`, `-w`, `-C` and `-U`, as its head names the columns.
struct StraceTable: Sendable {
  enum Column: Sendable {
    case share
    case seconds
    case microsecondsPerCall
    case shortest
    case longest
    case calls
    case errors
    case name
  }

  let columns: [Column]

  /// `nil` where the line is no head of such a table.
  init?(_ line: Span<UInt8>, from start: Int) {
    var columns: [Column] = []
    var cursor = start
    while let word = line.nextWord(&cursor) {
      switch word {
      // `% time` is two words.
      case _ where line.equals("%", in: word): continue
      case _ where line.equals("time", in: word): columns.append(.share)
      case _ where line.equals("seconds", in: word): columns.append(.seconds)
      case _ where line.equals("usecs/call", in: word): columns.append(.microsecondsPerCall)
      case _ where line.equals("shortest", in: word): columns.append(.shortest)
      case _ where line.equals("longest", in: word): columns.append(.longest)
      case _ where line.equals("calls", in: word): columns.append(.calls)
      case _ where line.equals("errors", in: word): columns.append(.errors)
      case _ where line.equals("syscall", in: word): columns.append(.name)
      default: return nil
      }
    }
    let hasName = columns.contains { if case .name = $0 { true } else { false } }
    guard columns.count >= 2, hasName else { return nil }
    self.columns = columns
  }

  /// A row's figures; `nil` where the line is none.
  func row(_ line: Span<UInt8>) -> ObservedCalls? {
    var words: [Range<Int>] = []
    var cursor = 0
    while let word = line.nextWord(&cursor) {
      guard words.count < columns.count else { return nil }
      words.append(word)
    }
    // Only the errors may be left blank.
    let filled =
      words.count == columns.count
      ? columns
      : columns.filter { if case .errors = $0 { false } else { true } }
    guard filled.count == words.count else { return nil }
    var calls = ObservedCalls(name: "", count: 1)
    for (column, word) in zip(filled, words) {
      guard take(column, line, word, &calls) else { return nil }
    }
    return calls.name.isEmpty ? nil : calls
  }

  private func take(
    _ column: Column, _ line: Span<UInt8>, _ word: Range<Int>, _ calls: inout ObservedCalls
  ) -> Bool {
    switch column {
    case .name:
      guard word.count <= 64 else { return false }
      calls.name = Printable.text(line.extracting(word))
      return true
    case .calls, .errors:
      guard let number = line.decimal(in: word), number >= 0 else { return false }
      if case .calls = column {
        calls.count = UInt64(number)
      } else {
        calls.errors = UInt64(number)
      }
      return true
    case .seconds, .shortest, .longest, .share, .microsecondsPerCall:
      guard let seconds = line.fraction(in: word), seconds < 1e9 else { return false }
      let nanoseconds = UInt64((seconds * 1e9).rounded())
      if case .seconds = column { calls.nanoseconds = nanoseconds }
      if case .longest = column { calls.slowestNanoseconds = nanoseconds }
      return true
    }
  }
}

extension StraceParser {
  mutating func beginTable(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    guard head.pid == nil, let table = StraceTable(line, from: head.body) else { return false }
    self.table = table
    return true
  }

  /// Whether the line is of the table that has begun. The table ends with its sums, or with anything
  /// else. Where calls were read too (`-C`), it sums up those, and nothing is counted twice.
  mutating func readTableRow(_ line: Span<UInt8>) -> Bool {
    var cursor = 0
    line.skipBlanks(&cursor)
    if cursor < line.count, line.isRule(from: cursor) { return true }
    guard let row = table?.row(line) else {
      table = nil
      return false
    }
    if row.name == "total" {
      table = nil
    } else if row.count > 0 {
      tableTally.add(row)
    }
    return true
  }
}

extension Span<UInt8> {
  /// `------ -----------`
  fileprivate func isRule(from start: Int) -> Bool {
    for index in start..<count
    where self[index] != UInt8(ascii: "-") && self[index] != UInt8(ascii: " ") { return false }
    return true
  }
}
