import Collector
import Dispatch
import Foundation
import Logging
import Records
import SSHFleet
import Synchronization

/// A trace on several hosts, while somebody is told how long it takes still, and may end it early.
struct TraceErrand: Sendable {
  typealias Reply = (host: String, trace: Result<HostTrace, AgentQuestion.Failure>)

  /// What comes of it on the thread that waits for the agents.
  private final class Work: Sendable {
    private let outcome = Mutex<Result<[Reply], LinkFailure>?>(nil)

    func end(_ new: Result<[Reply], LinkFailure>) { outcome.withLock { $0 = new } }

    var result: Result<[Reply], LinkFailure>? { outcome.withLock { $0 } }
  }

  private let plan: FleetPlan
  private let errand: AgentErrand

  init(_ plan: FleetPlan, _ history: HistoryOptions, log: Logger) {
    self.plan = plan
    errand = AgentErrand(plan, history, log: log)
  }

  /// Ctrl-C ends it with what was seen; a second one at once: the connections are closed with this
  /// process, and the agents let go.
  func ask(_ request: TraceRequest) throws(CommandFailure) -> [Reply] {
    let signals = StopSignals(reloads: false)
    let count = plan.targets.count
    let notice = WaitNotice(
      "tracing \(count == 1 ? plan.targets[0].name : "\(count) hosts")",
      seconds: request.isDryRun ? nil : Double(request.milliseconds) / 1000)
    defer { notice.end() }
    let work = Work()
    let earlyEnd = EarlyEnd()
    Thread.detachNewThread { work.end(carryOut(request, earlyEnd)) }
    while true {
      switch work.result {
      case .success(let replies): return replies
      case .failure(let failure): throw .failed(failure.description)
      case nil: break
      }
      if signals.wantsStop, !earlyEnd.isWanted {
        notice.end()
        printError(
          "culprit: ended early: waiting for what was seen so far; once more leaves at once")
        earlyEnd.request()
      }
      signals.wait(seconds: 0.1, until: .never)
    }
  }

  private func carryOut(
    _ request: TraceRequest, _ earlyEnd: EarlyEnd
  ) -> Result<[Reply], LinkFailure> {
    do throws(LinkFailure) {
      return .success(
        try AgentQuestion.trace(
          request, of: plan.targets, over: errand.sessions, options: plan.options,
          localAgent: errand.localAgent, temporaryAgent: plan.temporaryAgent, earlyEnd: earlyEnd,
          log: errand.log))
    } catch {
      return .failure(error)
    }
  }
}
