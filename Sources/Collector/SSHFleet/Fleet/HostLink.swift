/// Keeps one host connected: opens a carrier, watches for silence, backs off, tries again.
///
/// Confined to its loop's thread.
final class HostLink: LoopHandler, LinkCarrierOwner, @unchecked Sendable {
  // Invariant of @unchecked: after init, used on `loop`'s thread only.
  private enum Phase {
    case idle
    case open(any LinkCarrier)
    case waiting(until: UInt64)
    case finished
  }

  private let target: FleetTarget
  private let delegate: any LinkDelegate
  private let environment: FleetEnvironment
  private let loop: EventLoop
  private var phase = Phase.idle
  private var backoff = Backoff()
  private var random = SystemRandomNumberGenerator()
  /// When the last row came, and when the stream began; monotonic.
  private var lastProgress: UInt64 = 0
  private var connectedAt: UInt64?
  private var isStale = false
  /// Where the stream's rows come less often than was asked for.
  private var slowedInterval: UInt64?
  /// A second command runs, or is about to.
  private var isAsking = false
  /// Where libssh2 can't reach this host (`auto`), what the ssh program is to do; until a reload,
  /// for keys may change.
  private var program = LinkFailure.ProgramUse.none
  private var isLoggingIn = false {
    didSet {
      guard isLoggingIn != oldValue else { return }
      loop.loginsUnderWay += isLoggingIn ? 1 : -1
    }
  }

  /// Rows for this long make a connection good: the next failure starts the backoff anew.
  private static let settledAfter: UInt64 = 30 * second
  /// A host without vmstat is asked again now and then: somebody may install it.
  private static let noVmstatRetrySeconds = 300.0

  init(
    target: FleetTarget, delegate: any LinkDelegate, environment: FleetEnvironment, loop: EventLoop
  ) {
    self.target = target
    self.delegate = delegate
    self.environment = environment
    self.loop = loop
  }

  func start() {
    loop.addTimed(self)
    open()
  }

  /// After a failure, final or not: somebody may have mended what was wrong.
  func retry() {
    switch phase {
    case .idle, .waiting:
      backoff.reset()
      program = .none
      open()
    case .open, .finished: break
    }
  }

  func stop() {
    if case .finished = phase { return }
    closeCarrier()
    phase = .finished
    loop.removeTimed(self)
    delegate.linkDidChange(to: .stopped)
  }

  // MARK: - Time

  /// What a host may make of the interval, seconds: an agent never goes slower.
  private static let longestInterval = 60.0

  private var interval: UInt64 { slowedInterval ?? UInt64(target.intervalSeconds) * second }
  private var staleAt: UInt64 { lastProgress + 3 * interval + second / 2 }
  private var dropAt: UInt64 { lastProgress + max(30 * second, 10 * interval) }

  var deadline: UInt64 {
    switch phase {
    case .idle, .finished: .max
    case .waiting(let until): until
    case .open(let carrier):
      connectedAt == nil ? carrier.deadline : min(carrier.deadline, isStale ? dropAt : staleAt)
    }
  }

  func deadlinePassed(_ now: UInt64) {
    switch phase {
    case .idle, .finished: break
    case .waiting: open()
    case .open(let carrier):
      if carrier.deadline <= now {
        carrier.deadlinePassed(now)
      } else if connectedAt != nil, now >= dropAt {
        let silence = (now - lastProgress) / second
        fail(LinkFailure(.unreachable, "no row for \(silence) s; the connection was dropped"))
      } else if connectedAt != nil, now >= staleAt {
        isStale = true
        delegate.linkDidChange(to: .stale)
      }
    }
    loop.deadlineChanged(of: self)
  }

  func handle(_ events: UInt32, of descriptor: Int32) {}

  // MARK: - Carrier

  private func open() {
    connectedAt = nil
    isStale = false
    slowedInterval = nil
    var target = target
    target.command = delegate.linkWillTry() ?? target.command
    let carrier: any LinkCarrier =
      switch target.transport {
      case .local: ChildCarrier(command: target.command, loop: loop, owner: self)
      case .auto where program != .none, .openssh:
        ProgramCarrier(
          target: target.with(program), environment: environment, loop: loop, owner: self)
      case .auto, .libssh2:
        SSHCarrier(target: target, environment: environment, loop: loop, owner: self)
      }
    phase = .open(carrier)
    isLoggingIn = true
    carrier.open()
    loop.deadlineChanged(of: self)
  }

  func carrierIsConnecting(_ stage: LinkStage, _ how: String, isNews: Bool) {
    delegate.linkDidChange(to: .connecting(how, stage: stage, isNews: isNews))
  }

