import Bytes
import CSystem
import Glibc
import Records
import Wire

/// Serves clients on Unix sockets, or one on standard input and output, on a thread of its own.
/// Nothing here waits for a disk or a client: what may take long is an errand.
final class FrameServer: @unchecked Sendable {
  // Invariant of @unchecked: after `start`, all but `wake` and `resident` is the thread's own.
  /// Clients of one socket; who comes beyond that is turned away.
  private static let clientLimit = 32
  /// Who has asked for nothing after so long is one that makes room.
  private static let idleNanoseconds: UInt64 = 10_000_000_000
  private static let traceEndMilliseconds = 10_000

  private let resident: Resident
  private let reporter: ReportSource
  private let log: SystemLog
  private let wake: WakeEvent
  private let spoolErrands: ErrandRunner
  private let reportErrands: ErrandRunner
  private let traces: TraceDesk
  private var listeners: [ListeningSocket] = []
  private var clients: [ClientSession] = []
  private var lastNumber: UInt64 = 0
  /// Somebody was turned away, and nobody was taken since.
  private var isCrowded = false
  /// Called when the only client, that of standard input, has gone.
  private var whenLeft: (@Sendable () -> Void)?

  init(
    _ resident: Resident, reporter: ReportSource, tracer: @escaping TraceDesk.Executor,
    log: SystemLog
  ) throws(Failure) {
    self.resident = resident
    self.reporter = reporter
    self.log = log
    wake = try WakeEvent()
    spoolErrands = try ErrandRunner(reply: wake)
    reportErrands = try ErrandRunner(reply: wake)
    traces = try TraceDesk(reply: wake, log: log, tracer)
    resident.ring.notify(wake)
  }

  /// Serves who comes to these sockets.
  func start(_ listeners: [ListeningSocket]) throws(Failure) {
    self.listeners = listeners
    try AgentThread.start { [self] in run() }
  }

  /// Serves standard input and output; `whenLeft` is called once they end.
  func startSession(whenLeft: @escaping @Sendable () -> Void) throws(Failure) {
    clients = [ClientSession(number: 0, input: 0, output: 1, rights: .all)]
    self.whenLeft = whenLeft
    try AgentThread.start { [self] in run() }
  }

  /// Lets go of whom somebody traces, and waits for that: to be called before the agent ends.
  func endTraces() { traces.end(milliseconds: FrameServer.traceEndMilliseconds) }

  // MARK: The server's thread

