import CSystem
import Glibc

/// The Unix socket beside a history, over which others of this machine ask the agents that its
/// collector holds sessions to.
///
///     asker      1  version of this very protocol
///                1  length of the host's name
///                …  the name
///                …  the request, a frame
///                1  later, maybe: that it is to end early (an older collector passes over it)
///     collector  1  what came of it
///                4  length, the low byte first
///                …  frames, or text
enum QuestionSocket {
  static let version: UInt8 = 1
  /// What an asker says who wants the answer now.
  static let earlyEnd = UInt8(ascii: "e")
  /// Longest name of a host, bytes.
  static let nameLimit = 255
  /// Longest request with its name, bytes: a trace may name many processes.
  static let requestLimit = 8192
  /// Longest reply, bytes: what frames cost on top is within the agent's own answer.
  static let replyLimit = SessionQuestions.byteLimit + (1 << 20)

  /// The socket of the history at `path`.
  static func path(of history: String) -> String { history + "-socket" }
}

extension SessionReply {
  private enum Kind {
    static let answered: UInt8 = 0
    static let failed: UInt8 = 1
    static let elsewhere: UInt8 = 2
  }

  static let headBytes = 5

  /// As it travels.
  var bytes: [UInt8] {
    let (kind, body): (UInt8, [UInt8]) =
      switch self {
      case .answered(let frames): (Kind.answered, frames)
      case .failed(let why): (Kind.failed, Array(why.utf8))
      case .elsewhere(let why): (Kind.elsewhere, Array(why.utf8))
      }
    let size = UInt32(clamping: body.count)
    return [kind] + (0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) } + body
  }

  /// The length that the first bytes tell.
  static func bodyBytes(_ head: [UInt8]) -> Int {
    (0..<4).reduce(0) { $0 | Int(head[1 + $1]) << ($1 * 8) }
  }

  /// `nil` where it is of a kind that nobody knows.
  init?(_ head: [UInt8], _ body: [UInt8]) {
    switch head[0] {
    case Kind.answered: self = .answered(body)
    case Kind.failed: self = .failed(String(decoding: body, as: UTF8.self))
    case Kind.elsewhere: self = .elsewhere(String(decoding: body, as: UTF8.self))
    default: return nil
    }
  }
}

/// One end of a Unix socket, non-blocking, that is waited for no longer than until a certain time.
/// It owns its descriptor.
struct TimedSocket: ~Copyable {
  enum Trouble: Error, Equatable {
    /// The other side has gone.
    case ended
    case late
    case system(Int32)

    var description: String {
      switch self {
      case .ended: "the other side has gone"
      case .late: "the other side takes too long"
      case .system(let code): String(cString: strerror(code))
      }
    }
  }

  let descriptor: Int32

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether the other side has closed its end, or has said while it waits for a reply that it wants
  /// one now.
  var interest: AskerInterest {
    var byte: UInt8 = 0
    switch recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) {
    case 0: return .gone
    case 1 where byte == QuestionSocket.earlyEnd: return .wantsEnd
    default: return .waits
    }
  }

  /// Some bytes, at least one, at most `limit`.
  func read(limit: Int, until end: ContinuousClock.Instant) throws(Trouble) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    while true {
      let count = recv(descriptor, &bytes, limit, Int32(MSG_DONTWAIT))
      if count > 0 { return Array(bytes[..<count]) }
      if count == 0 { throw .ended }
      guard errno == EAGAIN || errno == EINTR else { throw .system(errno) }
      try wait(for: POLLIN, until: end)
    }
  }

  func read(count: Int, until end: ContinuousClock.Instant) throws(Trouble) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      bytes += try read(limit: min(count - bytes.count, 1 << 16), until: end)
    }
    return bytes
  }

  func write(_ bytes: [UInt8], until end: ContinuousClock.Instant) throws(Trouble) {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        send(descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, flags)
      }
      if count >= 0 {
        sent += count
        continue
      }
      guard errno == EAGAIN || errno == EINTR else {
        throw errno == EPIPE || errno == ECONNRESET ? .ended : .system(errno)
      }
      try wait(for: POLLOUT, until: end)
    }
  }

  private func wait(for events: Int32, until end: ContinuousClock.Instant) throws(Trouble) {
    let left = ContinuousClock.now.duration(to: end) / .milliseconds(1)
    guard left > 0 else { throw .late }
    var poller = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    _ = poll(&poller, 1, Int32(min(left + 1, 60_000)))
  }
}
