import Glibc
import Synchronization
import Wire

/// Where questions for agents wait that are to travel over the sessions that a collector holds:
/// shared by who asks, each on a thread of its own, and the hosts' feeds on the event loops.
///
/// When the disk of a host hangs, a new login hangs too; the open session goes on.
public final class QuestionDesk: Sendable {
  private struct State {
    var hosts: [String: HostQuestions] = [:]
    var nudge: (@Sendable (String) -> Void)?
  }

  /// How long an agent has for its answer, beyond what it is asked to do, seconds.
  private static let patience = 10.0
  /// How long it may take to attach to many processes, and to let go of them, seconds.
  private static let traceAllowance = 30.0
  /// The furthest back that somebody may ask, seconds.
  private static let pastLimit: UInt32 = 3600

  private let state = Mutex(State())

  public init() {}

  // MARK: - The collector's side

  /// How a host's feed is asked, on its own thread, whether it has something to do.
  func connect(_ nudge: @escaping @Sendable (String) -> Void) {
    state.withLock { $0.nudge = nudge }
  }

  /// A host's place; that of an earlier feed of the same host is given up.
  func open(_ host: String) -> HostQuestions {
    let questions = HostQuestions(host: host)
    state.withLock { $0.hosts[host] = questions }
    return questions
  }

  /// The host isn't connected to any more.
  func close(_ questions: HostQuestions) {
    state.withLock { state in
      if state.hosts[questions.host] === questions { state.hosts[questions.host] = nil }
    }
  }

  // MARK: - The asker's side

  /// Hands the request to the host's agent, and waits for the answer.
  ///
  /// - Parameter interest: asked several times a second; when nobody waits any more, or for no more
  ///   than there is, the agent is told to end what it is at.
  func ask(
    _ request: Request, of host: String, seconds: Double? = nil,
    interest: () -> AskerInterest = { .waits }
  ) -> SessionReply {
    guard QuestionDesk.isAllowed(request) else {
      return .failed(
        "the collector hands on no such question: ask for one process, a trace, or the past")
    }
    let (questions, nudge) = state.withLock { ($0.hosts[host], $0.nudge) }
    guard let questions else { return .elsewhere("the collector doesn't record it") }
    return questions.ask(
      request, seconds: seconds ?? QuestionDesk.answerSeconds(of: request), interest: interest
    ) { nudge?(host) }
  }

  /// How long an agent has for its answer, seconds.
  static func answerSeconds(of request: Request) -> Double {
    patience + workSeconds(of: request)
  }

  /// How long it may be at what it is asked to do, seconds.
  static func workSeconds(of request: Request) -> Double {
    guard case .trace(let trace) = request else { return 0 }
    return Double(trace.milliseconds) / 1000 + traceAllowance
  }

  /// What would change what the session brings is the collector's own to ask.
  private static func isAllowed(_ request: Request) -> Bool {
    switch request {
    case .process: true
    case .recent(let seconds): seconds <= pastLimit
    case .trace: true
    case .introduction, .stream, .inventory, .fetch, .cancel: false
    }
  }
}

/// What came of a question for an agent that a collector holds a session to.
enum SessionReply: Equatable, Sendable {
  /// The frames, and the answer itself as the last of them.
  case answered([UInt8])
  /// Why there is no answer, and what to do about it. A login of one's own would fare no better.
  case failed(String)
  /// No session to an agent is there: who wants an answer logs in.
  case elsewhere(String)
}

/// The questions for one host, and whether its session takes any.
final class HostQuestions: Sendable {
  /// Whether there is an agent that answers.
  enum Session: Equatable, Sendable {
    case open
    case closed(SessionReply)
  }

  private struct State {
    var session = Session.closed(.elsewhere("the collector hasn't tried it yet"))
    var waiting: [OpenQuestion] = []
    var count = 0
  }

  /// Questions to one host at once.
  static let limit = 4
  /// How long one more waits for others to be answered.
  static let turnSeconds = 2.0

  let host: String
  private let state = Mutex(State())

  init(host: String) {
    self.host = host
  }

  // MARK: - The asker's side

  /// Waits a little for its turn, and then for the answer.
  ///
  /// - Parameter nudge: has the feed look what there is to send.
  func ask(
    _ request: Request, seconds: Double, interest: () -> AskerInterest = { .waits },
    nudge: () -> Void
  ) -> SessionReply {
    let question = OpenQuestion(request)
    let begin = ContinuousClock.now
    while !hasTaken(question) {
      if let refusal = closedReply { return refusal }
      guard begin.duration(to: .now) < .seconds(HostQuestions.turnSeconds) else {
        return .failed("\(HostQuestions.limit) questions are on their way to it; ask again")
      }
      usleep(20_000)
    }
    nudge()
    let (reply, isGivenUp) = question.wait(seconds: seconds, interest, nudge: nudge)
    // The agent may still be at it.
    if isGivenUp { nudge() }
    state.withLock { state in
      state.count -= 1
      state.waiting.removeAll { $0 === question }
    }
    return reply
  }

  /// Whether there was a place for it, and somebody to ask.
  private func hasTaken(_ question: OpenQuestion) -> Bool {
    state.withLock { state in
      guard case .open = state.session, state.count < HostQuestions.limit else { return false }
      state.count += 1
      state.waiting.append(question)
      return true
    }
  }

  private var closedReply: SessionReply? {
    state.withLock { state in
      if case .closed(let reply) = state.session { reply } else { nil }
    }
  }

  // MARK: - The feed's side

  /// What waits is told where nothing can be asked any more.
  func set(_ session: Session) {
    let dropped = state.withLock { state in
      state.session = session
      guard case .closed = session else { return [] as [OpenQuestion] }
      defer { state.waiting = [] }
      return state.waiting
    }
    guard case .closed(let reply) = session else { return }
    for question in dropped { question.end(reply) }
  }

  func takeWaiting() -> [OpenQuestion] {
    state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
  }
}
