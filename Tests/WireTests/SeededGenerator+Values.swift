import TestSupport

/// Values of every kind that a frame holds.
extension SeededGenerator {
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  /// Of any size: as often small as huge.
  mutating func number() -> UInt64 { next() >> UInt64.random(in: 0..<64, using: &self) }

  mutating func signed() -> Int64 { Int64(bitPattern: number()) }

  mutating func int32() -> Int32 { Int32(truncatingIfNeeded: number()) }

  mutating func count(upTo limit: Int) -> Int { Int.random(in: 0...limit, using: &self) }

  mutating func list<Element>(upTo limit: Int, _ body: (inout Self) -> Element) -> [Element] {
    (0..<count(upTo: limit)).map { _ in body(&self) }
  }

  mutating func optional<Element>(_ body: (inout Self) -> Element) -> Element? {
    chance(70) ? body(&self) : nil
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }
}
