import Dispatch
import Foundation
import History
import Records
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Collector

/// What the collector traces by itself: a spike begins, by the rows that come, and the session's agent
/// is asked, once.
@Suite("traces of spikes")
struct EpisodeTracerTests {
  /// A history that is recorded into, and hosts whose agents answer.
  private final class Site: Sendable {
    let folder: TestFolder
    let store: HistoryStore
    let queue = FleetEventQueue(content: .recording)
    let desk = QuestionDesk()
    let log = LogLines()
    let tracer: EpisodeTracer
    private let recorder: Recorder
    private let asked = Mutex<[(host: String, request: Request)]>([])
    private let places = Mutex<[String: HostQuestions]>([:])

    init(
      _ policy: FleetFile.Tracing, reply: @escaping @Sendable (String) -> Answer?
    ) throws {
      folder = try TestFolder()
      store = try HistoryStore.open(path: folder.file("h.db"), durability: .normal)
      tracer = EpisodeTracer(
        policy: policy, desk: desk, queue: queue, open: try store.openEpisodes(), log: log.logger)
      recorder = Recorder(
        store: store, queue: queue, tracer: tracer,
        retention: .init(keepSeconds: nil, maxSizeBytes: nil), log: log.logger)
      recorder.start()
      desk.connect { [weak self] host in self?.answer(host, reply) }
    }

    func stop() {
      tracer.stop()
      recorder.stop()
    }

    var requests: [(host: String, request: Request)] { asked.withLock { $0 } }

    /// A host with an agent's session.
    func connect(_ host: String) {
      let place = desk.open(host)
      place.set(.open)
      places.withLock { $0[host] = place }
    }

    private func answer(_ host: String, _ reply: (String) -> Answer?) {
      for question in places.withLock({ $0[host]?.takeWaiting() ?? [] }) {
        asked.withLock { $0.append((host, question.request)) }
        switch reply(host) {
        case .trace(let trace, _):
          question.end(.answered(TraceAnswer.bytes(of: trace, number: 1)))
        case .some(let answer):
          question.end(.answered(AgentQuestionTests.answer(answer)))
        case nil: break
        }
      }
    }

    /// Two minutes of a host's rows, the last of now: calm, and then far too many tasks for its CPUs.
    func spike(_ host: String, calm: Int = 60, busy: Int = 60) {
      let now = Timestamp.now
      for second in 0..<(calm + busy) {
        let isBusy = second >= calm
        var row = VmstatRow()
        row[.r] = isBusy ? 40 : 0
        row[.b] = 0
        row[.us] = isBusy ? 95 : 1
        row[.sy] = isBusy ? 5 : 1
        row[.id] = isBusy ? 0 : 98
        row[.wa] = 0
        row[.st] = 0
        queue.push(
          .sample(
            HostSample(
              host: host, time: now.advanced(bySeconds: Double(second - calm - busy)),
              source: .agent, row: row, cpus: 2)))
      }
    }
  }

  private static var policy: FleetFile.Tracing {
    var policy = FleetFile.Tracing()
    policy.onEpisode = true
    return policy
  }

  private static var trace: HostTrace {
    var trace = HostTrace(time: .now, engine: .bpf)
    trace.nanoseconds = 5_000_000_000
    (trace.matched, trace.verified) = (1, 1)
    trace.processes = [
      TracedProcess(
        identity: ProcessIdentity(
          id: ProcessID(pid: 4_711, startTicks: 7), name: TaskName("burner")))
    ]
    return trace
  }

  @Test func theSuspectsAreTracedOnceAndItIsKeptWithTheSpike() async throws {
    let site = try Site(Self.policy) { _ in .trace(Self.trace, processes: 1) }
    site.connect("db1")
    site.spike("db1")
    let kept = try await eventually(
      "a trace in the history", detail: { "\(site.log.at(.warning))" }
    ) { try site.store.traces().first }
    #expect(kept.host == "db1" && kept.cause == "episode" && kept.selection == "--suspects")
    let episode = try #require(try site.store.episodes().first)
    #expect(kept.episode == episode.id && kept.first?.name == "burner")
    let request = try #require(site.requests.first?.request)
    #expect(
      request
        == .trace(
          TraceRequest(.suspects, engine: .bpf, milliseconds: 5_000, processLimit: 5)))
    #expect(site.log.at(.notice).contains { $0.hasPrefix("db1: a spike began, 1 suspects traced") })
    // What was kept is the trace, to the last figure.
    let parts = TraceEvidence.traces(try site.store.encodedTrace(kept.number))
    #expect(parts.first?.trace.processes == Self.trace.processes)
    // It goes on, and another comes, within the cool-down: neither is traced again.
    site.spike("db1", calm: 0)
    site.spike("db1")
    try await until("the rows to be stored") { try site.store.samples().count >= 200 }
    site.stop()
    #expect(site.requests.count == 1)
  }

  @Test func whoRefusesIsToldOnceAndOnlyWhoIsAskedFor() async throws {
    let site = try Site(Self.policy) { _ in .refused("control is off\u{1B}[2J") }
    site.connect("db1")
    site.spike("db1")
    // Nobody holds a session to this one.
    site.spike("db2")
    try await until("both to be told") { site.log.at(.warning).count == 2 }
    let told = site.log.at(.warning).sorted()
    #expect(told[0] == "db1: a spike began and can't be traced: control is off␛[2J")
    #expect(told[1].hasPrefix("db2: a spike began and can't be traced: the collector doesn't"))
    site.stop()
    #expect(site.requests.count == 1)
    #expect(try site.store.traces().isEmpty)
  }

  @Test func withoutThePolicyNobodyIsAsked() async throws {
    let site = try Site(FleetFile.Tracing()) { _ in .trace(Self.trace, processes: 1) }
    site.connect("db1")
    site.spike("db1")
    try await until("the spike") { try !site.store.episodes().isEmpty }
    // A fleet file that is read again holds for the next one.
    site.tracer.setPolicy(Self.policy)
    site.connect("db2")
    site.spike("db2")
    try await until("a trace") { try !site.store.traces().isEmpty }
    site.stop()
    #expect(site.requests.map(\.host) == ["db2"])
  }

  @Test(.timeLimit(.minutes(1)))
  func aCollectorThatEndsWaitsForNoTrace() async throws {
    let site = try Site(Self.policy) { _ in nil }
    site.connect("db1")
    site.spike("db1")
    try await until("the question") { !site.requests.isEmpty }
    site.stop()
    #expect(site.log.at(.warning).isEmpty)
  }

  @Test func theBudgetIsKept() {
    var policy = Self.policy
    (policy.cooldownSeconds, policy.hourlyOfHost, policy.hourlyOfFleet) = (600, 3, 5)
    var budget = TraceBudget()
    let begin = ContinuousClock.now
    func take(_ host: String, _ minutes: Double) -> TraceBudget.Verdict {
      budget.take(host, policy, now: begin + .seconds(minutes * 60))
    }
    #expect(take("a", 0) == .allowed && take("a", 9) == .resting && take("a", 10) == .allowed)
    #expect(take("a", 20) == .allowed && take("a", 30) == .usedUp)
    #expect(take("b", 30) == .allowed && take("c", 30) == .allowed && take("d", 30) == .usedUp)
    // The first hour's are over, one after the other.
    #expect(take("d", 60) == .allowed && take("e", 61) == .usedUp && take("a", 70) == .allowed)
  }
}

extension HistoryStore {
  fileprivate func samples() throws -> [HostSample] {
    var samples: [HostSample] = []
    try forEachSample { sample in
      samples.append(sample)
      return true
    }
    return samples
  }
}
