import Records

/// Writes frames, one behind the other, into a buffer that it keeps: once that has grown to what
/// a tick needs, frames cost no allocation.
///
///     encoder.append(.hello(hello), sequence: 1)
///     encoder.append(.tick(tick), sequence: 2)
///     write(encoder.bytes.span)
///     encoder.removeAll()
public struct FrameEncoder: Sendable {
  private var payload = PayloadWriter()
  private var tag: UInt32
  /// Room to work in while a tick is written.
  private var shapes: [Int] = []

  /// Frames belong to `stream`, or to none until a hello is written: it names theirs.
  public init(stream: StreamID? = nil) {
    tag = stream?.tag ?? 0
  }

  /// The frames since ``removeAll()``. Not to be kept: a copy would make the next frame allocate.
  public var bytes: [UInt8] { payload.bytes }

  /// How many bytes these are.
  public var byteCount: Int { payload.bytes.count }

  /// Forgets the frames, but not the stream, and keeps the room.
  public mutating func removeAll() { payload.removeAll() }

  /// Appends `frame`. What goes beyond ``WireLimits`` is left out: rows are counted in the frame's
  /// `omitted…`, and texts end in `…`.
  public mutating func append(_ frame: Frame, sequence: UInt64) {
    switch frame {
    case .hello(let hello):
      tag = hello.stream.tag
      append(.hello, sequence) { hello.write(to: &$0) }
    case .tick(let tick): append(.tick, sequence, tick)
    case .before(let tick): append(.before, sequence, tick)
    case .identity(let identity): append(.identity, sequence) { identity.write(to: &$0) }
    case .burst(let burst): append(.burst, sequence) { burst.write(to: &$0) }
    case .gap(let gap): append(.gap, sequence) { gap.write(to: &$0) }
    case .notice(let notice): append(.notice, sequence) { notice.write(to: &$0) }
    case .request(let request):
      apart(request.kind, sequence) { request.write(to: &$0) }
    case .answer(let answer): apart(answer.kind, sequence) { answer.write(to: &$0) }
    case .unknown(let kind, let version):
      // Its payload wasn't kept; what is left says that there was one.
      append(FrameKind(rawValue: kind), version: version, sequence) { _ in }
    }
  }

  private mutating func append(_ kind: FrameKind, _ sequence: UInt64, _ tick: HostTick) {
    payload.beginFrame(kind, tag: tag, sequence: sequence)
    payload.write(tick, shapes: &shapes)
    payload.endFrame()
  }

  /// A frame of no stream.
  private mutating func apart(
    _ kind: FrameKind, _ number: UInt64, _ body: (inout PayloadWriter) -> Void
  ) {
    payload.beginFrame(kind, tag: 0, sequence: number)
    body(&payload)
    payload.endFrame()
  }

  /// A frame of any kind, version and payload: how tests play agents of the future.
  mutating func append(
    _ kind: FrameKind, version: UInt8 = FrameFormat.version, _ sequence: UInt64,
    _ body: (inout PayloadWriter) -> Void
  ) {
    payload.beginFrame(kind, version: version, tag: tag, sequence: sequence)
    body(&payload)
    payload.endFrame()
  }
}
