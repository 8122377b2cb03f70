/// What is done to a host, in the order in which a roll-out does it. Each can be done again: what is
/// there already is left alone.
public enum DeployStep: String, CaseIterable, Sendable {
  /// Over SSH, with the operator's own login.
  case connect
  /// Root, by login or by sudo without a password.
  case root
  /// One roll-out at a time on a host; what an earlier one left half done is taken back.
  case lock
  /// What is there: architecture, versions and their checksums, room, what is in the way.
  case look
  /// The agent's executable, unless the host has the very same.
  case upload
  /// Its checksum, and that it runs there and says its version.
  case verify
  /// The package, by the agent itself.
  case unpack
  /// From the old version to the new one, by the agent itself.
  case link
  /// The account that the collector logs in as.
  case user
  /// Settings, where there are none.
  case config
  case spool
  /// The collector's key, that opens `attach` alone.
  case key
  /// Unit or init script, and the start.
  case service
  /// The collector attaches, with its own key, and gets good ticks from the new version.
  case prove
  /// It is good: from now on it stays.
  case keep
  case remove
  /// What was done is taken back.
  case undo
}

/// Why a step failed, and what to do about it, printable.
public struct StepFailure: Error, Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// The host, or something on it, said no.
    case refused
    /// It can't be reached: nothing was done there.
    case unreachable
    /// The connection was cut, or nothing came any more, while something was done.
    case cut
  }

  public var step: DeployStep
  public var kind: Kind
  public var description: String

  public init(_ step: DeployStep, _ kind: Kind, _ description: String) {
    self.step = step
    self.kind = kind
    self.description = description
  }
}
