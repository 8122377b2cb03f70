import Bytes

/// What stands before an entry because its header has no room for it.
struct TarAttributes {
  var path: [UInt8]?
  var target: [UInt8]?
  var size: UInt64?
  var isSparse = false

  static func upToNul(_ text: [UInt8]) -> [UInt8] { Array(text.prefix { $0 != 0 }) }

  /// Lines of `LENGTH name=value`, each as many bytes as it says (pax(1), “pax Extended Header”).
  /// Times, owners and whatever else there is are passed over.
  mutating func takePax(_ text: [UInt8], at offset: UInt64) throws(TarError) {
    var rest = text[...]
    while let line = TarAttributes.nextLine(&rest) {
      guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else {
        throw .damaged(at: offset, why: "an attribute without a value")
      }
      let value = Array(line[(sign + 1)...])
      switch String(decoding: line[..<sign], as: UTF8.self) {
      case "path": path = value
      case "linkpath": target = value
      case "size":
        guard let number = value.span.decimal(in: 0..<value.count), number >= 0 else {
          throw .damaged(at: offset, why: "a size that is no number")
        }
        size = UInt64(number)
      case let name where name.hasPrefix("GNU.sparse."): isSparse = true
      default: break
      }
    }
    guard rest.isEmpty else { throw .damaged(at: offset, why: "attributes of a wrong length") }
  }

  /// The next line without its length and its end; `nil` at the end, and where a length is wrong:
  /// then something is left over.
  private static func nextLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let digits = rest.prefix { $0 != UInt8(ascii: " ") }
    guard digits.count <= 8, let length = Int(String(decoding: digits, as: UTF8.self)),
      length > digits.count + 1, length <= rest.count,
      rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
    else { return nil }
    let line = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
    rest = rest.dropFirst(length)
    return line
  }
}
