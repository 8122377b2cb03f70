import Records

/// What a collector asks of an agent. Its number, in the header's place of a sequence, is the
/// asker's own; the answer bears it again. Requests belong to no stream.
public enum Request: Equatable, Sendable {
  /// Who asks, as sshd and the forced command know it: for the log. The first on a connection, and
  /// never answered.
  case introduction(Caller)
  /// From now on each frame, as it is made. Before the first: the hello, and who the processes are
  /// that are at work. Answered with `done` before all that.
  case stream
  /// What the spool holds. Answered with `inventory`.
  case inventory
  /// Frames of a stream out of the spool, in order, each as it was: with the number that it had.
  /// They come before the answer, `fetched`, and behind live ones.
  case fetch(FrameSpan)
  /// The frames of the last so many seconds out of memory, and who the processes in them are.
  /// They come in one piece between two answers, `begins` and `done`: on a connection that is
  /// streamed to, no live frame is among them.
  case recent(seconds: UInt32)
  /// All about one process. Answered with `process`.
  case process(pid: Int32)
  /// What processes ask of the kernel for a while. Answered with `accepted` at once, and later with
  /// `traced` for each, in rank order, and then `trace`, all of one number. It ends when the connection does.
  case trace(TraceRequest)
  /// Ends the trace that was asked for with this number on the same connection, whose answer comes
  /// all the same. It isn't answered itself.
  case cancel(number: UInt64)

  /// Whether a frame that this version doesn't know is a newer collector's request: it waits for an
  /// answer.
  public static func isOne(kind: UInt8) -> Bool { FrameKind.requests.contains(kind) }
}

/// What an agent answers.
public enum Answer: Equatable, Sendable {
  /// What follows is of the past, up to `done` of the same number.
  case begins
  /// It takes a while; what was asked for has begun.
  case accepted
  case done
  case inventory(SpoolInventory)
  case fetched(Fetched)
  case process(ProcessReport)
  /// One process of a trace; more follows.
  case traced(TracedProcess)
  /// A trace but for its processes, of which so many came before it.
  case trace(HostTrace, processes: Int)
  /// Why not, and what would help, in words.
  case refused(String)

  /// Whether nothing more comes to the request.
  public var isLast: Bool {
    switch self {
    case .begins, .accepted, .traced: false
    case .done, .inventory, .fetched, .process, .trace, .refused: true
    }
  }

  /// Whether a frame that this version can't read is a newer agent's answer.
  public static func isOne(kind: UInt8) -> Bool { FrameKind.answers.contains(kind) }
}

/// Frames of one stream, from one number to another.
public struct FrameSpan: Equatable, Sendable {
  public var stream: StreamID
  public var first: UInt64
  public var last: UInt64
  /// About so many bytes are enough; the asker asks again for the rest.
  public var byteLimit: UInt32

  public init(stream: StreamID, first: UInt64, last: UInt64, byteLimit: UInt32) {
    self.stream = stream
    self.first = first
    self.last = last
    self.byteLimit = byteLimit
  }
}

/// How far a fetch got.
public struct Fetched: Equatable, Sendable {
  public var stream: StreamID
  /// The last number that is settled: sent, or gone, which a gap frame said. One below the first
  /// that was asked for where nothing was.
  public var through: UInt64

  public init(stream: StreamID, through: UInt64) {
    self.stream = stream
    self.through = through
  }
}

/// Who is behind a connection, in the words of those who know: for the log, and no proof.
public struct Caller: Equatable, Sendable {
  /// The user that sshd logged in.
  public var user: String
  /// `SSH_CONNECTION`: the client's address and port, and the server's; empty without SSH.
  public var connection: String
  /// The key: its fingerprint or comment, or the name that the forced command gives it.
  public var key: String

  public init(user: String = "", connection: String = "", key: String = "") {
    self.user = user
    self.connection = connection
    self.key = key
  }
}