  private func run() {
    var pollers: [pollfd] = []
    while true {
      pollers.removeAll(keepingCapacity: true)
      pollers.append(pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0))
      for listener in listeners {
        pollers.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
      }
      let firstClient = pollers.count
      for client in clients {
        pollers.append(inputPoller(of: client))
        pollers.append(
          pollfd(
            fd: client.wantsToWrite ? client.output : -1, events: Int16(POLLOUT), revents: 0))
      }
      guard poll(&pollers, nfds_t(pollers.count), -1) > 0 else { continue }
      if pollers[0].revents != 0 { wake.absorb() }
      takeResults()
      for (index, client) in clients.enumerated() {
        let poller = pollers[firstClient + 2 * index]
        guard poller.revents != 0 else { continue }
        if poller.events == 0 { client.closeNow() } else { client.readRequests() }
      }
      for (index, listener) in listeners.enumerated() where pollers[1 + index].revents != 0 {
        accept(from: listener)
      }
      for client in clients {
        client.write(from: resident)
        // What it asked for, as far as there is room for the answers; they are sent at once.
        while let (frame, number) = client.nextRequest() { take(frame, number, of: client) }
        client.write(from: resident)
      }
      dropClosed()
    }
  }

  /// Who waits for a trace is also looked at while nothing is read from it: whether it has gone,
  /// which poll(2) tells unasked. Others find out when they are written to.
  private func inputPoller(of client: ClientSession) -> pollfd {
    if client.wantsToRead {
      return pollfd(fd: client.input, events: Int16(POLLIN), revents: 0)
    }
    // A negative descriptor is passed over.
    let isWatched = traces.isTracing(for: client.number)
    return pollfd(fd: isWatched ? client.input : -1, events: 0, revents: 0)
  }

  private func takeResults() {
    let results =
      spoolErrands.takeResults() + reportErrands.takeResults() + traces.takeResults()
    for result in results {
      guard let client = clients.first(where: { $0.number == result.client }) else { continue }
      client.errands -= 1
      client.answer(result.frames)
    }
  }

  private func dropClosed() {
    guard clients.contains(where: \.isClosed) else { return }
    for client in clients where client.isClosed {
      spoolErrands.forget(client: client.number)
      reportErrands.forget(client: client.number)
      traces.forget(client: client.number)
    }
    clients.removeAll(where: \.isClosed)
    if clients.isEmpty, let whenLeft {
      self.whenLeft = nil
      whenLeft()
    }
  }

  private func accept(from listener: ListeningSocket) {
    let socket = culprit_accept(listener.descriptor)
    guard socket >= 0 else { return }
    guard let peer = Peer(of: socket), peer.isAllowed(group: listener.group) else {
      close(socket)
      return
    }
    let others = clients.filter { $0.rights == listener.rights && !$0.isClosed }
    if others.count >= FrameServer.clientLimit {
      // Who asks for nothing makes room for who does.
      let now = MonotonicClock.now
      let idle = others.first {
        !$0.hasAsked && now &- $0.begun > FrameServer.idleNanoseconds
      }
      guard let idle else {
        if !isCrowded {
          Output.complain("\(others.count) clients on \(listener.path): no more are taken")
        }
        isCrowded = true
        close(socket)
        return
      }
      idle.closeNow()
    }
    isCrowded = false
    lastNumber += 1
    clients.append(
      ClientSession(
        number: lastNumber, input: socket, output: socket, rights: listener.rights, peer: peer))
  }

  // MARK: Requests

  private func take(_ frame: Frame, _ number: UInt64, of client: ClientSession) {
    switch frame {
    case .request(let request): take(request, number, of: client)
    case .unknown(let kind, _) where Request.isOne(kind: kind):
      refuse("this agent (\(AgentVersion.number)) doesn't know that request", number, client)
    default: client.closeNow()
    }
  }

  private func take(_ request: Request, _ number: UInt64, of client: ClientSession) {
    switch request {
    case .introduction(let caller): client.note(caller)
    case .stream:
      guard !client.isStreaming else { return refuse("it streams already", number, client) }
      let (greeting, cursor) = resident.greeting()
      client.beginStream(FrameServer.frame(.done, number) + greeting, cursor)
    case .inventory:
      client.answer(FrameServer.frame(.inventory(resident.inventory), number))
    case .recent(let seconds):
      client.answer(
        FrameServer.frame(.begins, number) + resident.past(seconds: Double(seconds))
          + FrameServer.frame(.done, number))
    case .fetch(let span): fetch(span, number, client)
    case .process(let pid): report(pid, number, client)
    case .trace(let request): trace(request, number, client)
    case .cancel(let other):
      if client.rights != .read { traces.cancel(other, client: client.number) }
    }
  }

  private func fetch(_ span: FrameSpan, _ number: UInt64, _ client: ClientSession) {
    guard let keeper = resident.spool else {
      return refuse("this agent keeps nothing: it runs without --spool", number, client)
    }
    run(by: spoolErrands, number, client) {
      let (frames, through) = keeper.spool.read(span)
      let answer = Answer.fetched(Fetched(stream: span.stream, through: through))
      return frames + FrameServer.frame(answer, number)
    }
  }

  private func report(_ pid: Int32, _ number: UInt64, _ client: ClientSession) {
    let asker = LoggedAsker(client.peer, client.caller)
    guard client.rights != .read else {
      log.write("process \(pid) \(asker.text), refused")
      return refuse(ControlSocket.isOff, number, client)
    }
    let (reporter, resident, log) = (reporter, resident, log)
    // Before the work: it may hang, or we may be killed meanwhile.
    log.write("process \(pid) \(asker.text)")
    run(by: reportErrands, number, client) {
      let start = MonotonicClock.now
      let answer = reporter.answer(pid, resident)
      log.write("process \(pid): answered in \(SamplingLoop.text(since: start))")
      return FrameServer.frame(answer, number)
    }
  }

  private func trace(_ request: TraceRequest, _ number: UInt64, _ client: ClientSession) {
    guard client.rights != .read else {
      let asker = LoggedAsker(client.peer, client.caller)
      log.write("trace of \(TraceDesk.text(request)), \(asker.text), refused")
      return refuse(ControlSocket.isOff, number, client)
    }
    if let refusal = traces.begin(request, number: number, of: client) {
      return refuse(refusal, number, client)
    }
    client.errands += 1
    client.answer(FrameServer.frame(.accepted, number))
  }

  private func run(
    by runner: ErrandRunner, _ number: UInt64, _ client: ClientSession,
    _ work: @escaping @Sendable () -> [UInt8]
  ) {
    guard (try? runner.add(client: client.number, work)) == true else {
      return refuse("the agent is busy with earlier requests; ask again", number, client)
    }
    client.errands += 1
  }

  private func refuse(_ why: String, _ number: UInt64, _ client: ClientSession) {
    client.answer(FrameServer.frame(.refused(why), number))
  }

  static func frame(_ answer: Answer, _ number: UInt64) -> [UInt8] {
    var encoder = FrameEncoder()
    encoder.append(.answer(answer), sequence: number)
    return encoder.bytes
  }
}
