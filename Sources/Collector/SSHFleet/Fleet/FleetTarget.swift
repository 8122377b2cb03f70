/// How a host is reached.
public enum Transport: String, CaseIterable, Sendable {
  /// libssh2, in this process; the ssh program for what libssh2 can't do.
  case auto
  case libssh2
  /// The ssh program, a process a host.
  case openssh
  /// This machine, without SSH.
  case local
}

/// The settings of a host that may come from several places; `nil` where a place is silent.
public struct LinkSettings: Equatable, Sendable {
  public var user: String?
  public var port: UInt16?
  /// Private key files, in the order in which they are tried.
  public var identities: [String]?
  /// known_hosts files, as many as there are.
  public var knownHosts: [String]?

  public init(
    user: String? = nil, port: UInt16? = nil, identities: [String]? = nil,
    knownHosts: [String]? = nil
  ) {
    self.user = user
    self.port = port
    self.identities = identities
    self.knownHosts = knownHosts
  }

  /// These settings, with the gaps filled from `weaker`.
  public func over(_ weaker: LinkSettings) -> LinkSettings {
    LinkSettings(
      user: user ?? weaker.user, port: port ?? weaker.port,
      identities: identities ?? weaker.identities, knownHosts: knownHosts ?? weaker.knownHosts)
  }
}

/// One host that a fleet keeps connected: where it is, how to log in, what to run there.
public struct FleetTarget: Equatable, Sendable {
  /// How the host is shown and stored.
  public var name: String
  /// Host name, address or alias of `~/.ssh/config`.
  public var address: String
  public var transport: Transport
  /// What the command line and the host's own entry say: stronger than `~/.ssh/config`.
  public var explicit: LinkSettings
  /// What `[defaults]` says: weaker than `~/.ssh/config`.
  public var defaults: LinkSettings
  /// The POSIX shell command whose output is the stream; it holds no single quote, unless it is
  /// for this machine, where no login shell comes between.
  public var command: String
  /// Where rows could come from an agent: why they come from vmstat all the same.
  public var vmstatReason: String?
  /// Whether the command's standard input begins with a request to its agent. One that doesn't
  /// know requests, and vmstat, never read it.
  public var asksAgent = false
  /// Seconds between two rows; silence is measured in it.
  public var intervalSeconds: Int

  public init(
    name: String, address: String, transport: Transport = .auto, explicit: LinkSettings = .init(),
    defaults: LinkSettings = .init(), command: String, intervalSeconds: Int = 1
  ) {
    self.name = name
    self.address = address
    self.transport = transport
    self.explicit = explicit
    self.defaults = defaults
    self.command = command
    self.intervalSeconds = intervalSeconds
  }
}

extension FleetTarget {
  /// The target for the ssh program, where only some keys are left to try.
  func with(_ program: LinkFailure.ProgramUse) -> FleetTarget {
    guard case .keys(let paths) = program else { return self }
    var target = self
    target.explicit.identities = paths
    return target
  }
}

/// What holds for every link of a fleet.
public struct FleetOptions: Sendable {
  /// Event-loop threads; each session belongs to one of them.
  public var threads = 2
  /// Write an unknown host key to known_hosts and go on, instead of refusing it.
  public var acceptsNewKeys = false
  /// As `ssh -F`: another file for `~/.ssh/config`, or `none`.
  public var sshConfigFile: String?

  public init() {}
}
