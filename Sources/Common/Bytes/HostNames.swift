/// Folding and expanding of host names, as pdsh, ClusterShell and Slurm write them:
/// `web[1-3,7]` is web1 web2 web3 web7; leading zeros are kept (`web[01-20]`).
public enum HostNames {
  public enum RangeError: Error, Equatable, CustomStringConvertible {
    case unclosed(String)
    case notANumber(String, in: String)
    case backwards(String, in: String)
    case tooMany(String, limit: Int)

    public var description: String {
      switch self {
      case .unclosed(let text): "\(text): a “[” without its “]”, as in web[1-20]"
      case .notANumber(let part, let text):
        "\(text): “\(part)” in the brackets is no number and no range; write web[1-3,7]"
      case .backwards(let part, let text):
        "\(text): the range \(part) runs backwards; write the smaller number first"
      case .tooMany(let text, let limit): "\(text): more than \(limit) hosts in one range"
      }
    }
  }

  /// Most hosts that one expression may stand for.
  public static let expansionLimit = 10_000

  /// The names that `text` stands for; more than one bracket multiplies. A bracket pair that
  /// holds a colon is an IPv6 address and left alone.
  public static func expand(_ text: String) throws(RangeError) -> [String] {
    guard let open = rangeBracket(in: text) else { return [text] }
    guard let close = text[open...].firstIndex(of: "]") else { throw .unclosed(text) }
    let head = text[..<open]
    let numbers = try expandNumbers(text[text.index(after: open)..<close], in: text)
    let tails = try expand(String(text[text.index(after: close)...]))
    guard numbers.count * tails.count <= expansionLimit else {
      throw .tooMany(text, limit: expansionLimit)
    }
    return numbers.flatMap { number in tails.map { tail in "\(head)\(number)\(tail)" } }
  }

  /// The shortest way to write `names`: equal stems with numbers are folded, in order of first
  /// appearance of the stem.
  public static func fold(_ names: [String]) -> String {
    struct Stem: Hashable {
      var head: String
      var tail: String
      var width: Int
    }
    // Stems and widths that some name writes with leading zeros: web01 makes web10 one of its kind.
    let padded = Set(
      names.compactMap { name -> String? in
        let (head, digits, tail) = lastNumber(of: name)
        return digits.hasPrefix("0") && digits.count > 1 ? "\(head)\0\(tail)\0\(digits.count)" : nil
      })
    var order: [Stem] = []
    var members: [Stem: [Int]] = [:]
    for name in names {
      let (head, digits, tail) = lastNumber(of: name)
      // Without leading zeros numbers of any width share a stem; with them, those of their width.
      let isPadded = digits.hasPrefix("0") && digits.count > 1
      let width =
        isPadded || padded.contains("\(head)\0\(tail)\0\(digits.count)") ? digits.count : 0
      let stem = Stem(head: head, tail: tail, width: digits.isEmpty ? -1 : width)
      if members[stem] == nil { order.append(stem) }
      members[stem, default: []].append(Int(digits) ?? 0)
    }
    return order.map { stem in
      guard stem.width >= 0 else { return stem.head }
      let numbers = Set(members[stem] ?? []).sorted()
      let ranges = runs(of: numbers).map { run in
        run.count == 1
          ? HostNames.padded(run.lowerBound, stem.width)
          : "\(HostNames.padded(run.lowerBound, stem.width))-"
            + HostNames.padded(run.upperBound, stem.width)
      }
      let inner = ranges.joined(separator: ",")
      return numbers.count == 1
        ? "\(stem.head)\(inner)\(stem.tail)" : "\(stem.head)[\(inner)]\(stem.tail)"
    }.joined(separator: ",")
  }

  private static func rangeBracket(in text: String) -> String.Index? {
    var search = text.startIndex
    while let open = text[search...].firstIndex(of: "[") {
      let close = text[open...].firstIndex(of: "]") ?? text.endIndex
      if !text[open..<close].contains(":") { return open }
      guard close < text.endIndex else { return nil }
      search = text.index(after: close)
    }
    return nil
  }

  private static func expandNumbers(
    _ list: Substring, in text: String
  ) throws(RangeError) -> [String] {
    var result: [String] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = number(ends[0]), let last = number(ends[ends.count - 1]) else {
        throw .notANumber(String(part), in: text)
      }
      guard first <= last else { throw .backwards(String(part), in: text) }
      guard result.count + (last - first) < expansionLimit else {
        throw .tooMany(text, limit: expansionLimit)
      }
      let width = ends[0].hasPrefix("0") ? ends[0].count : 0
      for value in first...last { result.append(padded(value, width)) }
    }
    return result
  }

  /// Nine digits at most: more are no host number.
  private static func number(_ digits: Substring) -> Int? {
    guard (1...9).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 })
    else { return nil }
    return Int(digits)
  }

  private static func lastNumber(of name: String) -> (head: String, digits: String, tail: String) {
    // Of a dotted name only the first label is folded: web1.example.org, not the 4 of an address.
    let label = name.prefix { $0 != "." }
    let tail = name[label.endIndex...]
    guard !tail.dropFirst().allSatisfy({ $0.isNumber || $0 == "." }) || tail.isEmpty else {
      return (name, "", "")
    }
    let digits = String(label.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
    guard (1...9).contains(digits.count) else { return (name, "", "") }
    return (String(label.dropLast(digits.count)), digits, String(tail))
  }

  private static func runs(of numbers: [Int]) -> [ClosedRange<Int>] {
    var result: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = result.last, last.upperBound + 1 == number {
        result[result.count - 1] = last.lowerBound...number
      } else {
        result.append(number...number)
      }
    }
    return result
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
