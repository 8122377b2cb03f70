/// The sockets of a process.
public struct OpenSockets: Equatable, Sendable {
  /// By descriptor; those with somebody at the other end first.
  public var told: Reading<[OpenSocket]>
  /// How many more there are among the descriptors that were looked at.
  public var omitted: Int
  /// Whether a table of sockets was longer than what was read of it: some have no addresses here
  /// that have them.
  public var isCut: Bool

  public init(told: Reading<[OpenSocket]> = .gap, omitted: Int = 0, isCut: Bool = false) {
    self.told = told
    self.omitted = omitted
    self.isCut = isCut
  }
}

/// An address of the internet protocols, and a port.
public struct SocketEndpoint: Hashable, Sendable {
  /// `192.0.2.1`, `2001:db8::1`; an IPv4 address inside an IPv6 socket is the IPv4 address.
  public var address: String
  public var port: UInt16

  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// `192.0.2.1:22`, `[2001:db8::1]:22`
  public var text: String {
    address.utf8.contains(0x3A) ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}

/// A socket, as the tables of the process's network namespace show it.
public struct OpenSocket: Equatable, Sendable {
  public enum Transport: UInt8, CaseIterable, Sendable {
    /// In none of the tables: of another family, or closed meanwhile.
    case other = 0
    case tcp = 1
    case udp = 2
    case unix = 3
    case raw = 4

    /// The name in JSON.
    public var name: String { String(describing: self) }
  }

  /// By the numbers of the kernel's include/net/tcp_states.h, which all transports use.
  public enum State: UInt8, CaseIterable, Sendable {
    case established = 1
    case synSent = 2
    case synReceived = 3
    case finWait1 = 4
    case finWait2 = 5
    case timeWait = 6
    /// No connection (yet).
    case closed = 7
    case closeWait = 8
    case lastAck = 9
    case listening = 10
    case closing = 11
    case newSynReceived = 12
    case unknown = 0

    /// As netstat(8) and ss(8) call it.
    public var name: String {
      switch self {
      case .established: "ESTABLISHED"
      case .synSent: "SYN_SENT"
      case .synReceived, .newSynReceived: "SYN_RECV"
      case .finWait1: "FIN_WAIT1"
      case .finWait2: "FIN_WAIT2"
      case .timeWait: "TIME_WAIT"
      case .closed: "CLOSE"
      case .closeWait: "CLOSE_WAIT"
      case .lastAck: "LAST_ACK"
      case .listening: "LISTEN"
      case .closing: "CLOSING"
      case .unknown: "?"
      }
    }
  }

  public var descriptor: Int32
  public var inode: UInt64
  public var transport: Transport
  public var state: State
  public var local: SocketEndpoint?
  /// Who is at the other end; `nil` where nobody is.
  public var remote: SocketEndpoint?
  /// Of a Unix socket with a name; an abstract one's begins with `@`.
  public var path: String?
  /// Bytes that wait to be sent, and to be read; of who listens, connections that wait to be
  /// accepted stand in the second.
  public var sendQueue: Reading<UInt64>
  public var receiveQueue: Reading<UInt64>

  public init(
    descriptor: Int32, inode: UInt64, transport: Transport = .other, state: State = .unknown,
    local: SocketEndpoint? = nil, remote: SocketEndpoint? = nil, path: String? = nil,
    sendQueue: Reading<UInt64> = .unsupported, receiveQueue: Reading<UInt64> = .unsupported
  ) {
    self.descriptor = descriptor
    self.inode = inode
    self.transport = transport
    self.state = state
    self.local = local
    self.remote = remote
    self.path = path
    self.sendQueue = sendQueue
    self.receiveQueue = receiveQueue
  }
}
