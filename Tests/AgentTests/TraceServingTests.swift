import Foundation
import Records
import Strace
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Agent
@testable import Sampling

/// How an agent serves traces, whoever carries them out: one at a time, to whom that is allowed, and
/// only as long as somebody waits for it.
@Suite(.live)
struct TraceServingTests {
  /// A server in this process, on sockets of its own. What carries traces out here waits until their
  /// time is up or they are stopped, and tells of this process.
  private final class Site: Sendable {
    /// Traces that began, and of those that ended, whether each was stopped before its time.
    final class Work: Sendable {
      private let state = Mutex((begun: 0, ended: [Bool]()))

      var begun: Int { state.withLock { $0.begun } }
      var ended: [Bool] { state.withLock { $0.ended } }

      func begin() { state.withLock { $0.begun += 1 } }
      func end(early isEarly: Bool) { state.withLock { $0.ended.append(isEarly) } }
    }

    let folder: TestFolder
    let work = Work()
    private let server: FrameServer

    init(log: String = "/nonexistent") throws {
      folder = try TestFolder()
      let work = work
      let hello = Hello(
        stream: HostFacts.newStream(), time: HostFacts.now, agentVersion: "test", engine: .proc)
      server = try FrameServer(
        Resident(hello: hello, spool: nil, ringBytes: 64 << 10),
        reporter: try ReportSource(policy: .masked),
        tracer: { request, _, isStopped in Site.carryOut(request, isStopped, work) },
        log: SystemLog(path: log))
      try server.start([
        try ListeningSocket(folder.file("a.sock"), rights: .read),
        try ListeningSocket(folder.file("a-control.sock"), rights: .control),
      ])
    }

    private static func carryOut(
      _ request: TraceRequest, _ isStopped: () -> Bool, _ work: Work
    ) -> Result<HostTrace, TraceFailure> {
      if case .unit(let name) = request.selection { return .failure(.cannotRun("no \(name)")) }
      if case .pids = request.selection { return .failure(.noMatch("nobody has it")) }
      work.begin()
      let due = Monotonic.now + Double(request.milliseconds) / 1000
      while Monotonic.now < due, !isStopped() { usleep(10_000) }
      work.end(early: Monotonic.now < due)
      var trace = HostTrace(time: HostFacts.now, engine: .bpf)
      trace.matched = 1
      trace.verified = 1
      let id = ProcessID(pid: getpid(), startTicks: 1)
      trace.processes = [
        TracedProcess(identity: ProcessIdentity(id: id, name: TaskName("self")))
      ]
      return .success(trace)
    }

    func client(_ socket: String = "a-control.sock") throws -> AgentClient {
      try AgentClient(path: folder.file(socket))
    }

    func end() { server.endTraces() }

    func untilBegun(_ count: Int = 1) async throws {
      try await until("trace \(count) to begin") { work.begun >= count }
    }
  }

  private func request(
    _ selection: TraceRequest.Selection = .suspects, seconds: Double = 60
  ) -> Request {
    .trace(TraceRequest(selection, milliseconds: UInt32(seconds * 1000)))
  }

  /// The last answer to a request, and the trace that all of them tell.
  private func trace(
    _ client: AgentClient, _ number: UInt64
  ) async throws -> HostTrace? {
    _ = try await client.wait("the last answer to \(number)") { frame -> Bool? in
      guard frame.sequence == number, case .answer(let answer) = frame.frame, answer.isLast else {
        return nil
      }
      return true
    }
    return TraceAnswer.trace(
      of: client.frames.filter { $0.sequence == number }.map(\.frame))
  }

