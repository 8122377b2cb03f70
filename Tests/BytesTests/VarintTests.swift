import Testing

@testable import Bytes

@Suite("numbers on the wire")
struct VarintTests {
  @Test(
    "LEB128",
    arguments: [
      (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]),
      (16383, [0xFF, 0x7F]), (16384, [0x80, 0x80, 1]),
      (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    ] as [(UInt64, [UInt8])])
  func varint(value: UInt64, bytes: [UInt8]) {
    var written: [UInt8] = []
    written.appendVarint(value)
    #expect(written == bytes)
    var cursor = 0
    #expect(bytes.span.varint(&cursor) == value)
    #expect(cursor == bytes.count)
  }

  @Test("every power of two and its neighbours come back")
  func powers() {
    for shift in 0..<64 {
      let power = UInt64(1) << UInt64(shift)
      for value in [power &- 1, power, power &+ 1] {
        var bytes: [UInt8] = []
        bytes.appendVarint(value)
        var cursor = 0
        #expect(bytes.span.varint(&cursor) == value)
        for end in 0..<bytes.count {
          var cursor = 0
          #expect(bytes.span.extracting(0..<end).varint(&cursor) == nil)
        }
      }
    }
  }

  @Test(
    "what has more than 64 bits is none",
    arguments: [
      [UInt8](repeating: 0xFF, count: 9) + [2], [UInt8](repeating: 0x80, count: 10) + [0],
      [UInt8](repeating: 0xFF, count: 40),
    ])
  func tooLarge(bytes: [UInt8]) {
    var cursor = 0
    #expect(bytes.span.varint(&cursor) == nil)
  }

  @Test(
    "zig-zag",
    arguments: [
      (0, 0), (-1, 1), (1, 2), (-2, 3), (.max, .max - 1), (.min, .max),
    ] as [(Int64, UInt64)])
  func zigZag(signed: Int64, unsigned: UInt64) {
    #expect(ZigZag.encode(signed) == unsigned)
    #expect(ZigZag.decode(unsigned) == signed)
  }

  @Test("fixed numbers, the low byte first")
  func fixed() {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt16(0x0102))
    bytes.appendLittleEndian(UInt32(0x0304_0506))
    bytes.appendLittleEndian(UInt64(0x0708_090A_0B0C_0D0E))
    #expect(bytes == [2, 1, 6, 5, 4, 3, 14, 13, 12, 11, 10, 9, 8, 7])
    var cursor = 0
    #expect(bytes.span.littleEndian(UInt16.self, &cursor) == 0x0102)
    #expect(bytes.span.littleEndian(UInt32.self, &cursor) == 0x0304_0506)
    #expect(bytes.span.littleEndian(UInt64.self, &cursor) == 0x0708_090A_0B0C_0D0E)
    #expect(bytes.span.littleEndian(UInt16.self, &cursor) == nil)
    #expect(cursor == bytes.count)
  }
}
