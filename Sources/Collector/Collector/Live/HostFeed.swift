import Bytes
import Foundation
import History
import Records
import SSHFleet
import Wire

/// Turns one host's stream into samples and states: an agent's frames, or the lines of
/// `RemoteCommand`. Confined to its event-loop thread.
final class HostFeed: LinkDelegate, @unchecked Sendable {
  // Invariant of @unchecked: after init, used on the link's event-loop thread only.
  let target: FleetTarget
  let queues: [FleetEventQueue]
  let temporaryAgent: TemporaryAgent?
  var status: HostStatus
  var wasConnected = false

  // The current stream.
  var start = FrameStart()
  var agent: AgentStream?
  /// Whether the agent was asked for its frames.
  var hasAsked = false
  /// Whether an agent said who it is, and whether it answers requests: an older one doesn't read
  /// them.
  var hasGreeted = false
  var isAnswering = false
  /// While the agent is on its way there, and when that was told last.
  var upload: AgentUpload?
  var uploadTold: ContinuousClock.Instant?
  /// Whether the agent was copied there, and why it couldn't be.
  var isTemporary = false
  var fallbackReason: String?
  /// Whether this connection's command asks the agent, and whether a shell said that it starts it.
  var asksAgent: Bool
  var hasShell = false
  var trust = AgentTrust()
  /// What came live and needn't come again out of a spool; of this connection's agent, where it turns
  /// out that it keeps nothing.
  var covered = StoredTime()
  var coveredByAgent = StoredTime()
  /// What earlier connections told of the host's processes.
  var identities = Introductions()
  /// Fetches what the agent kept for us; `nil` where nothing is recorded.
  var backFill: HostBackFill?
  /// What was told last of why it isn't asked.
  var backFillTrouble: String?
  /// What others ask this host's agent; `nil` where nobody does.
  var questions: SessionQuestions?
  let closeQuestions: () -> Void
  var session: HostQuestions.Session?
  /// When the clock was compared last.
  var clockCompared: ContinuousClock.Instant?
  var lines = LineSplitter()
  var parser = VmstatParser()
  var rows = 0
  var unreadable = 0
  var errorText = ""
  /// The last line since the last row that was none: what a login script says at its end.
  var lastNoise = ""
  var remoteError: String?
  var load: LoadAverage?
  /// The newest one-minute average, also once its sample is gone.
  var lastLoad: Double?
  var clock = RowClock()
  var opened: ContinuousClock.Instant?
  var lastQuestion: ContinuousClock.Instant?
  var hasCPUs = false
  var hasClock = false

  /// Lines that are no vmstat before the stream is given up: a chatty login script prints fewer.
  static let noiseLimit = 500
  /// Rows that may come at once, and how many times too many are a flood.
  static let floodStart = 2000
  static let floodFactor = 50.0
  /// How far the time of a look may be off.
  static let lookDriftSeconds = 300.0
  /// Longest standard error that is kept, characters.
  static let errorLimit = 400
  /// How often an agent's clock is compared with ours, and what difference is news, seconds.
  static let clockSeconds = 60.0
  static let clockNews = 0.5

  /// - Parameters:
  ///   - backFill: what is stored of agents' streams; `nil` where nothing is recorded.
  ///   - desk: where others' questions come from.
  ///   - temporaryAgent: what the target's command may ask for.
  init(
    target: FleetTarget, queues: [FleetEventQueue], backFill: BackFill? = nil,
    desk: QuestionDesk? = nil, temporaryAgent: TemporaryAgent? = nil
  ) {
    let place = desk?.open(target.name)
    questions = place.map { SessionQuestions($0) }
    closeQuestions = { [weak desk] in if let place { desk?.close(place) } }
    self.backFill = backFill.map { HostBackFill(host: target.name, shared: $0) }
    self.target = target
    asksAgent = target.asksAgent
    self.temporaryAgent = temporaryAgent
    self.queues = queues
    status = HostStatus(host: target.name, address: target.address, since: .now)
    // As an earlier collector was told. Meanwhile it may have become more.
    status.spool = self.backFill?.spoolBefore
  }