  @Test func aTraceIsAnsweredAndLogged() async throws {
    let folder = try TestFolder()
    let log = try LogListener(in: folder)
    let site = try Site(log: log.path)
    let client = try site.client()
    client.send(
      .introduction(Caller(user: "eve", connection: "192.0.2.7 9 192.0.2.1 22", key: "k")))
    let trace = try await trace(
      client, client.send(request(.commandLine("a\u{1B}b"), seconds: 0.05)))
    #expect(trace?.processes.first?.identity.id.pid == getpid() && trace?.verified == 1)
    let first = client.frames.first { frame in
      if case .answer = frame.frame { true } else { false }
    }
    #expect(first?.frame == .answer(.accepted), "who waits is told that it has begun")
    let begin = try await log.line(with: "trace of --match")
    #expect(begin.contains("for 50 ms") && begin.contains("asked by uid \(getuid())"), "\(begin)")
    #expect(begin.contains("user eve, key k, from 192.0.2.7 port 9"), "\(begin)")
    #expect(!begin.contains("\u{1B}"))
    let end = try await log.line(with: "detached: 1 of 1 verified")
    #expect(!end.contains("early"), "\(end)")
    // What nothing comes of is told and logged in its own words.
    guard
      case .refused(let why) = try await client.answer(to: client.send(request(.unit("x.service"))))
    else {
      Issue.record("a unit that isn't there was traced")
      return
    }
    #expect(why == "no x.service")
    _ = try await log.line(with: "nothing was traced", "no x.service")
    let nobody = try await self.trace(client, client.send(request(.pids([4_194_000]))))
    #expect(nobody?.matched == 0 && nobody?.notices == ["nobody has it"])
    _ = try await log.line(with: "nobody matches")
  }

  @Test func whoMayOnlyReadMayNotTrace() async throws {
    let folder = try TestFolder()
    let log = try LogListener(in: folder)
    let site = try Site(log: log.path)
    let client = try site.client("a.sock")
    guard case .refused(let why) = try await client.answer(to: client.send(request())) else {
      Issue.record("traced")
      return
    }
    #expect(why.contains("control = true") && why.contains("trace"), "\(why)")
    _ = try await log.line(with: "trace of --suspects", "refused")
    #expect(site.work.begun == 0)
  }

  @Test func oneIsCarriedOutAtATimeAndHoldsUpNoOtherQuestion() async throws {
    let site = try Site()
    let first = try site.client()
    let number = first.send(request())
    try await site.untilBegun()
    let second = try site.client()
    guard case .refused(let why) = try await second.answer(to: second.send(request())) else {
      Issue.record("two at a time")
      return
    }
    #expect(why.contains("asked by uid \(getuid())") && why.contains(" s still"), "\(why)")
    guard
      case .process(let report) = try await second.answer(
        to: second.send(.process(pid: getpid())))
    else {
      Issue.record("no report")
      return
    }
    #expect(report.identity.id.pid == getpid())
    // It isn't another's to end.
    second.send(.cancel(number: number))
    _ = try await second.inventory()
    #expect(site.work.ended == [])
    first.send(.cancel(number: number + 7))
    first.send(.cancel(number: number))
    #expect(try await trace(first, number)?.matched == 1)
    #expect(site.work.ended == [true])
    // And then it is the next one's turn.
    let next = try await trace(second, second.send(request(seconds: 0.05)))
    #expect(next != nil && site.work.ended == [true, false])
  }

  @Test("it ends with the connection", arguments: [false, true])
  func theAskerGoes(isCrowded: Bool) async throws {
    let folder = try TestFolder()
    let log = try LogListener(in: folder)
    let site = try Site(log: log.path)
    var client: AgentClient? = try site.client()
    client?.send(request())
    try await site.untilBegun()
    // With so many questions of its own under way nothing more is read from it.
    if isCrowded { for _ in 0..<40 { client?.send(.process(pid: getpid())) } }
    client = nil
    try await until("the trace to end") { site.work.ended == [true] }
    _ = try await log.line(with: "early: who asked has gone")
    let other = try site.client()
    #expect(try await trace(other, other.send(request(seconds: 0.05))) != nil)
  }

  @Test func anAgentThatEndsLetsGoFirst() async throws {
    let site = try Site()
    let client = try site.client()
    client.send(request())
    try await site.untilBegun()
    site.end()
    #expect(site.work.ended == [true])
    guard case .refused(let why) = try await client.answer(to: client.send(request())) else {
      Issue.record("traced by an agent that ends")
      return
    }
    #expect(why.contains("ending"), "\(why)")
  }
}