  func carrierDeadlineChanged() {
    loop.deadlineChanged(of: self)
  }

  func carrierWillStart() -> [UInt8] { delegate.linkWillStart() }

  func carrierDidConnect(address: String) {
    isLoggingIn = false
    lastProgress = monotonicNow()
    connectedAt = lastProgress
    delegate.linkDidOpen()
    delegate.linkDidChange(to: .connected(address: address))
    loop.deadlineChanged(of: self)
  }

  func carrierDidReceive(_ bytes: Span<UInt8>) {
    environment.receivedBytes.add(Int64(bytes.count), ordering: .relaxed)
    let feedback = delegate.linkDidReceive(bytes)
    if let failure = feedback.failure { return fail(failure) }
    if let question = feedback.question { ask(question) }
    send(feedback.output)
    if let seconds = feedback.intervalSeconds { follow(seconds) }
    if feedback.isProgress { noteProgress() }
  }

  private func noteProgress() {
    lastProgress = monotonicNow()
    if let connectedAt, lastProgress - connectedAt > Self.settledAfter { backoff.reset() }
    guard isStale else { return }
    isStale = false
    delegate.linkDidChange(to: .connected(address: ""))
    loop.deadlineChanged(of: self)
  }

  private func follow(_ seconds: Double) {
    let slowest = min(seconds, Self.longestInterval)
    slowedInterval =
      slowest > Double(target.intervalSeconds) ? UInt64(slowest * Double(second)) : nil
    loop.deadlineChanged(of: self)
  }

  // MARK: - Sending

  /// Writes to the command's standard input. What is sent while there is no command is dropped:
  /// it was meant for one that is gone.
  func send(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, let connection = connectedAt, case .open(let carrier) = phase else {
      return
    }
    guard !carrier.send(bytes) else { return }
    // From inside a call of the carrier's it can't be closed.
    loop.post { [self] in
      guard connectedAt == connection else { return }
      fail(
        LinkFailure(
          .unreachable,
          "it doesn't read what it is sent: \(OutputQueue.limit >> 20) MiB wait; "
            + "the connection was dropped"))
    }
  }

  /// Asks the delegate for something to send.
  func nudge() {
    guard connectedAt != nil, case .open = phase else { return }
    send(delegate.linkDidDrain())
  }

  func carrierDidDrain() {
    guard connectedAt != nil else { return }
    let bytes = delegate.linkDidDrain()
    guard !bytes.isEmpty else { return }
    // Who takes what it is sent isn't silent.
    noteProgress()
    send(bytes)
  }

  /// From here we are inside a read of the carrier, so the question waits for the next turn.
  private func ask(_ question: String) {
    guard !isAsking else { return }
    isAsking = true
    loop.post { [self] in
      guard isAsking, case .open(let carrier) = phase, connectedAt != nil else { return }
      carrier.ask(question)
      loop.deadlineChanged(of: self)
    }
  }

  func carrierDidAnswer(_ answer: [UInt8]?) {
    isAsking = false
    delegate.linkDidAnswer(answer)
  }

  func carrierDidReceiveError(_ bytes: Span<UInt8>) {
    delegate.linkDidReceiveError(bytes)
  }

  func carrierDidEnd(status: Int32?) {
    fail(delegate.linkDidEnd(status: status))
  }

  func carrierDidFail(_ failure: LinkFailure) {
    fail(failure)
  }

  private func closeCarrier() {
    isLoggingIn = false
    isAsking = false
    if case .open(let carrier) = phase { carrier.close() }
    connectedAt = nil
  }

  private func fail(_ failure: LinkFailure) {
    guard case .open = phase else { return }
    closeCarrier()
    if failure.program != .none, target.transport == .auto, program == .none,
      SSHProgram.isInstalled
    {
      program = failure.program
      delegate.linkDidChange(
        to: .connecting(
          "taking the ssh program: \(failure.description)", stage: .resolving, isNews: true))
      return open()
    }
    guard !failure.isFinal else {
      phase = .idle
      return delegate.linkDidChange(to: .given(up: failure))
    }
    let drawn = backoff.next(using: &random)
    let seconds = failure.kind == .noVmstat ? max(drawn, Self.noVmstatRetrySeconds) : drawn
    phase = .waiting(until: monotonicNow() + UInt64(seconds * 1e9))
    loop.deadlineChanged(of: self)
    delegate.linkDidChange(to: .backingOff(failure, seconds: seconds))
  }
}

/// Nanoseconds.
let second: UInt64 = 1_000_000_000
