/// Messages of generic netlink: `struct nlmsghdr` (16 bytes), `struct genlmsghdr` (4), attributes
/// of `struct nlattr` (4), each aligned to 4 (netlink(7); include/uapi/linux/netlink.h).
struct NetlinkMessage {
  private(set) var bytes: [UInt8] = []

  /// `NLM_F_REQUEST | NLM_F_ACK`
  private static let flags: UInt16 = 1 | 4

  init(type: UInt16, command: UInt8, sequence: UInt32) {
    append(UInt32(0))
    append(type)
    append(NetlinkMessage.flags)
    append(sequence)
    append(UInt32(0))
    bytes += [command, 1, 0, 0]
  }

  /// An attribute that holds a text and the NUL behind it.
  mutating func append(attribute: UInt16, text: [UInt8]) {
    append(UInt16(truncatingIfNeeded: 4 + text.count + 1))
    append(attribute)
    bytes += text
    bytes.append(0)
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// The whole message, its length written to its head.
  var finished: [UInt8] {
    var result = bytes
    let length = UInt32(truncatingIfNeeded: bytes.count)
    for index in 0..<4 { result[index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
    return result
  }

  private mutating func append(_ number: UInt16) {
    bytes += [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
  }

  private mutating func append(_ number: UInt32) {
    for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(8 * index))) }
  }

  /// `NLMSG_ERROR`, which is also the acknowledgement.
  static let errorType: UInt16 = 2

  /// Calls `body` with the type and the payload of each message in `bytes`.
  static func forEach(in bytes: Span<UInt8>, _ body: (UInt16, Span<UInt8>) -> Void) {
    var start = 0
    while let length = bytes.number32(at: start).map({ Int($0) }), length >= 16,
      length <= bytes.count - start, let type = bytes.number16(at: start + 4)
    {
      body(type, bytes.extracting((start + 16)..<(start + length)))
      start += (length + 3) & ~3
    }
  }

  /// Calls `body` with the type and the value of each attribute in `bytes`; the two highest bits
  /// of a type are flags.
  static func forEachAttribute(in bytes: Span<UInt8>, _ body: (UInt16, Span<UInt8>) -> Void) {
    var start = 0
    while let length = bytes.number16(at: start).map({ Int($0) }), length >= 4,
      length <= bytes.count - start, let type = bytes.number16(at: start + 2)
    {
      body(type & 0x3fff, bytes.extracting((start + 4)..<(start + length)))
      start += (length + 3) & ~3
    }
  }
}
