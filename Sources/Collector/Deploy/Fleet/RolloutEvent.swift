/// What is told of a roll-out while it goes on; on any thread.
public enum RolloutEvent: Equatable, Sendable {
  public enum Stage: Equatable, Sendable {
    case begun
    case done(String)
    case failed(String)
  }

  /// Hosts whose turn it is; the first wave is number 1.
  case wave(number: Int, of: Int, hosts: [String])
  case step(host: String, DeployStep, Stage)
  /// So much of the package is on its way to a host.
  case sent(host: String, bytes: Int, of: Int)
  case ended(HostOutcome)
}
