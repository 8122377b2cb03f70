import Bytes
import Dispatch
import Foundation
import History
import Logging
import Records
import Synchronization
import Wire

/// Has a host's suspects traced when a load spike begins there, where the fleet file wants that:
/// over the session that the collector holds, by the engine that stops nobody.
public final class EpisodeTracer: Sendable {
  private struct State {
    var policy: FleetFile.Tracing
    var budget = TraceBudget()
    /// The start of each host's latest spike: it is told again as it grows.
    var latest: [String: Timestamp]
    /// Traces under way.
    var count = 0
    /// What was told last of why a host isn't traced.
    var told: [String: String] = [:]
    var isEnding = false
  }

  /// Hosts traced at once.
  private static let limit = 8
  private static let stackBytes = 512 << 10
  /// A spike that began longer ago than this, by its host's clock when it was last heard of, was found
  /// late: whoever caused it may be gone.
  private static let freshSeconds = 120.0
  private static let reasonLimit = 300

  private let desk: QuestionDesk
  private let queue: FleetEventQueue
  private let log: Logger
  private let state: Mutex<State>
  private let threads = DispatchGroup()

  /// - Parameters:
  ///   - desk: of the collector's sessions.
  ///   - queue: the recorder's.
  ///   - open: spikes that an earlier collector left open: they didn't begin now.
  public init(
    policy: FleetFile.Tracing, desk: QuestionDesk, queue: FleetEventQueue, open: [Episode],
    log: Logger
  ) {
    (self.desk, self.queue, self.log) = (desk, queue, log)
    let latest = Dictionary(open.map { ($0.host, $0.start) }, uniquingKeysWith: max)
    state = Mutex(State(policy: policy, latest: latest))
  }

  /// What a fleet file that was read again says.
  public func setPolicy(_ policy: FleetFile.Tracing) {
    state.withLock { $0.policy = policy }
  }

  /// Ends what is under way: the agents let go of whom they trace.
  public func stop() {
    state.withLock { $0.isEnding = true }
    threads.wait()
  }

  /// Episodes that began, grew or ended.
  func note(_ episodes: [Episode]) {
    for episode in episodes where isDue(episode) { begin(episode) }
  }

  private func isDue(_ episode: Episode) -> Bool {
    let (verdict, isCrowded) = state.withLock { state -> (TraceBudget.Verdict?, Bool) in
      guard state.latest[episode.host] != episode.start else { return (nil, false) }
      state.latest[episode.host] = episode.start
      guard state.policy.onEpisode, !state.isEnding, episode.isOpen,
        episode.end.seconds(since: episode.start) <= EpisodeTracer.freshSeconds
      else { return (nil, false) }
      guard state.count < EpisodeTracer.limit else { return (nil, true) }
      let verdict = state.budget.take(episode.host, state.policy)
      if verdict == .allowed { state.count += 1 }
      return (verdict, false)
    }
    let name = Printable.text(episode.host)
    if isCrowded {
      log.info("\(name): a spike began and isn't traced: \(EpisodeTracer.limit) hosts are")
    } else if verdict == .usedUp {
      log.info("\(name): a spike began and isn't traced: the hour's traces are used up")
    }
    return verdict == .allowed
  }

  private func begin(_ episode: Episode) {
    threads.enter()
    let thread = Thread { [self] in
      trace(episode)
      state.withLock { $0.count -= 1 }
      threads.leave()
    }
    thread.name = "culprit-trace"
    thread.stackSize = EpisodeTracer.stackBytes
    thread.start()
  }

  // MARK: - A thread of its own

  private func trace(_ episode: Episode) {
    let policy = state.withLock { $0.policy }
    let request = TraceRequest(
      .suspects, engine: .bpf, milliseconds: UInt32(policy.seconds * 1000),
      processLimit: UInt32(policy.processes))
    let reply = desk.ask(
      .trace(request), of: episode.host,
      interest: { [self] in
        state.withLock { $0.isEnding } ? .gone : .waits
      })
    switch EpisodeTracer.trace(reply) {
    case .failure(let why): refused(episode.host, why.description)
    case .success(let trace): keep(trace, of: request, episode)
    }
  }

  private func keep(_ trace: HostTrace, of request: TraceRequest, _ episode: Episode) {
    let name = Printable.text(episode.host)
    state.withLock { $0.told[episode.host] = nil }
    guard
      let record = TraceEvidence.record(
        [(host: episode.host, trace: trace)], of: request, cause: .episode(start: episode.start))
    else {
      return log.info("\(name): a spike began, and no suspect was there to be traced")
    }
    queue.push(.traced(record))
    let verdict = record.hosts.first?.verdicts.first.map { ": \($0)" } ?? ""
    log.notice(
      """
      \(name): a spike began, \(trace.attached) suspects traced, \
      \(trace.verified) seen free again\(verdict)
      """)
  }

  /// It is left alone for the cool-down, which began with the question.
  private func refused(_ host: String, _ why: String) {
    let isNews = state.withLock { state in
      guard !state.isEnding, state.told[host] != why else { return false }
      state.told[host] = why
      return true
    }
    guard isNews else { return }
    log.warning(
      "\(Printable.text(host)): a spike began and can't be traced: \(why)")
  }

  private static func trace(
    _ reply: SessionReply
  ) -> Result<HostTrace, AgentQuestion.Failure> {
    switch reply {
    case .failed(let why), .elsewhere(let why):
      return .failure(.init(description: Printable.text(why, limit: reasonLimit)))
    case .answered(let bytes):
      let frames = FrameDecoder.frames(of: bytes).map(\.frame)
      if case .answer(.refused(let why)) = frames.last {
        return .failure(.init(description: Printable.text(why, limit: reasonLimit)))
      }
      return AgentQuestion.trace(of: frames)
    }
  }
}
