import Bytes

/// Output that is some vmstat's, but not the table of Linux' procps.
public enum ForeignFormat: Error, Equatable, Sendable, CaseIterable, CustomStringConvertible {
  case freeBSD, netBSD, openBSD, solaris, aix, hpUX, macOS, android
  /// A table that starts as vmstat's do and has columns of no system above.
  case unknownSystem
  /// `vmstat -s`
  case summary
  /// `vmstat -d`
  case disks
  /// `vmstat -D`
  case diskSummary
  /// `vmstat -p`
  case partition
  /// `vmstat -m`
  case slabs
  /// `vmstat -f`
  case forks

  /// One sentence: what it is, and what to do.
  public var description: String {
    if let system {
      return "this is the vmstat of \(system), whose columns mean other things: "
        + "culprit reads vmstat of Linux (procps) only"
    }
    return "this is the output of \(command), not vmstat's table: "
      + "record `vmstat -t 1` and import that"
  }

  private var system: String? {
    switch self {
    case .freeBSD: "FreeBSD"
    case .netBSD: "NetBSD"
    case .openBSD: "OpenBSD"
    case .solaris: "Solaris"
    case .aix: "AIX"
    case .hpUX: "HP-UX"
    case .macOS: "macOS"
    case .android: "Android"
    case .unknownSystem: "another system"
    default: nil
    }
  }

  private var command: String {
    switch self {
    case .summary: "vmstat -s"
    case .disks: "vmstat -d"
    case .diskSummary: "vmstat -D"
    case .partition: "vmstat -p"
    case .slabs: "vmstat -m"
    case .forks: "vmstat -f"
    default: "another program"
    }
  }
}

extension ForeignFormat {
  /// The system whose column header `line` is, by the names only it uses; `nil` where the line
  /// has fewer than two names that Linux doesn't print.
  static func ofColumnHeader(_ line: Span<UInt8>) -> ForeignFormat? {
    let marks = Marks(line)
    guard marks.count >= 2 else { return nil }
    if marks.mapped || marks.anon { return .android }
    if marks.at && marks.de { return .hpUX }
    if marks.swap && marks.mf { return .solaris }
    if marks.int { return .openBSD }
    if marks.cy || marks.fi { return .aix }
    if marks.flt { return marks.w ? .freeBSD : .netBSD }
    return .unknownSystem
  }

  /// What a line that starts with a word gives away, apart from column headers.
  static func ofWords(_ line: Span<UInt8>) -> ForeignFormat? {
    if line.starts(with: "System configuration: ") { return .aix }
    if line.starts(with: "Mach Virtual Memory Statistics") { return .macOS }
    var cursor = 0
    guard let first = line.nextWord(&cursor) else { return nil }
    if line.equals("disk-", in: first) { return .disks }
    if line.words(at: cursor, are: "Num", "Total", "Size", "Pages") { return .slabs }
    if line.words(at: cursor, are: "reads", "read", "sectors", "writes") { return .partition }
    return isDiskColumns(line) ? .disks : nil
  }

  /// What a line that starts with one number and goes on in words gives away: `vmstat -s`, `-D`
  /// and `-f` print a number and its name on each line.
  static func ofCount(_ line: Span<UInt8>) -> ForeignFormat? {
    var cursor = 0
    guard let number = line.nextWord(&cursor), line.decimal(in: number) != nil,
      let name = line.nextWord(&cursor)
    else { return nil }
    let isLast = line.nextWord(&cursor) == nil
    if name.count == 1, !isLast, isUnit(line[name.lowerBound]) { return .summary }
    guard isLast else { return nil }
    if line.equals("disks", in: name) { return .diskSummary }
    return line.equals("forks", in: name) ? .forks : nil
  }

  private static func isUnit(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "K") || byte == UInt8(ascii: "k") || byte == UInt8(ascii: "M")
      || byte == UInt8(ascii: "m")
  }

  /// `vmstat -d` names the same four figures twice, for reads and for writes, in any language.
  private static func isDiskColumns(_ line: Span<UInt8>) -> Bool {
    var words = InlineArray<8, Range<Int>>(repeating: 0..<0)
    var cursor = 0
    for index in 0..<8 {
      guard let word = line.nextWord(&cursor), line.decimal(in: word) == nil else { return false }
      words[index] = word
    }
    for index in 0..<4 where !line.sameBytes(words[index], words[index + 4]) { return false }
    return !line.sameBytes(words[0], words[1]) && line.nextWord(&cursor) != nil
  }

  /// Column names of other systems that no procps prints.
  private struct Marks {
    var count = 0
    var mapped = false
    var anon = false
    var at = false
    var de = false
    var swap = false
    var mf = false
    var int = false
    var cy = false
    var fi = false
    var flt = false
    var w = false

    init(_ line: Span<UInt8>) {
      var cursor = 0
      var words = 0
      while words < VmstatHeader.wordLimit, let word = line.nextWord(&cursor) {
        words += 1
        mark("mapped", \.mapped, line, word)
        mark("anon", \.anon, line, word)
        mark("at", \.at, line, word)
        mark("de", \.de, line, word)
        mark("mf", \.mf, line, word)
        mark("int", \.int, line, word)
        mark("cy", \.cy, line, word)
        mark("fi", \.fi, line, word)
        mark("flt", \.flt, line, word)
        if line.equals("swap", in: word) { swap = true }
        if line.equals("w", in: word) { w = true }
        for name: StaticString in ["avm", "fre", "re", "pi", "po", "fr", "sr"]
        where line.equals(name, in: word) {
          count += 1
        }
      }
    }

    private mutating func mark(
      _ name: StaticString, _ flag: WritableKeyPath<Marks, Bool>, _ line: Span<UInt8>,
      _ word: Range<Int>
    ) {
      guard line.equals(name, in: word) else { return }
      self[keyPath: flag] = true
      count += 1
    }
  }
}
