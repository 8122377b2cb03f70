import Bytes
import SSHFleet

/// An agent that is there, and of no use: rows come through vmstat meanwhile.
extension HostFeed {
  /// Where it is to look what is wrong with an agent.
  private static let advice = "try it there: culprit-agent doctor"

  func linkWillTry() -> String? {
    asksAgent = target.asksAgent && !trust.isLost
    return target.asksAgent && !asksAgent
      ? RemoteCommand.text(intervalSeconds: target.intervalSeconds) : nil
  }

  /// What an agent sends is no use. Where a shell started it, that shell can start vmstat.
  func abandon(_ why: String) -> LinkFailure {
    guard hasShell else { return LinkFailure(.noVmstat, "\(why); \(Self.advice)") }
    trust.lose(why)
    return LinkFailure(.unreachable, "\(why); vmstat is read instead; \(Self.advice)")
  }

  /// The session is over, by its end or its silence.
  func noteNoTick(_ why: String) {
    if hasShell, rows == 0 { trust.strike(why) }
  }

  /// It is there, and doesn't run: the script goes on to vmstat by itself.
  func noteBroken(_ status: Int) {
    guard asksAgent else { return }
    trust.lose("it ends with status \(status) where it is to say its version")
    (asksAgent, hasShell) = (false, false)
  }

  /// Without vmstat either, the agent is asked again.
  func noteNoVmstat() {
    if target.asksAgent, !asksAgent, rows == 0 { trust.end() }
  }

  /// Whether the agent is to be asked again, which takes another session.
  func retrialIfDue() -> LinkFailure? {
    guard target.asksAgent, !asksAgent, !trust.isLost else { return nil }
    return LinkFailure(.unreachable, "its agent is tried again: \(trust.problem ?? "?")")
  }
}
