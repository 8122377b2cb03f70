/// The times within which each phase of a login must end, and what happens on the way.
struct LinkDeadlines {
  static let resolve: UInt64 = 10 * second
  /// A dead host shows as such within 5 s: three SYNs (at 0, 1 and 3 s) go unanswered.
  static let connect: UInt64 = 4 * second
  /// From TCP connect to the running command. A host in trouble is slow, and that is when it
  /// matters; libssh2's own limit is a fixed 60 s.
  static let handshake: UInt64 = 30 * second
  /// The ssh program ends by itself after its own limit; a little later it is ended.
  static let program = UInt64(SSHProgram.connectSeconds + 5) * second
  /// After this long without an end a login gives its place in the connect window to others.
  static let patience: UInt64 = 300_000_000
  /// When a login that doesn't get on is shown as such.
  static let notice: UInt64 = 4 * second

  enum Event {
    case nothing
    case patience
    case notice
    case end
  }

  private var end = UInt64.max
  private var patience = UInt64.max
  private var notice = UInt64.max

  var next: UInt64 { min(end, patience, notice) }

  mutating func begin(_ length: UInt64, patience: Bool = false, notice: Bool = false) {
    let now = monotonicNow()
    end = now + length
    self.patience = patience ? now + Self.patience : .max
    self.notice = notice ? now + Self.notice : .max
  }

  mutating func clear() {
    self = LinkDeadlines()
  }

  /// What is due at `now`: the earliest first, each once.
  mutating func passed(_ now: UInt64) -> Event {
    if now >= end {
      clear()
      return .end
    }
    if now >= patience {
      patience = .max
      return .patience
    }
    if now >= notice {
      notice = .max
      return .notice
    }
    return .nothing
  }
}
