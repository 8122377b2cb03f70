import Bytes
import Foundation
import Records
import SSHFleet
import Wire

/// What an agent sends: frames, answers to what was asked of its spool, and to questions of others.
extension HostFeed {
  func feedAgent(_ bytes: Span<UInt8>, _ feedback: inout LinkFeedback) {
    guard var stream = agent else { return }
    // Taken out meanwhile, so that it is changed in place.
    agent = nil
    stream.fetching = backFill?.fetching ?? []
    stream.askedThrough = questions?.lastNumber ?? 0
    stream.feed(bytes) { news, current in take(news, current, &feedback) }
    agent = stream
    step(&feedback.output)
  }

  func keepIntroductions() {
    if let agent { identities = agent.identities }
  }

  func step(_ output: inout [UInt8]) {
    guard let outcome = backFill?.step() else { return }
    apply(outcome, &output)
  }

  func apply(_ outcome: HostBackFill.Outcome, _ output: inout [UInt8]) {
    output += outcome.output
    for loss in outcome.losses { send(.lost(loss)) }
    if let listed = outcome.listed { send(.listed(host: target.name, streams: listed)) }
    if outcome.isFilled {
      send(.filled(host: target.name))
      endTrouble()
    }
    if let spool = outcome.spool {
      status.spool = spool
      send(.status(status))
    }
    if let trouble = outcome.trouble {
      let text = "the agent is not asked for what it kept: \(trouble)"
      (status.lastError, backFillTrouble) = (text, text)
      send(.status(status))
    }
  }

  /// All has come now.
  func endTrouble() {
    guard let backFillTrouble else { return }
    self.backFillTrouble = nil
    guard status.lastError == backFillTrouble else { return }
    status.lastError = nil
    send(.status(status))
  }

  func named(_ agent: String) -> String { isTemporary ? "\(agent), temporary" : agent }

  func take(
    _ news: AgentStream.News, _ current: StreamID?, _ feedback: inout LinkFeedback
  ) {
    guard feedback.failure == nil else { return }
    switch news {
    case .greeting(let through, let cpus, let time):
      feedback.isProgress = true
      status.cpus = cpus ?? status.cpus
      status.clockOffset = time.seconds(since: .now)
      status.through = named(through)
      send(.status(status))
      hasGreeted = true
      noteSession()
    case .tick(let time):
      feedback.isProgress = true
      rows += 1
      trust.win()
      compareClock(time)
      feedback.failure = floodIfAny("an agent")
    case .pace(let through, let seconds):
      feedback.intervalSeconds = seconds
      tell(through: named(through))
    case .delivery(let delivery, let byteCount):
      guard backFill?.note(delivery, byteCount: byteCount, current: current) ?? true else { return }
      if delivery.isLive, delivery.sample != nil, let time = delivery.time {
        coveredByAgent.note(time, .all, interval: Double(target.intervalSeconds))
      }
      send(.delivery(covered.news(of: delivery)))
    case .unnumbered(let delivery):
      if let sample = delivery.sample { send(.sample(sample)) }
      if let report = delivery.suspects { send(.suspects(report)) }
      if let activity = delivery.activity { send(.activity(activity)) }
    case .burst(let burst): send(.burst(burst))
    case .answer(let answer, let number): take(answer, number, &feedback)
    case .ofAnswer(let frame, let number): questions?.take(frame, number: number)
    case .clockless(let time):
      status.lastError =
        "its clock says \(RFC3339.string(nanoseconds: time.nanoseconds)): what it tells of such a "
        + "time is not stored; set its clock"
      send(.status(status))
    case .trouble(let text):
      status.lastError = "the agent says: \(text)"
      send(.status(status))
    case .useless(let why):
      feedback.failure = abandon(why)
    }
  }

  func take(_ answer: Answer, _ number: UInt64, _ feedback: inout LinkFeedback) {
    guard number < AgentRequests.firstQuestion else {
      questions?.take(answer, number: number)
      return
    }
    guard number != AgentRequests.streamNumber else {
      isAnswering = answer == .done
      noteSession()
      backFill?.noteAnswer()
      guard case .refused(let why) = answer else { return }
      feedback.failure = abandon("it refuses to stream: \(Printable.text(why, limit: 200))")
      return
    }
    guard let outcome = backFill?.take(answer, number: number) else { return }
    apply(outcome, &feedback.output)
  }

  /// Says whether the agent can be asked over this session, where that is news.
  func noteSession() {
    guard questions != nil else { return }
    let new = sessionNow
    guard new != session else { return }
    session = new
    questions?.set(new)
  }

  var sessionNow: HostQuestions.Session {
    switch status.state {
    case .connected, .stale:
      if isAnswering { return .open }
      if hasGreeted {
        return .closed(
          .failed("its agent takes no questions: it is older than 0.3; install a newer one there"))
      }
      let what =
        rows > 0
        ? "reads it through \(status.through ?? "vmstat")" : "has only just connected to it"
      return .closed(.elsewhere("the collector \(what)"))
    default:
      let why = status.lastError.map { ": \($0)" } ?? ""
      return .closed(
        .failed(
          "the collector isn't connected to it, it is \(status.state.rawValue)\(why); "
            + "culprit check \(target.name) looks what keeps it"))
    }
  }

  /// A tick is sent as it is made, so its time is the host's clock now: the hello's was, when the
  /// connection began.
  func compareClock(_ time: Timestamp) {
    let now = ContinuousClock.now
    let offset = time.seconds(since: .now)
    let isNews = abs(offset - (status.clockOffset ?? .infinity)) > HostFeed.clockNews
    guard let last = clockCompared else {
      clockCompared = now
      return
    }
    guard isNews, last.duration(to: now) > .seconds(HostFeed.clockSeconds) else { return }
    clockCompared = now
    status.clockOffset = offset
    send(.status(status))
  }
}
