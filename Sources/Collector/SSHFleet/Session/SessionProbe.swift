/// A second command on a session that streams: its output, as a whole, or nothing.
///
/// libssh2 allows one write under way per session, and reading may write too (window adjusts): the
/// carrier sees to it that only the one of both goes on whose write has to be finished.
///
/// What it left on the host may hang, and can't be ended from here: one that is late goes on
/// quietly, and until it has ended nothing else is asked on this session.
final class SessionProbe {
  private enum Phase {
    case opening
    case starting
    case reading
    case releasing
    case done
  }

  private let channel: SSHChannel
  private let command: String
  private var phase = Phase.opening
  private var output: [UInt8] = []
  /// What it has to say, once.
  private var answer: Answer?
  private(set) var deadline: UInt64

  enum Answer {
    case output([UInt8])
    case nothing
  }

  init(_ session: SSHSession, command: String) {
    channel = session.makeChannel()
    self.command = command
    deadline = monotonicNow() + Probe.patience
  }

  var isDone: Bool { if case .done = phase { true } else { false } }

  func takeAnswer() -> Answer? {
    defer { answer = nil }
    return answer
  }

  /// Goes as far as it can without waiting.
  func advance(buffer: UnsafeMutableRawBufferPointer) {
    while takeStep(buffer) {}
  }

  /// Whether another step may follow at once.
  private func takeStep(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    switch phase {
    case .opening: return follow(channel.open(), then: .starting)
    case .starting: return follow(channel.start("exec sh -c '\(command)'"), then: .reading)
    case .reading: return readStep(buffer)
    case .releasing: return follow(channel.release(), then: .done)
    case .done: return false
    }
  }

  private func follow(_ step: SSHSession.Step, then next: Phase) -> Bool {
    switch step {
    case .again: return false
    case .done:
      phase = next
      return true
    case .failed:
      settle(.nothing)
      phase = .done
      return false
    }
  }

  private func readStep(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    // Standard error is read away, for it shares the window.
    if case .bytes = channel.readError(into: buffer) { return true }
    switch channel.read(into: buffer) {
    case .bytes(let count):
      output += buffer[0..<min(count, max(0, Probe.answerLimit - output.count))]
      return true
    case .failed:
      settle(.nothing)
      phase = .done
      return false
    case .empty:
      guard channel.isAtEnd else { return false }
      settle(.output(output))
      phase = .releasing
      return true
    }
  }

  /// The first word counts: an answer that comes too late is none.
  private func settle(_ answer: Answer) {
    guard deadline != .max else { return }
    deadline = .max
    self.answer = answer
    output = []
  }

  func deadlinePassed() {
    settle(.nothing)
  }
}
