import CSystem
import Foundation
import Records
import TestSupport
import Wire

/// A client of an agent: over `attach`, over `run --session`, or on its socket.
final class AgentClient {
  private let socket: Int32
  private let program: TalkingProgram?
  private var decoder = FrameDecoder()
  private(set) var frames: [DecodedFrame] = []
  private(set) var faults = 0
  private(set) var isAtEnd = false
  private var number: UInt64 = 100

  init(_ program: TalkingProgram) {
    self.program = program
    socket = program.socket
    culprit_set_nonblocking(socket)
  }

  /// Straight to a socket of the agent.
  init(path: String) throws {
    program = nil
    socket = culprit_unix_connect(path, 0)
    guard socket >= 0 else { throw TestTrouble("can't connect to \(path): \(-socket)") }
  }

  deinit {
    if program == nil { close(socket) }
  }

  /// Sends a request; its number.
  @discardableResult
  func send(_ request: Request) -> UInt64 {
    number += 1
    var encoder = FrameEncoder()
    encoder.append(.request(request), sequence: number)
    sendRaw(encoder.bytes)
    return number
  }

  func sendRaw(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
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
  func take() {
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
  func wait<Found>(
    _ what: String, within seconds: Double = 60, _ find: (DecodedFrame) -> Found?
  ) async throws -> Found {
    try await eventually(
      what, within: seconds,
      detail: { "\(frames.count) frames, \(faults) faults; \(program?.errorText ?? "")" }
    ) {
      take()
      return frames.lazy.compactMap(find).first
    }
  }

  /// The answer to a request.
  func answer(to number: UInt64, within seconds: Double = 60) async throws -> Answer {
    try await wait("the answer to \(number)", within: seconds) { frame in
      guard frame.sequence == number, case .answer(let answer) = frame.frame else { return nil }
      return answer
    }
  }

  func inventory() async throws -> SpoolInventory {
    guard case .inventory(let inventory) = try await answer(to: send(.inventory)) else {
      throw TestTrouble("no inventory")
    }
    return inventory
  }

  func waitForEnd() async throws {
    try await until("the end of the connection") {
      take()
      return isAtEnd
    }
  }

  /// Numbers of ticks that came, in their order.
  var ticks: [UInt64] {
    frames.compactMap { if case .tick = $0.frame { $0.sequence } else { nil } }
  }

  /// Numbers that are settled of the stream: frames, and those that a gap frame stands for.
  func settled(of stream: StreamID) -> SequenceSet {
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

  var gaps: [Gap] {
    frames.compactMap { if case .gap(let gap) = $0.frame { gap } else { nil } }
  }

  func forget() { frames = [] }
}
