import Bytes
import CSystem
import Glibc
import Records
import Wire

/// One client of the resident agent: what it asked for, and what is on its way to it.
///
/// Live frames go first; answers and frames of the past behind them. It is the server thread's
/// alone.
final class ClientSession {
  /// What the socket that a client came through allows.
  enum Rights {
    /// Streams and what was kept.
    case read
    /// One process, traces.
    case control
    /// Both: the agent's own user, over standard input and output.
    case all
  }

  let number: UInt64
  let input: Int32
  let output: Int32
  let rights: Rights
  /// The peer as the kernel knows it; `nil` for standard input and output.
  let peer: Peer?
  /// As it calls itself.
  private(set) var caller = Caller()
  private var decoder = FrameDecoder()
  private var faults = 0
  /// Read and not answered yet.
  private var requests: [(Frame, UInt64)] = []
  /// Where it reads the stream; `nil` before it asked for that.
  private var cursor: FrameRing.Cursor?
  private var outgoing: [UInt8] = []
  private var sent = 0
  /// Answers that wait behind live frames.
  private var answers: [[UInt8]] = []
  private var answerBytes = 0
  /// Errands under way.
  var errands = 0
  /// It has asked for something.
  private(set) var hasAsked = false
  let begun = MonotonicClock.now
  private(set) var isClosed = false

  /// Live frames are taken from the ring while less than this is on its way.
  private static let outgoingLimit = 64 << 10
  /// While so many bytes wait for it, nothing more is taken from a client: who doesn't read can't
  /// make us keep more than this and one answer.
  private static let waitingLimit = 2 << 20
  static let errandLimit = 8
  /// Bytes of a request: all are small.
  private static let requestBytes = 64 << 10

  init(number: UInt64, input: Int32, output: Int32, rights: Rights, peer: Peer? = nil) {
    self.number = number
    self.input = input
    self.output = output
    self.rights = rights
    self.peer = peer
  }

  deinit {
    // Standard input and output aren't ours to close.
    if input > 2 { close(input) }
    if output > 2, output != input { close(output) }
  }

  func closeNow() { isClosed = true }

  // MARK: Requests

  /// Takes what has come.
  func readRequests() {
    var bytes: [UInt8] = []
    switch ByteEnd.read(input, into: &bytes, limit: 16 << 10) {
    case .later: return
    case .end:
      isClosed = true
      return
    case .bytes: break
    }
    decoder.feed(bytes.span) { event in
      switch event {
      case .frame(let frame): requests.append((frame.frame, frame.sequence))
      case .fault: faults += 1
      }
    }
    // Who sends something else than requests is no client of ours.
    if faults > 0 || decoder.pendingBytes > ClientSession.requestBytes { isClosed = true }
  }

  /// The next request and its number, where there is room for its answer.
  func nextRequest() -> (Frame, UInt64)? {
    guard !isClosed, hasRoom, !requests.isEmpty else { return nil }
    let next = requests.removeFirst()
    if case .request(.introduction) = next.0 {} else { hasAsked = true }
    return next
  }

  func note(_ caller: Caller) { self.caller = caller }

  // MARK: Answers

  var isStreaming: Bool { cursor != nil }

  /// Begins the stream: greeting first, from `cursor` on.
  func beginStream(_ greeting: [UInt8], _ cursor: FrameRing.Cursor) {
    outgoing += greeting
    self.cursor = cursor
  }

  /// Whether more is read from it: first what it asked for before is answered.
  var wantsToRead: Bool { requests.isEmpty && hasRoom }

  private var hasRoom: Bool {
    outgoing.count - sent + answerBytes < ClientSession.waitingLimit
      && errands < ClientSession.errandLimit
  }

  func answer(_ frames: [UInt8]) {
    answers.append(frames)
    answerBytes += frames.count
  }

  // MARK: Bytes on their way

  var wantsToWrite: Bool { sent < outgoing.count || !answers.isEmpty }

  /// Takes up live frames, and behind them answers, and writes what goes without waiting.
  func write(from resident: Resident) {
    while !isClosed {
      fill(from: resident)
      guard sent < outgoing.count else { return }
      switch ByteEnd.writeIfReady(output, outgoing[sent...].prefix(64 << 10)) {
      case .bytes(let count): sent += count
      case .later: return
      case .end: isClosed = true
      }
      dropSent()
    }
  }

  private func fill(from resident: Resident) {
    takeLive(from: resident)
    while outgoing.count - sent < ClientSession.outgoingLimit, !answers.isEmpty {
      let next = answers.removeFirst()
      answerBytes -= next.count
      outgoing += next
    }
  }

  private func takeLive(from resident: Resident) {
    guard var cursor else { return }
    defer { self.cursor = cursor }
    while outgoing.count - sent < ClientSession.outgoingLimit {
      let before = outgoing.count
      let missed = resident.ring.read(
        from: &cursor, into: &outgoing, limit: ClientSession.outgoingLimit)
      if let missed {
        // What the spool keeps is fetched from there; without one it is gone.
        if resident.spool == nil {
          outgoing += GapFrame.bytes(missed, .slowReader, of: resident.stream)
        }
        continue
      }
      guard outgoing.count > before else { return }
    }
  }

  private func dropSent() {
    guard sent == outgoing.count || sent > 1 << 20 else { return }
    outgoing.removeFirst(sent)
    sent = 0
    // A greeting may have made it large.
    if outgoing.isEmpty, outgoing.capacity > 4 * ClientSession.outgoingLimit { outgoing = [] }
  }
}

/// Who is at the other end of a socket.
struct Peer: Equatable {
  var pid: Int32
  var user: UInt32
  var groups: [UInt32]

  /// `nil` where the kernel doesn't say.
  init?(of socket: Int32) {
    var credentials = culprit_peer_credentials()
    guard culprit_peer(socket, &credentials) == 0 else { return nil }
    pid = credentials.pid
    user = credentials.user
    groups = [credentials.group]
    withUnsafeBytes(of: credentials.groups) { bytes in
      let all = bytes.assumingMemoryBound(to: UInt32.self)
      groups += all.prefix(Int(max(0, min(256, credentials.group_count))))
    }
  }

  /// Root, the agent's own user, and members of the socket's group.
  func isAllowed(group: UInt32?) -> Bool {
    user == 0 || user == geteuid() || group.map { groups.contains($0) } ?? false
  }
}
