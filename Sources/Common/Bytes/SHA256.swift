/// SHA-256 (FIPS 180-4, section 6.2): what says that an archive is the one that was sent.
public struct SHA256: Sendable {
  /// Length of a digest, bytes.
  public static let digestBytes = 32

  private static let blockBytes = 64

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section
  /// 4.2.2).
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]

  /// The same of the square roots of the first 8 primes (section 5.3.3).
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  /// What doesn't fill a block yet.
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  public init() {}

  public mutating func update(_ bytes: Span<UInt8>) {
    byteCount += UInt64(bytes.count)
    var start = 0
    if !pending.isEmpty {
      start = min(SHA256.blockBytes - pending.count, bytes.count)
      for index in 0..<start { pending.append(bytes[index]) }
      guard pending.count == SHA256.blockBytes else { return }
      var block: [UInt8] = []
      swap(&block, &pending)
      SHA256.mix(block.span, into: &state)
    }
    let whole = (bytes.count - start) / SHA256.blockBytes * SHA256.blockBytes
    SHA256.mix(bytes.extracting(start..<start + whole), into: &state)
    for index in start + whole..<bytes.count { pending.append(bytes[index]) }
  }

  /// The digest of all that was given so far; more may follow.
  public var value: [UInt8] {
    var rest = self
    let bits = byteCount &* 8
    var padding: [UInt8] = [0x80]
    while (pending.count + padding.count) % SHA256.blockBytes != 56 { padding.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      padding.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    rest.update(padding.span)
    return rest.state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// The digest as people compare it: 64 hexadecimal digits.
  public var hex: String { SHA256.hex(value) }

  /// The digest of `bytes`.
  public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
    var sum = SHA256()
    sum.update(bytes)
    return sum.value
  }

  public static func hex(_ digest: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// A digest as people write it, upper or lower case; `nil` for anything but 64 such digits.
  public static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == 2 * digestBytes else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index], let low = digits[index + 1] else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }

  /// Whole blocks. Through pointers: without optimization, where the tests hash whole programs, a
  /// checked access costs ten times the sum itself.
  private static func mix(_ blocks: Span<UInt8>, into state: inout [UInt32]) {
    state.withUnsafeMutableBufferPointer { state in
      constants.withUnsafeBufferPointer { constants in
        blocks.withUnsafeBufferPointer { bytes in
          guard let state = state.baseAddress, let constants = constants.baseAddress,
            let bytes = bytes.baseAddress
          else { return }
          mix(bytes, blocks.count / blockBytes, state, constants)
        }
      }
    }
  }

  /// - Precondition: `bytes` has `count` blocks, `state` 8 words, `constants` 64.
  private static func mix(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ state: UnsafeMutablePointer<UInt32>,
    _ constants: UnsafePointer<UInt32>
  ) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { buffer in
      guard let schedule = buffer.baseAddress else { return }
      schedule.initialize(repeating: 0, count: 64)
      var block = bytes
      var left = count
      while left > 0 {
        expand(block, schedule)
        compress(schedule, state, constants)
        block += blockBytes
        left -= 1
      }
    }
  }

  /// Step 1 of section 6.2.2: 16 words of the block, 48 mixed from them.
  private static func expand(
    _ block: UnsafePointer<UInt8>, _ schedule: UnsafeMutablePointer<UInt32>
  ) {
    var index = 0
    while index < 16 {
      let first = UInt32(block[index &* 4]) &<< 24 | UInt32(block[index &* 4 &+ 1]) &<< 16
      let last = UInt32(block[index &* 4 &+ 2]) &<< 8 | UInt32(block[index &* 4 &+ 3])
      schedule[index] = first | last
      index &+= 1
    }
    while index < 64 {
      let early = schedule[index &- 15]
      let late = schedule[index &- 2]
      let first =
        (early &>> 7 | early &<< 25) ^ (early &>> 18 | early &<< 14) ^ early &>> 3
      let last = (late &>> 17 | late &<< 15) ^ (late &>> 19 | late &<< 13) ^ late &>> 10
      schedule[index] = schedule[index &- 16] &+ first &+ schedule[index &- 7] &+ last
      index &+= 1
    }
  }

  /// Steps 2 to 4 of section 6.2.2; the letters are its own.
  private static func compress(
    _ schedule: UnsafeMutablePointer<UInt32>, _ state: UnsafeMutablePointer<UInt32>,
    _ constants: UnsafePointer<UInt32>
  ) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    var index = 0
    while index < 64 {
      let mixedE = (e &>> 6 | e &<< 26) ^ (e &>> 11 | e &<< 21) ^ (e &>> 25 | e &<< 7)
      let choice = (e & f) ^ (~e & g)
      let first = h &+ mixedE &+ choice &+ constants[index] &+ schedule[index]
      let mixedA = (a &>> 2 | a &<< 30) ^ (a &>> 13 | a &<< 19) ^ (a &>> 22 | a &<< 10)
      let majority = (a & b) ^ (a & c) ^ (b & c)
      h = g
      g = f
      f = e
      e = d &+ first
      d = c
      c = b
      b = a
      a = first &+ mixedA &+ majority
      index &+= 1
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    state[5] &+= f
    state[6] &+= g
    state[7] &+= h
  }
}
