import Records

@testable import Wire

/// What the tests do with streams of frames.
enum Stream {
  static let id = StreamID(
    boot: BootID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210),
    number: 0x5EED_0000_CAFE_F00D)

  /// A frame that every test knows again.
  static let sentinel = Frame.notice(
    Notice(time: Timestamp(nanoseconds: 1), severity: .information, text: "still here"))
  static let sentinelSequence: UInt64 = 4711

  static func bytes(_ frames: [Frame], from sequence: UInt64 = 1) -> [UInt8] {
    var encoder = FrameEncoder(stream: id)
    for (index, frame) in frames.enumerated() {
      encoder.append(frame, sequence: sequence + UInt64(index))
    }
    return encoder.bytes
  }

  static var sentinelBytes: [UInt8] { bytes([sentinel], from: sentinelSequence) }

  /// All that a decoder says of `bytes`, fed in chunks of `chunk`.
  static func events(
    _ bytes: [UInt8], chunk: Int = .max, ends: Bool = true
  ) -> [FrameDecoder.Event] {
    var decoder = FrameDecoder()
    return events(bytes, chunk: chunk, ends: ends, with: &decoder)
  }

  static func events(
    _ bytes: [UInt8], chunk: Int = .max, ends: Bool = true, with decoder: inout FrameDecoder
  ) -> [FrameDecoder.Event] {
    var events: [FrameDecoder.Event] = []
    var start = 0
    while start < bytes.count {
      let end = bytes.count - start > chunk ? start + chunk : bytes.count
      decoder.feed(bytes.span.extracting(start..<end)) { events.append($0) }
      start = end
    }
    if ends { decoder.finish { events.append($0) } }
    return events
  }

  static func frames(_ events: [FrameDecoder.Event]) -> [DecodedFrame] {
    events.compactMap { if case .frame(let frame) = $0 { frame } else { nil } }
  }

  static func faults(_ events: [FrameDecoder.Event]) -> [FrameFault] {
    events.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
  }

  /// The one frame that `bytes` are, or `nil`.
  static func only(_ bytes: [UInt8]) -> Frame? {
    let events = events(bytes)
    return events.count == 1 ? frames(events).first?.frame : nil
  }
}
