import Records

/// Why readings of a row are missing: two bits for each, by a number that is the row's own.
///
/// 0 stands for a reading that is there, or for one that the sender doesn't know: to the reader it
/// is `unsupported`, which is just what an older agent's missing field means.
struct Absences {
  private(set) var word: UInt64

  init(_ word: UInt64 = 0) { self.word = word }

  /// The reading's value; where there is none, its reason is noted.
  mutating func note<Value>(_ reading: Reading<Value>, slot: UInt64) -> Value? {
    let code: UInt64
    switch reading {
    case .known(let value): return value
    case .unsupported: code = 0
    case .denied: code = 1
    case .disabled: code = 2
    case .gap: code = 3
    }
    word |= code << (slot * 2)
    return nil
  }

  /// The reading that has `value`, or why it has none.
  func reading<Value>(_ value: Value?, slot: UInt64) -> Reading<Value> {
    if let value { return .known(value) }
    switch word >> (slot * 2) & 3 {
    case 1: return .denied
    case 2: return .disabled
    case 3: return .gap
    default: return .unsupported
    }
  }
}
