import Records
import TestSupport
import Testing

@testable import Wire

@Suite("damaged frames")
struct DamageTests {
  /// What is left when a frame was damaged: no frame but the sentinel behind it, and a fault.
  private func expectOnlySentinel(_ events: [FrameDecoder.Event], _ what: String) {
    let frames = Stream.frames(events)
    #expect(frames.map(\.frame) == [Stream.sentinel], "\(what)")
    #expect(frames.map(\.sequence) == [Stream.sentinelSequence], "\(what)")
    #expect(!Stream.faults(events).isEmpty, "\(what)")
  }

  @Test("every byte changed, in several ways", arguments: Record.all)
  func flips(record: Record) {
    var bytes = Stream.bytes([record.frame])
    let sentinel = Stream.sentinelBytes
    for index in bytes.indices {
      for pattern: UInt8 in [0x01, 0x80, 0xFF, 0x5A] {
        bytes[index] ^= pattern
        expectOnlySentinel(Stream.events(bytes + sentinel), "byte \(index) ^ \(pattern)")
        bytes[index] ^= pattern
      }
    }
    #expect(Stream.frames(Stream.events(bytes + sentinel)).count == 2)
  }

  @Test("every truncation", arguments: Record.all)
  func truncations(record: Record) {
    let bytes = Stream.bytes([record.frame])
    let sentinel = Stream.sentinelBytes
    for count in 1..<bytes.count {
      expectOnlySentinel(Stream.events(Array(bytes[..<count]) + sentinel), "\(count) bytes")
    }
  }

  @Test("every byte taken out, and every one doubled", arguments: Record.all)
  func slips(record: Record) {
    let bytes = Stream.bytes([record.frame])
    let sentinel = Stream.sentinelBytes
    for index in bytes.indices {
      var shorter = bytes
      shorter.remove(at: index)
      // One of two equal bytes taken out of a frame is as bad as any other.
      expectOnlySentinel(Stream.events(shorter + sentinel), "without byte \(index)")
      var longer = bytes
      longer.insert(bytes[index], at: index)
      let found = Stream.frames(Stream.events(longer + sentinel))
      // The first byte of the magic doubled leaves the frame whole behind it, the last of the
      // checksum doubled before it.
      let isWhole = found.count == 2 && found[0].frame == record.frame
      #expect(isWhole || found.map(\.frame) == [Stream.sentinel], "byte \(index) doubled")
      #expect(!isWhole || index == 0 || index >= bytes.count - 4, "byte \(index) doubled")
    }
  }

  @Test("the header's check finds every change of one byte")
  func headerCheck() throws {
    var bytes = Stream.bytes([Stream.sentinel])
    let offsets = (0..<FrameFormat.headerBytes)
    #expect(FrameHeader(bytes.span) != nil)
    for offset in offsets {
      for pattern: UInt8 in 1...255 {
        bytes[offset] ^= pattern
        #expect(FrameHeader(bytes.span) == nil, "byte \(offset) ^ \(pattern)")
        bytes[offset] ^= pattern
      }
    }
  }

  @Test("a damaged length doesn't make the reader wait")
  func noWaiting() {
    var bytes = Stream.bytes([Record.calm])
    bytes[FrameFormat.lengthOffset + 2] ^= 0x0F
    // The stream doesn't end: what can be told is told at once.
    let events = Stream.events(bytes + Stream.sentinelBytes, ends: false)
    #expect(Stream.frames(events).map(\.frame) == [Stream.sentinel])
  }

  @Test("random bytes, with pieces of frames between them", arguments: 0..<30 as Range<UInt64>)
  func garbage(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let whole = Stream.bytes(Record.all.map(\.frame))
    var bytes: [UInt8] = []
    while bytes.count < 20_000 {
      switch generator.count(upTo: 3) {
      case 0: bytes += generator.list(upTo: 300) { UInt8.random(in: 0...255, using: &$0) }
      case 1: bytes += [0xFF, 0xC1, 0x63, 0x70].prefix(generator.count(upTo: 4))
      default:
        let start = generator.count(upTo: whole.count - 1)
        bytes += whole[start...].prefix(generator.count(upTo: 200))
      }
    }
    let events = Stream.events(bytes + Stream.sentinelBytes)
    let known = Record.all.map(\.frame) + [Stream.sentinel]
    // A whole frame may have been among the pieces; nothing else may come out.
    for frame in Stream.frames(events) { #expect(known.contains(frame.frame)) }
    #expect(Stream.frames(events).last?.sequence == Stream.sentinelSequence)
    #expect(events == Stream.events(bytes + Stream.sentinelBytes, chunk: 13))
  }

  @Test(
    "payloads of random bytes with a checksum that holds",
    arguments: Array(1...7) + [64, 67, 70, 72, 98, 99, 101, 102, 103] as [UInt8])
  func hostilePayloads(kind: UInt8) {
    var generator = SeededGenerator(seed: UInt64(kind))
    for _ in 0..<2_000 {
      var payload = generator.list(upTo: 80) { UInt8.random(in: 0...255, using: &$0) }
      // Often begin like a real one, to come further.
      if generator.chance(70) {
        let real = Stream.bytes([generator.pick(Record.all).frame])
        let body = real[FrameFormat.headerBytes..<(real.count - FrameFormat.checksumBytes)]
        payload = Array(body.prefix(generator.count(upTo: body.count))) + payload
      }
      if !payload.isEmpty, generator.chance(50) {
        payload[generator.count(upTo: payload.count - 1)] ^= UInt8.random(
          in: 1...255, using: &generator)
      }
      var encoder = FrameEncoder(stream: Stream.id)
      encoder.append(FrameKind(rawValue: kind), 1) { $0.raw(payload) }
      encoder.append(Stream.sentinel, sequence: Stream.sentinelSequence)
      let events = Stream.events(encoder.bytes)
      // It is a frame or a fault, and never more than one of them.
      #expect(events.count == 2)
      #expect(Stream.frames(events).last?.frame == Stream.sentinel)
    }
  }

  @Test("damage is told by kind and place")
  func faults() {
    let calm = Stream.bytes([Record.calm])
    var broken = calm
    broken[40] ^= 1
    let events = Stream.events(
      Array("motd: welcome\n".utf8) + calm + broken + calm + calm.prefix(30))
    let size = UInt64(calm.count)
    #expect(
      Stream.faults(events) == [
        FrameFault(offset: 0, reason: .noFrame),
        FrameFault(offset: 14 + size, reason: .checksum),
        FrameFault(offset: 14 + 3 * size, reason: .cut),
      ])
    #expect(Stream.frames(events).map(\.offset) == [14, 14 + 2 * size])
  }
}

extension Record {
  static var calm: Frame { .tick(calmTick) }
}

extension PayloadWriter {
  /// Bytes as they are, of no format.
  mutating func raw(_ bytes: [UInt8]) {
    for byte in bytes { appendRaw(byte) }
  }
}
