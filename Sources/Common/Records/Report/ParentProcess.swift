/// A parent of a process, near or far.
public struct ParentProcess: Equatable, Sendable {
  /// Its own ancestors are the next parents, and not told again.
  public var identity: ProcessIdentity
  /// When it started, on the host's clock.
  public var start: Reading<Timestamp>

  public init(identity: ProcessIdentity, start: Reading<Timestamp> = .gap) {
    self.identity = identity
    self.start = start
  }
}

/// The login that a process belongs to: it stays the same through su(1) and sudo(8).
public struct LoginSession: Equatable, Sendable {
  /// What the kernel says in place of a session's or user's number where nobody logged in: `-1`.
  public static let none = UInt32.max

  /// The audit session's number (proc_pid_sessionid(5)), or ``none``.
  public var number: Reading<UInt32>
  /// The user who logged in (proc_pid_loginuid(5)), or ``none``.
  public var userID: Reading<UInt32>
  public var user: String?
  /// The terminal: `pts/3`, `tty1`, `ttyS0`; empty where it has none.
  public var terminal: Reading<String>
  /// The SSH server among itself and its parents; `nil` where there is none.
  public var ssh: SSHLogin?

  public init(
    number: Reading<UInt32> = .gap, userID: Reading<UInt32> = .gap, user: String? = nil,
    terminal: Reading<String> = .gap, ssh: SSHLogin? = nil
  ) {
    self.number = number
    self.userID = userID
    self.user = user
    self.terminal = terminal
    self.ssh = ssh
  }
}

/// A login through SSH, as the server's process and its connection show it.
public struct SSHLogin: Equatable, Sendable {
  /// The server's process that serves this login.
  public var serverPID: Int32
  /// The user that the server runs as, or else number: who logged in.
  public var user: String
  public var connection: Reading<Connection>

  public struct Connection: Equatable, Sendable {
    public var client: SocketEndpoint
    public var server: SocketEndpoint

    public init(client: SocketEndpoint, server: SocketEndpoint) {
      self.client = client
      self.server = server
    }
  }

  public init(serverPID: Int32, user: String, connection: Reading<Connection> = .gap) {
    self.serverPID = serverPID
    self.user = user
    self.connection = connection
  }
}
