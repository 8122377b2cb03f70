import Bytes
import Records

/// What a frame's header says: enough to hand the frame on, to keep it or to find the next one,
/// without reading its payload. The checksum isn't looked at.
public struct FrameGlance: Equatable, Sendable {
  /// Whom a frame concerns.
  public enum Role: Equatable, Sendable {
    case hello
    case tick
    case gap
    case otherOfStream
    case request
    case answer
  }

  public var role: Role
  /// What the frame holds: for requests and answers, which.
  public var kind: UInt8
  /// Of the stream; 0 outside any stream.
  public var tag: UInt32
  public var sequence: UInt64
  /// Of the whole frame, header and checksum included.
  public var byteCount: Int

  /// Whether it is a request that goes beyond reading streams.
  public var isOfControl: Bool {
    switch FrameKind(rawValue: kind) {
    case .process, .trace, .cancel: true
    default: false
    }
  }

  /// What every frame begins with. FF and C1 never occur in UTF-8, so that no text does.
  public static let magic: [UInt8] = FrameFormat.magic.indices.map { FrameFormat.magic[$0] }

  /// Bytes that a glance needs.
  public static let leastBytes = FrameFormat.headerBytes

  /// The frame that begins at the first byte; `nil` where none does, or it says that it is longer
  /// than ``WireLimits/payloadBytes``.
  public init?(_ bytes: Span<UInt8>) {
    guard let header = FrameHeader(bytes), header.length <= UInt32(WireLimits.payloadBytes) else {
      return nil
    }
    kind = header.kind.rawValue
    tag = header.tag
    sequence = header.sequence
    byteCount = FrameFormat.overheadBytes + Int(header.length)
    switch header.kind {
    case .hello: role = .hello
    case .tick: role = .tick
    case .gap: role = .gap
    case _ where FrameKind.requests.contains(kind): role = .request
    case _ where FrameKind.answers.contains(kind): role = .answer
    default: role = .otherOfStream
    }
  }

  /// The time of a tick, of whose frame `bytes` holds at least the first 40: it is the payload's
  /// first field. `nil` for other frames.
  public static func tickTime(_ bytes: Span<UInt8>) -> Timestamp? {
    guard let header = FrameHeader(bytes), header.kind == .tick,
      header.version == FrameFormat.version, bytes.count >= FrameFormat.headerBytes + 9
    else { return nil }
    let start = FrameFormat.headerBytes
    var field = FieldReader()
    let payload = bytes.extracting(start..<(start + 9))
    guard (try? field.next(payload)) == true, field.number == TickField.time,
      let pattern = try? field.fixed64()
    else { return nil }
    return Timestamp(nanoseconds: Int64(bitPattern: pattern))
  }
}
