import Bytes
import Records

/// Builds one row of a payload: a process, a disk, a waiting task.
///
/// A row is a mask of the fields it has (LEB128), and then their values in the order of their
/// bits. A field that is 0, empty or as usual is left out. It costs less than a number and a type
/// with every field, and it grows like them: new fields get higher bits, so that their values
/// come last and an older decoder leaves them unread. Bits are never used again.
struct RowWriter: Sendable {
  private(set) var mask: UInt64 = 0
  private(set) var values: [UInt8] = []

  mutating func removeAll() {
    mask = 0
    values.removeAll(keepingCapacity: true)
  }

  /// A field that is said by its bit alone.
  mutating func flag(_ bit: Int, _ isSet: Bool) {
    if isSet { take(bit) }
  }

  mutating func number(_ bit: Int, _ value: UInt64?) {
    guard let value else { return }
    take(bit)
    values.appendVarint(value)
  }

  mutating func number(_ bit: Int, _ value: UInt64, unless usual: UInt64) {
    if value != usual { number(bit, value) }
  }

  mutating func number(_ bit: Int, _ value: Int32, unless usual: Int32) {
    if value != usual { number(bit, UInt64(UInt32(bitPattern: value))) }
  }

  mutating func number(_ bit: Int, _ value: Int, unless usual: Int) {
    if value != usual { number(bit, UInt64(bitPattern: Int64(value))) }
  }

  mutating func signed(_ bit: Int, _ value: Int64) {
    number(bit, ZigZag.encode(value))
  }

  mutating func decimal(_ bit: Int, _ value: Double) {
    take(bit)
    Decimal.append(value, to: &values)
  }

  mutating func text(_ bit: Int, _ text: String?, limit: Int) {
    guard let text else { return }
    take(bit)
    values.appendText(text, limit: limit)
  }

  mutating func name(_ bit: Int, _ name: TaskName) {
    guard name.count > 0 else { return }
    take(bit)
    values.append(name.count)
    for index in 0..<Int(name.count) { values.append(name[index]) }
  }

  /// How many, and then each; at most `limit` of them. Left out where there are none, unless
  /// `evenEmpty`.
  mutating func list<Elements: RandomAccessCollection>(
    _ bit: Int, _ elements: Elements, limit: Int, evenEmpty: Bool = false,
    _ number: (Elements.Element) -> UInt64
  ) {
    guard evenEmpty || !elements.isEmpty else { return }
    take(bit)
    values.appendVarint(UInt64(min(elements.count, limit)))
    for element in elements.prefix(limit) { values.appendVarint(number(element)) }
  }

  mutating func pids(_ bit: Int, _ pids: [Int32], limit: Int) {
    list(bit, pids, limit: limit) { UInt64(UInt32(bitPattern: $0)) }
  }

  /// Reading goes by rising bits, so writing must.
  private mutating func take(_ bit: Int) {
    assert(bit < 64 && mask >> UInt64(bit) == 0, "fields are written by rising bits")
    mask |= 1 << UInt64(bit)
  }
}

extension Array<UInt8> {
  /// Appends length and UTF-8 bytes. What goes beyond `limit` bytes is cut between characters, and
  /// a `…` says so.
  mutating func appendText(_ text: String, limit: Int) {
    let utf8 = text.utf8
    let count = utf8.count
    guard count > limit else {
      appendVarint(UInt64(count))
      append(contentsOf: utf8)
      return
    }
    var end = utf8.index(utf8.startIndex, offsetBy: Swift.max(0, limit - 3))
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    let head = utf8[..<end]
    appendVarint(UInt64(head.count + 3))
    append(contentsOf: head)
    append(contentsOf: "…".utf8)
  }
}
