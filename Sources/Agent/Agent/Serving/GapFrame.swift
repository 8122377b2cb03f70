import Records
import Wire

/// The frame that stands for others that are gone: it has the number of the last of them.
enum GapFrame {
  static func bytes(
    _ lost: ClosedRange<UInt64>, _ reason: GapReason, of stream: StreamID
  ) -> [UInt8] {
    var encoder = FrameEncoder(stream: stream)
    encoder.append(
      .gap(Gap(first: lost.lowerBound, last: lost.upperBound, reason: reason)),
      sequence: lost.upperBound)
    return encoder.bytes
  }
}
