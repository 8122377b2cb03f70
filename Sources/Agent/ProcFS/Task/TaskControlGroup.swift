import Bytes

/// `/proc/PID/cgroup` (cgroups(7)): a line `number:controllers:path` per hierarchy, `0::path` for
/// the unified one.
public struct TaskControlGroup: Equatable, Sendable {
  /// The path in the unified hierarchy; where that is the root, the one in systemd's own, then
  /// the longest of the others.
  public var path: String
  /// The innermost component that systemd names: `nginx.service`, `session-3.scope`.
  public var unit: String?
  /// 64 hex digits of docker, containerd, cri-o or podman; the name of an LXC container.
  public var container: String?

  /// Longest path kept, bytes.
  static let pathLimit = 512

  /// `nil` where no line is one.
  public init?(_ bytes: Span<UInt8>) {
    var best: Range<Int>?
    var bestRank = -1
    var cursor = 0
    while let line = bytes.nextLine(&cursor) {
      guard line.upperBound < bytes.count, let (path, rank) = TaskControlGroup.path(bytes, line)
      else { continue }
      if rank > bestRank || rank == bestRank && path.count > (best?.count ?? 0) {
        best = path
        bestRank = rank
      }
    }
    guard let best else { return nil }
    let path = bytes.extracting(best.lowerBound..<min(best.upperBound, best.lowerBound + 512))
    self.path = Printable.text(path, limit: TaskControlGroup.pathLimit)
    unit = TaskControlGroup.unit(path)
    container = TaskControlGroup.container(path)
  }

  /// Whether any hierarchy has the task below a group of that name.
  public static func isInGroup(_ bytes: Span<UInt8>, _ isNamed: (Span<UInt8>) -> Bool) -> Bool {
    var cursor = 0
    var isFound = false
    while let line = bytes.nextLine(&cursor), !isFound {
      guard let (range, _) = path(bytes, line) else { continue }
      let path = bytes.extracting(range)
      forEachComponent(path) { isFound = isFound || isNamed(path.extracting($0)) }
    }
    return isFound
  }

  /// The path of a line, and how much it tells.
  private static func path(_ bytes: Span<UInt8>, _ line: Range<Int>) -> (Range<Int>, Int)? {
    guard let first = bytes.index(of: UInt8(ascii: ":"), from: line.lowerBound),
      let second = bytes.index(of: UInt8(ascii: ":"), from: first + 1), second < line.upperBound,
      bytes.holds("/", at: second + 1)
    else { return nil }
    var end = line.upperBound
    if end - second > 11, bytes.holds(" (deleted)", at: end - 10) { end -= 10 }
    let path = (second + 1)..<end
    if path.count == 1 { return (path, 0) }
    if second == first + 1 { return (path, 3) }
    return (path, bytes.holds("name=systemd", at: first + 1) ? 2 : 1)
  }

  private static let suffixes: [StaticString] = [
    ".service", ".scope", ".socket", ".mount", ".swap", ".slice",
  ]

  /// A service inside a user's slice is the service; a slice only where nothing else is.
  private static func unit(_ path: Span<UInt8>) -> String? {
    var slice: Range<Int>?
    var found: Range<Int>?
    forEachComponent(path) { component in
      for suffix in suffixes where path.extracting(component).hasSuffix(suffix) {
        if suffix.isSlice { slice = component } else { found = component }
      }
    }
    return (found ?? slice).map { Printable.text(path.extracting($0), limit: 255) }
  }

  private static func container(_ path: Span<UInt8>) -> String? {
    var found: Range<Int>?
    var previous: Range<Int>?
    forEachComponent(path) { component in
      if let digits = path.longNumber(in: component) {
        found = digits
      } else if path.holds("lxc.payload.", at: component.lowerBound) {
        found = (component.lowerBound + 12)..<component.upperBound
      } else if let parent = previous, found == nil,
        path.equals("lxc", in: parent) || path.equals("lxc.payload", in: parent)
      {
        found = component
      }
      previous = component
    }
    return found.map { Printable.text(path.extracting($0), limit: 255) }
  }

  private static func forEachComponent(_ path: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    var start = 0
    for index in 0...path.count where index == path.count || path[index] == UInt8(ascii: "/") {
      if index > start { body(start..<index) }
      start = index + 1
    }
  }
}

extension StaticString {
  fileprivate var isSlice: Bool { utf8CodeUnitCount == 6 && utf8Start[2] == UInt8(ascii: "l") }
}

extension Span<UInt8> {
  fileprivate func hasSuffix(_ text: StaticString) -> Bool {
    // A component that is nothing but the suffix names no unit.
    count > text.utf8CodeUnitCount && holds(text, at: count - text.utf8CodeUnitCount)
  }

  /// Exactly 64 hex digits in a row: an id of the containers' tools.
  fileprivate func longNumber(in range: Range<Int>) -> Range<Int>? {
    var start = range.lowerBound
    for index in range.lowerBound...range.upperBound {
      if index < range.upperBound, self[index].isHexDigit { continue }
      if index - start == 64 { return start..<index }
      start = index + 1
    }
    return nil
  }
}

extension UInt8 {
  fileprivate var isHexDigit: Bool {
    self &- UInt8(ascii: "0") <= 9 || self &- UInt8(ascii: "a") <= 5
  }
}
