import Bytes
import Foundation
import Records
import SSHFleet
import Synchronization

/// Tries one host, from its name to its clock, over the same link that would watch it.
public final class HostCheck: LinkDelegate {
  private struct State {
    var target: FleetTarget
    var stage: LinkStage?
    /// What each stage said when it began.
    var words: [LinkStage: String] = [:]
    var news: String?
    var address: String?
    var failure: LinkFailure?
    /// The agent's version, empty without one; `nil` where the question wasn't answered.
    var agent: String?
    var hasAsked = false
    var hasAnswer = false
    var samples = 0
    var columns = 0
    var source = SampleSource.vmstat
    var status: HostStatus?
    var results: [CheckResult]?
  }

  /// Rows that show that vmstat runs: the first is the average since boot.
  private static let rowsWanted = 1
  /// A clock that is further off puts spikes into the wrong minute.
  private static let clockLimitSeconds = 2.0

  private let feed: HostFeed
  private let queue = FleetEventQueue(limit: 1000)
  private let state: Mutex<State>
  private let ended = DispatchSemaphore(value: 0)
  private let end = Mutex<(@Sendable (String) -> Void)?>(nil)

  public init(_ target: FleetTarget) {
    feed = HostFeed(target: target, queues: [queue])
    state = Mutex(State(target: target))
  }

  public var host: String { state.withLock { $0.target.name } }

  /// Blocks until the check has ended, for at most `seconds`; what was found by then.
  public func wait(seconds: Double) -> [CheckResult] {
    if ended.wait(timeout: .now() + seconds) == .timedOut { finish() }
    return state.withLock { $0.results ?? [] }
  }

  /// Called once, when all is known that will be.
  var onEnd: (@Sendable (String) -> Void)? {
    get { end.withLock { $0 } }
    set { end.withLock { $0 = newValue } }
  }

  private func finish() {
    let isFirst = state.withLock { state in
      guard state.results == nil else { return false }
      state.results = HostCheck.results(state)
      return true
    }
    guard isFirst else { return }
    // Nothing is tried a second time: a server counts bad logins.
    onEnd?(host)
    ended.signal()
  }

  // MARK: - The link

  public func linkDidChange(to new: LinkState) {
    feed.linkDidChange(to: new)
    let isOver = state.withLock { state in
      switch new {
      case .connecting(let how, let stage, let isNews):
        if isNews { state.news = how }
        state.stage = stage
        state.words[stage] = state.words[stage] ?? how
        return false
      case .connected(let address):
        if !address.isEmpty { state.address = address }
        state.stage = .starting
        return false
      case .backingOff(let failure, _), .given(up: let failure):
        state.failure = state.failure ?? failure
        return true
      case .waiting, .stale, .stopped: return false
      }
    }
    if isOver { finish() }
  }

  public func linkWillStart() -> [UInt8] { feed.linkWillStart() }

  public func linkDidOpen() { feed.linkDidOpen() }

