import Bytes
import Foundation
import Logging
import Records
import SSHFleet
import Synchronization
import Wire

extension AgentQuestion {
  typealias Outcome = Result<[DecodedFrame], Failure>

  /// Hosts asked at once over a collector's sessions: it serves as many.
  private static let sessionThreads = QuestionServer.clientLimit
  /// The longest pause before the ticks to come are asked for, seconds: an agent remembers more.
  private static let longestPause = 10.0

  /// Asks the hosts that a collector holds a session to over that, and logs in to the others. In the
  /// order of `targets`.
  ///
  /// - Parameter sessions: collectors that may hold one, in this order.
  public func ask(
    _ targets: [FleetTarget], over sessions: [CollectorSessions], options: FleetOptions,
    localAgent: LocalAgent = .missing(""), log: Logger
  ) throws(LinkFailure) -> [Reply] {
    var outcomes = askOverSessions(targets.map(\.name), sessions, log)
    let others = targets.filter { outcomes[$0.name] == nil }
    if !others.isEmpty {
      for reply in try ask(others, options: options, localAgent: localAgent, log: log) {
        outcomes[reply.host] = reply.outcome
      }
    }
    return targets.map { target in
      Reply(
        host: target.name,
        outcome: outcomes[target.name] ?? .failure(Failure(description: "no answer")))
    }
  }

  private func askOverSessions(
    _ hosts: [String], _ sessions: [CollectorSessions], _ log: Logger
  ) -> [String: Outcome] {
    guard !sessions.isEmpty else { return [:] }
    let work = SessionWork(hosts)
    let threads = DispatchGroup()
    // They wait, and do little else: as many as there are cores would be too few.
    for _ in 0..<min(hosts.count, AgentQuestion.sessionThreads) {
      threads.enter()
      Thread.detachNewThread {
        while let host = work.next() {
          if let outcome = ask(host, over: sessions, log) { work.note(outcome, of: host) }
        }
        threads.leave()
      }
    }
    threads.wait()
    return work.outcomes
  }

  /// `nil` where no collector has a session to the host's agent.
  private func ask(
    _ host: String, over sessions: [CollectorSessions], _ log: Logger
  ) -> Outcome? {
    let name = Printable.text(host)
    if earlyEnd?.isWanted == true { return .failure(.endedUnasked) }
    for each in sessions {
      let source = "\(Printable.text(each.history)), which pid \(each.pid) records"
      switch ask(host, over: each) {
      case .success(let frames):
        log.info("\(name): asked over the session of \(source)")
        return .success(frames)
      case .failure(.none(let why)):
        log.info("\(name): no session of \(source): \(Printable.text(why))")
      case .failure(.failed(let why)):
        log.info("\(name): asked over the session of \(source)")
        return .failure(Failure(description: Printable.text(why, limit: 1000)))
      }
    }
    log.info("\(name): logging in")
    return nil
  }

  private enum SessionTrouble: Error {
    case none(String)
    case failed(String)
  }

  /// Asks once, and where ticks are to cover a time, again for those to come.
  private func ask(
    _ host: String, over session: CollectorSessions
  ) -> Result<[DecodedFrame], SessionTrouble> {
    let end = ContinuousClock.now + .seconds(seconds)
    var gathered = GatheredFrames()
    var request = self.request
    while true {
      let came: [DecodedFrame]
      switch session.ask(request, of: host, earlyEnd) {
      case .elsewhere(let why): return .failure(.none(why))
      case .failed(let why): return .failure(.failed(why))
      case .answered(let bytes): came = FrameDecoder.frames(of: bytes)
      }
      if case .answer(.refused(let why)) = came.last?.frame {
        return .failure(.failed(refusal(why).description))
      }
      gathered.add(came)
      guard let coveredSeconds, !isCovered(by: gathered.ticks) else {
        return .success(gathered.frames)
      }
      guard ContinuousClock.now < end else {
        let covered = Int(gathered.ticks.seconds)
        return .failure(.failed("its agent told of \(covered) s within \(Int(seconds)) s"))
      }
      guard gathered.byteCount <= byteLimit else {
        return .failure(
          .failed("more than \(byteLimit >> 20) MiB and no end of the answer"))
      }
      let missing = max(0.2, coveredSeconds - gathered.ticks.seconds)
      let pause = min(missing, AgentQuestion.longestPause)
      Thread.sleep(forTimeInterval: pause)
      request = .recent(seconds: UInt32(pause.rounded(.up)) + 5)
    }
  }
}

/// Hosts that are still to be asked, and what came of the others.
private final class SessionWork: Sendable {
  private let hosts: Mutex<[String]>
  private let done = Mutex<[String: AgentQuestion.Outcome]>([:])

  init(_ hosts: [String]) {
    self.hosts = Mutex(hosts)
  }

  func next() -> String? { hosts.withLock { $0.popLast() } }

  func note(_ outcome: AgentQuestion.Outcome, of host: String) {
    done.withLock { $0[host] = outcome }
  }

  var outcomes: [String: AgentQuestion.Outcome] { done.withLock { $0 } }
}

/// The frames of several answers about the past, each once: they overlap.
private struct GatheredFrames {
  private(set) var frames: [DecodedFrame] = []
  private(set) var ticks = CoveredTime()
  private(set) var byteCount = 0
  private var lastTick: UInt64 = 0
  private var introduced: Set<ProcessID> = []

  mutating func add(_ new: [DecodedFrame]) {
    for frame in new where isNews(frame) {
      frames.append(frame)
      byteCount += frame.byteCount
      ticks.note(frame)
    }
  }

  private mutating func isNews(_ frame: DecodedFrame) -> Bool {
    switch frame.frame {
    case .tick:
      guard frame.sequence > lastTick else { return false }
      lastTick = frame.sequence
      return true
    case .identity(let identity): return introduced.insert(identity.id).inserted
    default: return true
    }
  }
}