  func send(_ event: FleetEvent) {
    for queue in queues { queue.push(event) }
  }

  // MARK: - State

  func linkDidChange(to state: LinkState) {
    let before = status
    status.retryAt = nil
    switch state {
    case .waiting: status.state = .waiting
    case .connecting(let how, _, let isNews):
      status.state = .connecting
      if isNews { status.lastError = Printable.text(how) }
    case .connected(let address):
      if !address.isEmpty {
        status.address = address
        if wasConnected { status.reconnects += 1 }
        wasConnected = true
      }
      status.state = .connected
    case .stale:
      status.state = .stale
      // The state says the rest.
      status.lastError = lastNoise.isEmpty ? nil : String(noiseText.dropFirst(2))
    case .backingOff(let failure, let seconds):
      if before.state == .stale { noteNoTick("it sends no tick") }
      status.state = failure.kind == .noVmstat ? .noVmstat : .backingOff
      status.retryAt = Timestamp.now.advanced(bySeconds: seconds)
      let noise = before.state == .stale ? noiseText : ""
      status.lastError = Printable.text(failure.description + noise)
    case .given(up: let failure):
      status.state = HostFeed.finalState(failure.kind)
      status.lastError = Printable.text(failure.description)
    case .stopped: status.state = .stopped
    }
    switch state {
    case .connected, .stale: break
    default: backFill?.stop()
    }
    if !status.state.isHealthy {
      backFill?.forgetTold()
      status.spool?.framesToCome = nil
    }
    if status.state != before.state { status.since = .now }
    if status != before { send(.status(status)) }
    noteSession()
    if state == .stopped { closeQuestions() }
  }

  /// What came instead of rows, in the host's own words.
  var noiseText: String {
    lastNoise.isEmpty ? "" : "; what it sends is no vmstat: “\(lastNoise)”"
  }

  private static func finalState(_ kind: LinkFailure.Kind) -> HostState {
    switch kind {
    case .refusedKey: .refusedKey
    case .unknownKey: .unknownKey
    case .changedKey: .changedKey
    case .unsupported: .unsupported
    case .noVmstat: .noVmstat
    case .unreachable: .backingOff
    }
  }

  func linkDidOpen() {
    opened = .now
    keepIntroductions()
    if backFill?.keepsNothing ?? false { covered.add(coveredByAgent) }
    coveredByAgent = StoredTime()
    backFill?.reset()
    clockCompared = nil
    (start, agent, hasAsked) = (FrameStart(), nil, asksAgent)
    (hasGreeted, isAnswering, hasShell) = (false, false, false)
    (upload, uploadTold, isTemporary, fallbackReason) = (nil, nil, false, nil)
    lines.reset()
    parser = VmstatParser()
    rows = 0
    unreadable = 0
    errorText = ""
    lastNoise = ""
    remoteError = nil
    (load, lastLoad) = (nil, nil)
    (hasCPUs, hasClock) = (false, false)
    clock = RowClock(intervalSeconds: target.intervalSeconds)
  }

