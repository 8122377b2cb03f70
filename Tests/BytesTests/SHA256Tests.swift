import Bytes
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  /// The examples of FIPS 180 and of NIST's “Example Values” for the Secure Hash Standard.
  @Test(
    "published values",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
          + "klmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func published(text: String, expected: String) {
    #expect(SHA256.hex(SHA256.digest(Array(text.utf8).span)) == expected)
  }

  /// NIST's byte-oriented test vectors (SHA256ShortMsg.rsp), and a million times “a”.
  @Test(
    "vectors",
    arguments: [
      ([0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
      ([0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
      (
        [0xb4, 0x19, 0x0e], "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"
      ),
      (
        [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ] as [([UInt8], String)])
  func vectors(bytes: [UInt8], expected: String) {
    #expect(SHA256.hex(SHA256.digest(bytes.span)) == expected)
  }

  /// Around the ends of blocks, where padding goes wrong.
  @Test("in pieces it is the same as in one", arguments: [0, 1, 55, 56, 63, 64, 65, 127, 128, 200])
  func pieces(cut: Int) {
    let bytes = (0..<200).map { UInt8($0) }
    var sum = SHA256()
    sum.update(bytes.span.extracting(0..<cut))
    let first = sum.value
    #expect(first == SHA256.digest(Array(bytes[..<cut]).span))
    sum.update(bytes.span.extracting(cut..<200))
    #expect(sum.value == SHA256.digest(bytes.span))
    #expect(sum.hex == SHA256.hex(sum.value))
  }
}
