import Testing

@testable import Bytes

@Suite("CRC-32C")
struct CRC32CTests {
  /// The values of RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  @Test(
    "published values",
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      ([UInt8](0..<32), 0x46DD_794E),
      ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
      (Array("123456789".utf8), 0xE306_9283),
      ([], 0),
    ] as [([UInt8], UInt32)])
  func published(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32C.checksum(bytes.span) == expected)
  }

  @Test("in pieces it is the same as in one", arguments: 0...9)
  func pieces(cut: Int) {
    let bytes = Array("123456789".utf8)
    var sum = CRC32C()
    sum.update(bytes.span.extracting(0..<cut))
    sum.update(bytes.span.extracting(cut..<9))
    #expect(sum.value == 0xE306_9283)
  }

  @Test("every changed bit shows")
  func bits() {
    var bytes = Array("a frame on the wire".utf8)
    let sum = CRC32C.checksum(bytes.span)
    for index in bytes.indices {
      for bit in 0..<8 {
        bytes[index] ^= 1 << bit
        #expect(CRC32C.checksum(bytes.span) != sum)
        bytes[index] ^= 1 << bit
      }
    }
  }
}
