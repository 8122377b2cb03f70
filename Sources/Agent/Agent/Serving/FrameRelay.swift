import Glibc
import Wire

/// Hands requests of standard input on to the agent's sockets, by what they ask, and what comes
/// from these to standard output, frame by frame: frames of two sockets are never mixed up.
struct FrameRelay {
  /// One of the agent's sockets.
  private struct Side {
    let socket: Int32
    /// On its way there.
    var requests: [UInt8] = []
    /// Come from there, and no whole frame yet.
    var partial: [UInt8] = []
  }

  /// Whole frames that wait for standard output; beyond it the sockets aren't read.
  private static let outputLimit = 256 << 10
  private static let requestLimit = 64 << 10
  private static let chunk = 64 << 10

  private var read: Side
  private var control: Side?
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var sent = 0

  init(read: Int32, control: Int32?) {
    self.read = Side(socket: read)
    self.control = control.map { Side(socket: $0) }
  }

  /// Says who asks, to both.
  mutating func introduce(_ caller: Caller) {
    var encoder = FrameEncoder()
    encoder.append(.request(.introduction(caller)), sequence: 0)
    read.requests += encoder.bytes
    control?.requests += encoder.bytes
  }

  /// Until standard input ends (0), or the agent does (1).
  mutating func run() -> Int32 {
    while true {
      var pollers = [
        pollfd(
          fd: input.count < FrameRelay.requestLimit ? 0 : -1, events: events(in: true), revents: 0),
        pollfd(fd: sent < output.count ? 1 : -1, events: events(out: true), revents: 0),
        poller(of: read), control.map { poller(of: $0) } ?? pollfd(fd: -1, events: 0, revents: 0),
      ]
      guard poll(&pollers, nfds_t(pollers.count), -1) > 0 else { continue }
      if pollers[0].revents != 0, !takeInput() { return 0 }
      guard route() else {
        Output.complain(
          "what comes on standard input is no request; this is for culprit's collector")
        return 1
      }
      guard FrameRelay.exchange(&read, pollers[2].revents, &output) else {
        flush()
        Output.complain("the agent has ended")
        return 1
      }
      if var side = control.take() {
        if FrameRelay.exchange(&side, pollers[3].revents, &output) {
          control = side
        } else {
          close(side.socket)
        }
      }
      guard flush() else { return 0 }
    }
  }

  private func events(in wantsIn: Bool = false, out wantsOut: Bool = false) -> Int16 {
    Int16((wantsIn ? POLLIN : 0) | (wantsOut ? POLLOUT : 0))
  }

  private func poller(of side: Side) -> pollfd {
    let hasRoom = output.count - sent < FrameRelay.outputLimit
    return pollfd(
      fd: side.socket, events: events(in: hasRoom, out: !side.requests.isEmpty), revents: 0)
  }

  /// `false` at the end.
  private mutating func takeInput() -> Bool {
    ByteEnd.read(0, into: &input, limit: 16 << 10) != .end
  }

  /// Hands whole requests on; `false` where what came is none.
  private mutating func route() -> Bool {
    var start = 0
    defer { input.removeFirst(start) }
    while input.count - start >= FrameGlance.leastBytes {
      guard let glance = FrameGlance(input.span.extracting(start..<input.count)),
        glance.role == .request, glance.byteCount <= FrameRelay.requestLimit
      else { return false }
      guard input.count - start >= glance.byteCount else { return true }
      let frame = input[start..<(start + glance.byteCount)]
      start += glance.byteCount
      if glance.isOfControl {
        if control == nil { refuse(glance.sequence) }
        control?.requests += frame
      } else {
        read.requests += frame
      }
    }
    return true
  }

  private mutating func refuse(_ number: UInt64) {
    output += FrameServer.frame(.refused(ControlSocket.isOff), number)
  }

  /// Writes requests and reads frames; `false` where the agent is gone.
  private static func exchange(_ side: inout Side, _ revents: Int16, _ output: inout [UInt8])
    -> Bool
  {
    if !side.requests.isEmpty {
      switch ByteEnd.write(side.socket, side.requests[...]) {
      case .bytes(let count): side.requests.removeFirst(count)
      case .later: break
      case .end: return false
      }
    }
    guard revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { return true }
    guard ByteEnd.read(side.socket, into: &side.partial, limit: FrameRelay.chunk) != .end else {
      return false
    }
    return takeFrames(of: &side, &output)
  }

  /// Hands whole frames on; `false` where what came is none.
  private static func takeFrames(of side: inout Side, _ output: inout [UInt8]) -> Bool {
    var end = 0
    while side.partial.count - end >= FrameGlance.leastBytes {
      guard let glance = FrameGlance(side.partial.span.extracting(end..<side.partial.count)) else {
        return false
      }
      guard side.partial.count - end >= glance.byteCount else { break }
      end += glance.byteCount
    }
    output += side.partial[..<end]
    side.partial.removeFirst(end)
    return true
  }

  /// Writes what goes; `false` where nobody reads any more.
  @discardableResult
  private mutating func flush() -> Bool {
    while sent < output.count {
      switch ByteEnd.writeIfReady(1, output[sent...].prefix(FrameRelay.chunk)) {
      case .bytes(let count): sent += count
      case .later: return true
      case .end: return false
      }
    }
    output.removeAll(keepingCapacity: true)
    sent = 0
    return true
  }
}
