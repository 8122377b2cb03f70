import CSystem
import Foundation
import Records
import Wire

/// A client of an agent: over `attach`, over `run --session`, or on its socket.
public final class AgentClient {
  private let socket: Int32
  private let program: TalkingProgram?
  private var decoder = FrameDecoder()
  public private(set) var frames: [DecodedFrame] = []
  public private(set) var faults = 0
  public private(set) var isAtEnd = false
  private var number: UInt64 = 100

  public init(_ program: TalkingProgram) {
    self.program = program
    socket = program.socket
    culprit_set_nonblocking(socket)
  }

  /// Straight to a socket of the agent.
  public init(path: String) throws {
    program = nil
    socket = culprit_unix_connect(path, 0)
    guard socket >= 0 else { throw TestTrouble("can't connect to \(path): \(-socket)") }
  }

  deinit {
    if program == nil { close(socket) }
  }

  /// Sends a request; its number.
  @discardableResult
  public func send(_ request: Request) -> UInt64 {
    number += 1
    var encoder = FrameEncoder()
    encoder.append(.request(request), sequence: number)
    sendRaw(encoder.bytes)
    return number
  }

  /// Sends `bytes`, or as many as the other side takes within so many seconds.
  public func sendRaw(_ bytes: [UInt8], within seconds: Double = 60) {
    var rest = bytes[...]
    let end = Monotonic.now + seconds
    while !rest.isEmpty, Monotonic.now < end {
      let count = rest.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else {
        guard errno == EAGAIN else { return }
        usleep(1000)
        continue
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Takes what has come.
  public func take() {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
      if count == 0 { isAtEnd = true }
      guard count > 0 else { return }
      var came: [DecodedFrame] = []
      var wrong = 0
      let bytes = Array(buffer[..<count])
      decoder.feed(bytes.span) { event in
        switch event {
        case .frame(let frame): came.append(frame)
        case .fault: wrong += 1
        }
      }
      frames += came
      faults += wrong
    }
  }

  /// Waits until a frame came that `find` knows.
  public func wait<Found>(
    _ what: String, within seconds: Double = 60, _ find: (DecodedFrame) -> Found?
  ) async throws -> Found {
    try await eventually(
      what, within: seconds,
      detail: { "\(frames.count) frames, \(faults) faults; \(program?.errorText ?? "")" }
    ) {
      take()
      if let found = frames.lazy.compactMap(find).first { return found }
      guard !isAtEnd else {
        throw TestTrouble("the other side has ended: \(program?.errorText ?? "")")
      }
      return nil
    }
  }

  /// The answer to a request.
  public func answer(to number: UInt64, within seconds: Double = 60) async throws -> Answer {
    try await wait("the answer to \(number)", within: seconds) { frame in
      guard frame.sequence == number, case .answer(let answer) = frame.frame, answer != .begins,
        answer != .accepted
      else { return nil }
      return answer
    }
  }

  public func inventory() async throws -> SpoolInventory {
    guard case .inventory(let inventory) = try await answer(to: send(.inventory)) else {
      throw TestTrouble("no inventory")
    }
    return inventory
  }

  public func waitForEnd() async throws {
    try await until("the end of the connection") {
      take()
      return isAtEnd
    }
  }

  /// Numbers of ticks that came, in their order.
  public var ticks: [UInt64] {
    frames.compactMap { if case .tick = $0.frame { $0.sequence } else { nil } }
  }

  /// Numbers that are settled of the stream: frames, and those that a gap frame stands for.
  public func settled(of stream: StreamID) -> SequenceSet {
    var set = SequenceSet()
    for frame in frames where frame.stream == stream {
      if case .gap(let gap) = frame.frame {
        set.insert(gap.first...gap.last)
      } else {
        set.insert(frame.sequence)
      }
    }
    return set
  }

  /// Fetches all that the agent keeps of a stream up to `last`; how many frames of it were ticks with
  /// rates.
  public func fetchAll(of stream: StreamID, to last: UInt64) async throws -> Int {
    forget()
    var next: UInt64 = 1
    while next <= last {
      let number = send(
        .fetch(FrameSpan(stream: stream, first: next, last: last, byteLimit: 1 << 20)))
      guard case .fetched(let fetched) = try await answer(to: number), fetched.through >= next
      else { throw TestTrouble("a fetch stands still at \(next)") }
      next = fetched.through + 1
    }
    return frames.count { frame in
      guard frame.stream == stream, case .tick(let tick) = frame.frame else { return false }
      return tick.intervalNanoseconds > 0
    }
  }

  public var gaps: [Gap] {
    frames.compactMap { if case .gap(let gap) = $0.frame { gap } else { nil } }
  }

  public func forget() { frames = [] }
}
