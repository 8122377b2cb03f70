import Records
import TestSupport
import Wire

@testable import Spool

/// Streams of frames to put into a spool.
struct SpoolStream {
  let id: StreamID
  private var encoder: FrameEncoder
  private(set) var last: UInt64 = 0
  /// Text of this many characters makes a tick's frames larger.
  var noticeCharacters = 0

  static let start: Int64 = 1_795_403_520

  init(_ number: UInt64, boot: UInt64 = 7) {
    id = StreamID(boot: BootID(high: boot, low: 8), number: number)
    encoder = FrameEncoder(stream: id)
  }

  var hello: Frame {
    .hello(Hello(stream: id, time: Timestamp(seconds: Self.start), engine: .bpf))
  }

  /// The next frames: the hello first, ticks after it.
  mutating func next(_ count: Int) -> [UInt8] {
    for _ in 0..<count {
      last += 1
      encoder.append(frame(last), sequence: last)
    }
    defer { encoder.removeAll() }
    return encoder.bytes
  }

  func frame(_ sequence: UInt64) -> Frame {
    guard sequence > 1 else { return hello }
    if noticeCharacters > 0 {
      // Text that compresses badly.
      var generator = SeededGenerator(seed: sequence)
      let letters = (0..<noticeCharacters).map { _ in
        Character(Unicode.Scalar(UInt8.random(in: 65...122, using: &generator)))
      }
      let text = String(letters)
      return .notice(
        Notice(
          time: Timestamp(seconds: Self.start + Int64(sequence)), severity: .information,
          text: text))
    }
    var tick = HostTick(
      time: Timestamp(seconds: Self.start + Int64(sequence)), engine: .bpf)
    tick.processCount = Int(sequence)
    return .tick(tick)
  }
}

/// What a reader of a span got.
struct SpoolAnswer {
  var frames: [DecodedFrame] = []
  var faults = 0
  var through: UInt64

  init(_ bytes: [UInt8], through: UInt64) {
    self.through = through
    var (frames, faults): ([DecodedFrame], Int) = ([], 0)
    var decoder = FrameDecoder()
    decoder.feed(bytes.span) { event in
      switch event {
      case .frame(let frame): frames.append(frame)
      case .fault: faults += 1
      }
    }
    decoder.finish { _ in faults += 1 }
    (self.frames, self.faults) = (frames, faults)
  }

  /// Numbers of frames that are there, the repeated hello aside.
  var sequences: [UInt64] {
    frames.filter { frame in
      if case .gap = frame.frame { false } else { frame.sequence > 1 }
    }.map(\.sequence)
  }

  var gaps: [Gap] {
    frames.compactMap { if case .gap(let gap) = $0.frame { gap } else { nil } }
  }
}

extension Spool {
  func all(of stream: StreamID, from first: UInt64 = 1, to last: UInt64) -> SpoolAnswer {
    let span = FrameSpan(stream: stream, first: first, last: last, byteLimit: 1 << 20)
    let (frames, through) = read(span)
    return SpoolAnswer(frames, through: through)
  }
}
