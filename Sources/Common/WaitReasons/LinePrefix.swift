/// What dmesg, syslog, the journal, netconsole and mailers put before a line of the kernel's.
enum LinePrefix {
  /// `text` without it, and without blanks around.
  static func content(of text: Substring) -> Substring {
    var rest = text.trimmed
    if let place = rest.range(of: "kernel: "),
      place.lowerBound == rest.startIndex
        || rest.utf8[rest.utf8.index(before: place.lowerBound)] == UInt8(ascii: " "),
      rest[..<place.lowerBound].utf8.count <= 120
    {
      rest = rest[place.upperBound...].trimmed
    }
    // Each pass takes one piece; a line has a handful.
    for _ in 0..<16 {
      guard let shorter = withoutOne(rest) else { break }
      rest = shorter.trimmed
    }
    return rest
  }

  private static func withoutOne(_ text: Substring) -> Substring? {
    guard let first = text.utf8.first else { return nil }
    switch first {
    case UInt8(ascii: ">"), UInt8(ascii: "|"): return text.dropFirst()
    case UInt8(ascii: "<"): return withoutPriority(text)
    case UInt8(ascii: "["): return withoutBracket(text)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return withoutNumbers(text)
    default: return nil
    }
  }

  /// `<4>` of a raw kernel log.
  private static func withoutPriority(_ text: Substring) -> Substring? {
    guard let close = text.firstIndex(of: ">") else { return nil }
    let inside = text[text.index(after: text.startIndex)..<close]
    guard !inside.isEmpty, inside.utf8.count <= 3, inside.utf8.allSatisfy(isDigit) else {
      return nil
    }
    return text[text.index(after: close)...]
  }

  /// `[  363.495058]`, `[  +0.000005]`, `[Tue Aug 25 16:41:16 2020]`, `[   T55]`: what is no
  /// address. An address in brackets belongs to the frame after it.
  private static func withoutBracket(_ text: Substring) -> Substring? {
    guard let close = text.firstIndex(of: "]") else { return nil }
    let inside = text[text.index(after: text.startIndex)..<close]
    guard inside.utf8.first != UInt8(ascii: "<"), inside.utf8.count <= 48 else { return nil }
    let isNumber = inside.utf8.contains {
      $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":")
    }
    let caller = inside.trimmed
    let isCaller =
      caller.utf8.first == UInt8(ascii: "T") || caller.utf8.first == UInt8(ascii: "C")
    guard isNumber || isCaller && caller.utf8.dropFirst().allSatisfy(isDigit) else { return nil }
    return text[text.index(after: close)...]
  }

  /// `6070.550357]`, the rest of a bracket that was cut off, or `6,1234,5678,-;` of /dev/kmsg.
  private static func withoutNumbers(_ text: Substring) -> Substring? {
    let end = text.utf8.firstIndex { !isDigit($0) && !isSeparator($0) }
    guard let end else { return nil }
    let next = text.utf8[end]
    guard next == UInt8(ascii: "]") || next == UInt8(ascii: ";") else { return nil }
    guard text[..<end].utf8.contains(where: isSeparator) else { return nil }
    return text[text.utf8.index(after: end)...]
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "-")
  }
}
