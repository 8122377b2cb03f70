import Bytes

/// What lsof(8) printed in front of the calls, as pt-ioprofile keeps it: the files that the process
/// had open before anybody watched.
struct StraceListing: Sendable {
  private static let limit = 10_000

  /// Whether its lines are being read.
  private(set) var isOpen = false
  private var files: [(descriptor: Int64, path: String)] = []
  private var workingDirectory: String?

  /// Whether the line is the head of such a listing: its lines follow.
  mutating func begin(_ line: Span<UInt8>) -> Bool {
    guard line.starts(with: "COMMAND"), line.contains(" PID ", in: 0..<line.count),
      line.contains(" FD ", in: 0..<line.count)
    else { return false }
    var end = line.count
    while end > 0, line[end - 1] == UInt8(ascii: " ") { end -= 1 }
    isOpen = line.matches(" NAME", at: end - 5)
    return isOpen
  }

  /// Whether the line is one of the listing's; the first that isn't ends it.
  ///
  /// COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME
  mutating func take(_ line: Span<UInt8>) -> Bool {
    var words: [Range<Int>] = []
    var cursor = 0
    while words.count < 8, let word = line.nextWord(&cursor) { words.append(word) }
    line.skipBlanks(&cursor)
    guard words.count == 8, cursor < line.count, line.decimal(in: words[1]) != nil,
      StraceListing.isDescriptor(line, words[3])
    else {
      isOpen = false
      return false
    }
    guard line[cursor] == UInt8(ascii: "/"), files.count < StraceListing.limit else { return true }
    let path = Printable.text(line.extracting(cursor..<line.count), limit: 1024)
    if line.equals("cwd", in: words[3]) {
      workingDirectory = path
    } else if let number = line.leadingNumber(words[3]) {
      files.append((number, path))
    }
    return true
  }

  /// `7792uW`, `cwd`, `txt`
  private static func isDescriptor(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
    if line[word.lowerBound] &- UInt8(ascii: "0") <= 9 { return true }
    let others: [StaticString] = ["cwd", "rtd", "txt", "mem", "DEL", "NOFD"]
    return others.contains { line.equals($0, in: word) }
  }

  func write(into known: inout StraceFiles) {
    for (descriptor, path) in files {
      known.open(descriptor, path, closesOnExec: false, limit: StraceListing.limit)
    }
    if let workingDirectory { known.workingDirectory = workingDirectory }
  }
}