  // MARK: - Stream

  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var feedback = LinkFeedback(isProgress: false)
    guard agent == nil else {
      feedAgent(bytes, &feedback)
      return feedback
    }
    // Behind a row of vmstat there are no frames.
    guard rows == 0 || !start.isEmpty else {
      readLines(bytes, &feedback)
      return feedback
    }
    let (text, frames) = start.split(bytes, isOver: rows > 0)
    readLines(text.span, &feedback)
    guard let frames, rows == 0, feedback.failure == nil else { return feedback }
    agent = AgentStream(host: target.name, identities: identities)
    identities = Introductions()
    // Of another agent, which wasn't there or was older, before this one.
    errorText = ""
    feedAgent(frames.span, &feedback)
    return feedback
  }

  /// Something was stored, or what we sent has left: the next piece of the agent that is copied
  /// there, or what its spool is asked for next.
  func linkDidDrain() -> [UInt8] {
    if upload != nil { return nextOfUpload() }
    var output: [UInt8] = []
    if agent != nil {
      output += questions?.step() ?? []
      step(&output)
    }
    return output
  }

  func readLines(_ bytes: Span<UInt8>, _ feedback: inout LinkFeedback) {
    guard bytes.count > 0 else { return }
    let limit = lines.limit
    lines.feed(bytes) { piece, line in
      guard feedback.failure == nil else { return }
      switch piece {
      case .line: read(line, &feedback)
      case .tooLong: countUnreadable("a line of more than \(limit) bytes", &feedback)
      }
    }
  }

  /// The requests that an agent's frames depend on. Who runs vmstat never reads them.
  func linkWillStart() -> [UInt8] {
    asksAgent ? AgentRequests.stream : []
  }

  func linkDidAnswer(_ answer: [UInt8]?) {
    guard let answer, var report = SuspectListing.report(answer, host: target.name),
      !report.suspects.isEmpty
    else { return }
    // The look is of now, on the host's clock as it was measured; a host that says otherwise
    // would keep its sightings for ever.
    let now = Timestamp.now.advanced(bySeconds: status.clockOffset ?? 0)
    if abs(report.time.seconds(since: now)) > HostFeed.lookDriftSeconds { report.time = now }
    send(.suspects(report))
  }

  func linkDidReceiveError(_ bytes: Span<UInt8>) {
    guard errorText.count < HostFeed.errorLimit else { return }
    errorText += Printable.text(bytes, limit: HostFeed.errorLimit)
  }

  func linkDidEnd(status code: Int32?) -> LinkFailure {
    let said = LinkFailure.saying(errorText)
    if agent != nil || hasShell {
      let noise = agent != nil || lastNoise.isEmpty ? "" : " (“\(lastNoise)”)"
      let how = "\(LinkFailure.ending(code))\(said)\(noise)"
      noteNoTick("it \(how)")
      return LinkFailure(.unreachable, "the agent \(how)")
    }
    noteNoVmstat()
    if let remoteError {
      return LinkFailure(.noVmstat, "\(remoteError); install procps on the host")
    }
    if rows == 0, code == 127 {
      return LinkFailure(.noVmstat, "no vmstat on the host\(said); install procps there")
    }
    if rows == 0 {
      let how = LinkFailure.ending(code)
      // With a key that runs nothing but the agent there is no vmstat to be tried.
      let what = asksAgent ? "vmstat 1, or culprit-agent doctor" : "vmstat 1"
      return LinkFailure(
        .unreachable,
        "the command \(how) before its first row\(said)\(lastNoise.isEmpty ? "" : " (“\(lastNoise)”)")"
          + "; try it there: \(what)")
    }
    let ending = code.map { "vmstat ended with status \($0)" } ?? "the stream ended"
    return LinkFailure(.unreachable, ending + said)
  }

  private func read(_ line: Span<UInt8>, _ feedback: inout LinkFeedback) {
    if let greeting = GreetingLine(line) {
      if greeting == .agent, !hasAsked {
        hasAsked = true
        feedback.output += AgentRequests.stream
      }
      if case .send(let count) = greeting { beginUpload(count, &feedback) }
      take(greeting)
      return
    }
    switch parser.parse(line) {
    case .row(let row, let stamp): take(row, stamp, &feedback)
    case .blank, .groupHeader, .header: break
    case .foreign(let format):
      feedback.failure = LinkFailure(.noVmstat, Printable.text(format.description))
    case .other(let reason):
      lastNoise = Printable.text(line, limit: 120)
      countUnreadable(reason.map { "\($0)" } ?? "text that is no vmstat", &feedback)
    }
  }

  func countUnreadable(_ what: String, _ feedback: inout LinkFeedback) {
    unreadable += 1
    guard unreadable > HostFeed.noiseLimit, rows == 0 else { return }
    if hasShell {
      feedback.failure = abandon(
        "what it sends are no frames" + (lastNoise.isEmpty ? "" : " (“\(lastNoise)”)"))
      return
    }
    noteNoVmstat()
    feedback.failure = LinkFailure(
      .noVmstat,
      "\(unreadable) lines and no row of vmstat, the last being \(what)"
        + (lastNoise.isEmpty ? "" : " (“\(lastNoise)”)") + "; try it there: vmstat 1")
  }

  private func take(_ greeting: GreetingLine) {
    switch greeting {
    // Each once a stream: a host that repeats them tells nothing new.
    case .cpus(let count) where !hasCPUs:
      hasCPUs = true
      status.cpus = count
      send(.status(status))
    case .clock(let time) where !hasClock:
      hasClock = true
      clock.anchor(clock: time)
      status.clockOffset = time.seconds(since: .now)
      send(.status(status))
    case .load(let average, let uptime):
      load = average
      lastLoad = average.oneMinute
      if let uptime { clock.anchor(uptimeSeconds: uptime) }
    case .error(let text): remoteError = text
    case .agentFound: hasShell = asksAgent
    case .agentBroken(let status): noteBroken(status)
    case .agent:
      endUpload()
      hasShell = true
    case .fallback(let why):
      endUpload()
      (isTemporary, fallbackReason, hasShell) = (false, why, false)
    case .version, .other, .send, .cpus, .clock: break
    }
  }

  /// Whether tasks seem to be in `D`: by `b`, or, since that doesn't count those that wait for a
  /// lock, a network file system or a frozen one, by a load that the running tasks don't make.
  private func hasBlocked(_ row: VmstatRow) -> Bool {
    if row[.b] ?? 0 > 0 { return true }
    guard let lastLoad, let cpus = status.cpus, let running = row[.r] else { return false }
    return lastLoad > Double(cpus) && lastLoad > Double(running) + 1
  }

  /// vmstat prints a row an interval, and an agent sends one, so many times as many are something
  /// else, which would fill the history and put rows into the future.
  func floodIfAny(_ sender: String) -> LinkFailure? {
    guard rows > HostFeed.floodStart, let opened else { return nil }
    let seconds = Double(opened.duration(to: .now).components.seconds)
    let expected = seconds / Double(target.intervalSeconds)
    guard Double(rows) > Double(HostFeed.floodStart) + HostFeed.floodFactor * expected else {
      return nil
    }
    return LinkFailure(
      .noVmstat,
      "\(rows) rows in \(Int(seconds)) s, where \(sender) makes one each "
        + "\(target.intervalSeconds) s: it floods us; look what runs there")
  }

  /// While tasks are blocked, which ones: at most every ten seconds.
  private func questionIfDue() -> String? {
    let now = ContinuousClock.now
    guard lastQuestion.map({ now - $0 >= .seconds(SuspectQuestion.leastSeconds) }) ?? true else {
      return nil
    }
    lastQuestion = now
    return SuspectQuestion.command
  }

  private func take(_ row: VmstatRow, _ stamp: CivilTime?, _ feedback: inout LinkFeedback) {
    feedback.isProgress = true
    if rows > 0, hasBlocked(row) { feedback.question = questionIfDue() }
    rows += 1
    lastNoise = ""
    if let flood = floodIfAny("vmstat") {
      feedback.failure = flood
      return
    }
    if let retrial = retrialIfDue() {
      feedback.failure = retrial
      return
    }
    let time = clock.time(stamp: stamp)
    let reason =
      trust.isLost
      ? trust.words : fallbackReason.map { "no temporary agent: \($0)" } ?? target.vmstatReason
    // Nobody is there who would tell what it keeps.
    if rows == 1, !trust.isLost { status.spool = nil }
    // The moment of the next trial is told once: reckoned anew, it would be another by a second.
    if rows == 1 || !trust.isLost { tell(through: reason.map { "vmstat: \($0)" } ?? "vmstat") }
    if rows == 1 { noteSession() }
    // The first row of a run is the average since boot, and no sample.
    guard rows > 1 else { return }
    covered.note(time, .rows, interval: Double(target.intervalSeconds))
    send(
      .sample(
        HostSample(
          host: target.name, time: time, source: .vmstat, row: row, load: load,
          cpus: status.cpus)))
    load = nil
  }

  /// What the rows come through, where that is news.
  func tell(through text: String) {
    guard status.through != text else { return }
    status.through = text
    send(.status(status))
  }
}

extension Timestamp {
  /// The collector's own clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