  public func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var feedback = feed.linkDidReceive(bytes)
    let events = queue.drain().events
    let isDone = state.withLock { state in
      for event in events {
        switch event {
        case .sample(let sample):
          state.samples += 1
          state.source = sample.source
          state.columns = VmstatColumn.allCases.count { sample.row[$0] != nil }
        case .status(let status): state.status = status
        case .suspects, .activity, .burst, .delivery, .lost, .listed, .filled, .traced: break
        }
      }
      feedback.question = state.hasAsked ? nil : HostCheck.question
      state.hasAsked = true
      return state.samples >= HostCheck.rowsWanted && state.hasAnswer
    }
    if isDone { finish() }
    return feedback
  }

  public func linkDidReceiveError(_ bytes: Span<UInt8>) { feed.linkDidReceiveError(bytes) }

  public func linkDidAnswer(_ answer: [UInt8]?) {
    state.withLock { state in
      state.hasAnswer = true
      let lines = answer?.split(separator: UInt8(ascii: "\n")).map {
        Printable.text(String(decoding: $0, as: UTF8.self), limit: 80)
      }
      // A login shell may print what it likes before our own words.
      guard let mark = lines?.lastIndex(of: HostCheck.agentMark) else { return }
      state.agent = lines?[(mark + 1)...].first ?? ""
    }
  }

  public func linkDidEnd(status: Int32?) -> LinkFailure { feed.linkDidEnd(status: status) }

  private static let agentMark = "@agent"
  private static let question =
    "echo \(agentMark); PATH=$PATH:/usr/local/bin; command -v culprit-agent >/dev/null && culprit-agent --version"

  // MARK: - Results

  private static func results(_ state: State) -> [CheckResult] {
    state.target.transport == .local ? local(state) : remote(state)
  }

  private static func local(_ state: State) -> [CheckResult] {
    let steps: [CheckStep] = [.name, .port, .hostKey, .login]
    return steps.map { CheckResult($0, .skipped, "this machine") } + stream(state)
  }

  /// Which step a stage belongs to.
  private static let steps: [(CheckStep, LinkStage)] = [
    (.name, .resolving), (.bastion, .routing), (.port, .connecting), (.hostKey, .keyExchange),
    (.login, .loggingIn),
  ]

  private static func remote(_ state: State) -> [CheckResult] {
    let failing = state.failure != nil || state.address == nil ? failingStep(state) : nil
    let reached = state.stage ?? .resolving
    var results: [CheckResult] = []
    var isBroken = false
    for (step, stage) in steps {
      if step == .bastion, state.words[.routing] == nil { continue }
      if isBroken {
        results.append(CheckResult(step, .skipped, "not reached"))
      } else if step == failing {
        isBroken = true
        results.append(CheckResult(step, .failed, reason(state)))
      } else if failing == nil || stage <= reached || proves(state, step) {
        results.append(CheckResult(step, .ok, detail(step, stage, state)))
      } else {
        results.append(CheckResult(step, .skipped, "not tried"))
      }
    }
    guard !isBroken else {
      let rest: [CheckStep] = [.vmstat, .agent, .clock]
      return results + rest.map { CheckResult($0, .skipped, "not reached") }
    }
    return results + stream(state)
  }

  /// The ssh program goes through all in one stage; what it complains of says how far it got.
  private static func proves(_ state: State, _ step: CheckStep) -> Bool {
    guard state.words[.connecting]?.hasPrefix("ssh to ") ?? false, state.stage == .connecting else {
      return false
    }
    switch state.failure?.kind {
    case .unknownKey, .changedKey: return step != .login
    case .refusedKey: return true
    default: return false
    }
  }

  /// The kind of a failure tells more than the stage, where the host was asked at all.
  private static func failingStep(_ state: State) -> CheckStep? {
    if state.failure?.isOfBastion ?? false { return .bastion }
    let reached = state.stage ?? .resolving
    switch state.failure?.kind {
    case .unknownKey, .changedKey: return .hostKey
    case .refusedKey: return .login
    case .noVmstat: return nil
    // No banner, or none in time: it is the sshd that isn't there, not its key.
    case .unreachable where reached == .keyExchange: return .port
    case .unsupported, .unreachable, nil: break
    }
    if reached == .starting { return nil }
    return steps.last { $0.1 <= reached && (state.words[$0.1] != nil || $0.1 == .resolving) }?.0
  }

  private static func reason(_ state: State) -> String {
    if let failure = state.failure { return Printable.text(failure.description) }
    let words = state.news ?? state.stage.flatMap { state.words[$0] } ?? "no answer"
    return "no end within the time: \(words)"
  }

  private static func detail(_ step: CheckStep, _ stage: LinkStage, _ state: State) -> String {
    switch step {
    case .name: state.target.address
    case .login: state.address ?? "accepted"
    case .hostKey: "known"
    case .port: (state.words[stage] ?? "open").replacing("connecting to ", with: "")
    default: state.words[stage] ?? "ok"
    }
  }

  /// What comes after the login.
  private static func stream(_ state: State) -> [CheckResult] {
    guard state.samples > 0 else {
      let rest: [CheckStep] = [.agent, .clock]
      return [CheckResult(.vmstat, .failed, reason(state))]
        + rest.map { CheckResult($0, .skipped, "not reached") }
    }
    var results = [
      CheckResult(
        .vmstat, .ok,
        "\(state.columns) columns, \(state.status?.cpus.map { "\($0) CPUs" } ?? "CPUs unknown")")
    ]
    let through = state.status?.through ?? "vmstat"
    let agent =
      switch state.agent {
      case _ where state.source == .agent: CheckResult(.agent, .ok, "rows come through \(through)")
      case _ where state.target.vmstatReason != nil: CheckResult(.agent, .skipped, through)
      case nil:
        CheckResult(
          .agent, .warning,
          "a second command can't be run there (MaxSessions, ForceCommand?): "
            + "no agent is found, and tasks in D aren't either")
      case "": CheckResult(.agent, .skipped, "none installed: vmstat and ps are used")
      case let version?: CheckResult(.agent, .ok, version)
      }
    results.append(agent)
    guard let offset = state.status?.clockOffset else {
      return results + [CheckResult(.clock, .warning, "the host didn't tell its clock")]
    }
    // Without the sign of a zero.
    let tenths = (offset * 10).rounded() / 10 + 0
    let isOff = abs(offset) > clockLimitSeconds
    let hint = isOff ? ": spikes are shown at that time; mend its NTP" : ""
    return results + [
      CheckResult(.clock, isOff ? .warning : .ok, "\(tenths) s off ours\(hint)")
    ]
  }
}
