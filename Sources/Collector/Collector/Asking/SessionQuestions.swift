import Wire

/// The questions that are under way over one host's session. Confined to the host's event-loop
/// thread.
struct SessionQuestions {
  private struct Pending {
    let question: OpenQuestion
    /// What has come of the answer, written anew: nothing that the host sends is handed on raw.
    var frames = FrameEncoder()
    var isCancelled = false
  }

  /// The most bytes of an answer.
  static let byteLimit = 8 << 20

  private let host: HostQuestions
  private var pending: [UInt64: Pending] = [:]
  /// The last number that was given to a question: numbers go on from connection to connection.
  private(set) var lastNumber = AgentRequests.firstQuestion - 1

  init(_ host: HostQuestions) {
    self.host = host
  }

  /// What is to be sent now.
  mutating func step() -> [UInt8] {
    var output: [UInt8] = []
    for (number, each) in pending where each.question.isOver {
      pending[number] = nil
      // Nobody waits for it, and processes are watched for it.
      if case .trace = each.question.request, !each.isCancelled {
        output += AgentRequests.cancel(number)
      }
    }
    for question in host.takeWaiting() where !question.isOver {
      lastNumber += 1
      pending[lastNumber] = Pending(question: question)
      output += AgentRequests.bytes(question.request, number: lastNumber)
    }
    // Its answer comes all the same, and sooner.
    for (number, each) in pending where each.question.isToEnd && !each.isCancelled {
      pending[number]?.isCancelled = true
      output += AgentRequests.cancel(number)
    }
    return output
  }

  /// A frame of an answer.
  mutating func take(_ frame: DecodedFrame, number: UInt64) {
    switch frame.frame {
    // Its payload wasn't kept.
    case .unknown, .request, .answer: return
    default: append(frame.frame, frame.sequence, number)
    }
  }

  /// The answer itself, or that it begins.
  mutating func take(_ answer: Answer, number: UInt64) {
    append(.answer(answer), number, number)
    guard answer.isLast, let done = pending.removeValue(forKey: number) else { return }
    done.question.end(.answered(done.frames.bytes))
  }

  private mutating func append(_ frame: Frame, _ sequence: UInt64, _ number: UInt64) {
    // In place: a copy would have all of it copied with each frame.
    pending[number]?.frames.append(frame, sequence: sequence)
    guard let size = pending[number]?.frames.byteCount, size > SessionQuestions.byteLimit else {
      return
    }
    pending.removeValue(forKey: number)?.question.end(
      .failed("its agent answers with more than \(SessionQuestions.byteLimit >> 20) MiB"))
  }

  /// Whether questions may come from now on. Where they may not, those under way get no answer.
  mutating func set(_ session: HostQuestions.Session) {
    host.set(session)
    guard case .closed(let reply) = session else { return }
    for each in pending.values { each.question.end(reply) }
    pending = [:]
  }
}
