import Bytes

/// `/proc/tty/drivers` (proc_tty(5); `show_tty_driver` in fs/proc/proc_tty.c): which driver has
/// which terminals, `serial /dev/ttyS 4 64-95 serial`.
public struct TerminalDrivers: Equatable, Sendable {
  private struct Driver: Equatable {
    var node: String
    var major: UInt32
    var minors: ClosedRange<UInt32>
    var isConsole: Bool
  }

  private static let limit = 256

  private var drivers: [Driver] = []

  public init() {}

  public init(_ text: Span<UInt8>) {
    var cursor = 0
    while drivers.count < TerminalDrivers.limit, let range = text.nextWholeLine(&cursor) {
      if let driver = TerminalDrivers.driver(text.extracting(range)) { drivers.append(driver) }
    }
  }

  /// The name below /dev of the terminal that field 7 of proc_pid_stat(5) numbers; empty where
  /// that is 0, which is no terminal.
  public func name(of terminal: Int32) -> String {
    guard terminal != 0 else { return "" }
    let bits = UInt32(bitPattern: terminal)
    let (major, minor) = (bits >> 8 & 0xFFF, bits & 0xFF | bits >> 12 & 0xFFF00)
    guard let driver = drivers.first(where: { $0.major == major && $0.minors.contains(minor) })
    else {
      // Pseudo-terminals of old kernels had 8 majors; new ones have one.
      return major == 136 ? "pts/\(minor)" : "\(major):\(minor)"
    }
    let name = driver.node.hasPrefix("/dev/") ? String(driver.node.dropFirst(5)) : driver.node
    if name == "pts" { return "pts/\(minor)" }
    if driver.minors.count == 1, name.last.map({ !$0.isLetter }) ?? true { return name }
    if driver.minors.count == 1, ["tty", "console", "ptmx"].contains(name) { return name }
    // Virtual consoles count from 1, as their minors do.
    return name + "\(driver.isConsole ? minor : minor - driver.minors.lowerBound)"
  }

  private static func driver(_ line: Span<UInt8>) -> Driver? {
    var cursor = 0
    guard line.nextWord(&cursor) != nil, let node = line.nextWord(&cursor),
      let major = line.nextWord(&cursor).flatMap({ line.decimal(in: $0) }),
      let minors = line.nextWord(&cursor)
    else { return nil }
    let hyphen = line.first(UInt8(ascii: "-"), in: minors)
    guard let first = line.decimal(in: minors.lowerBound..<(hyphen ?? minors.upperBound)),
      let last = hyphen == nil
        ? first : hyphen.flatMap({ line.decimal(in: $0 + 1..<minors.upperBound) }),
      let major = UInt32(exactly: major), let first = UInt32(exactly: first),
      let last = UInt32(exactly: last), first <= last
    else { return nil }
    let type = line.nextWord(&cursor)
    return Driver(
      node: Printable.text(line.extracting(node), limit: 64), major: major, minors: first...last,
      isConsole: type.map { line.equals("console", in: $0) } ?? false)
  }
}
