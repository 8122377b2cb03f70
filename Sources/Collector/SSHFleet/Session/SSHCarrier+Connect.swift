import CSystem
import Glibc

extension SSHCarrier {
  func connect() {
    guard let endpoint, addressIndex < endpoint.addresses.count else { return }
    let address = endpoint.addresses[addressIndex]
    phase = .connecting
    owner.carrierIsConnecting(.connecting, "connecting to \(address.text)")
    let share = max(second, LinkDeadlines.connect / UInt64(endpoint.addresses.count))
    limits.begin(share, patience: holdsPlace)
    owner.carrierDeadlineChanged()
    socket = Glibc.socket(
      address.family,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return connectFailed(errno) }
    setSocketOptions()
    let status = address.bytes.withUnsafeBytes { bytes in
      Glibc.connect(
        socket, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(bytes.count))
    }
    if status == 0 { return didConnect() }
    guard errno == EINPROGRESS else { return connectFailed(errno) }
    watch(EPOLLOUT.rawValue)
  }

  /// A peer that vanished is noticed by the kernel: SSH keepalives of libssh2 1.10 leak and may
  /// corrupt the session (libssh2 #623, #1397), so they are never used.
  private func setSocketOptions() {
    func set(_ level: Int32, _ name: Int32, _ value: Int32) {
      var value = value
      setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
    set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
    set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
    set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  func connectFailed(_ code: Int32) {
    let text = addressText
    closeSocket()
    addressIndex += 1
    if let endpoint, addressIndex < endpoint.addresses.count { return connect() }
    addressIndex = max(0, (endpoint?.addresses.count ?? 1) - 1)
    let hint =
      switch code {
      case ECONNREFUSED: "connection refused by \(text): no sshd listens there; check the port"
      case ETIMEDOUT:
        "no answer from \(text) within \(LinkDeadlines.connect / second) s: "
          + "the host is down, or a firewall drops the packets"
      default: "can't connect to \(text): \(errorText(code))"
      }
    fail(LinkFailure(.unreachable, hint))
  }

  func didConnect() {
    guard let endpoint else { return }
    let known = environment.knownHosts.knownHosts(files: endpoint.knownHostsFiles)
    let keys = known.keys(host: endpoint.keyName, port: endpoint.port)
    knownKeys = keys
    session = SSHSession(socket: socket, hostKeyTypes: HostKeyTypes.preferred(keys.types))
    guard session != nil else { return fail(LinkFailure(.unreachable, "libssh2: out of memory")) }
    phase = .handshaking
    // A ProxyCommand logs in at its bastion meanwhile: that place is kept until it is done.
    let isDirect = if case .command = endpoint.route { false } else { true }
    limits.begin(LinkDeadlines.handshake, patience: holdsPlace && isDirect, notice: true)
    owner.carrierIsConnecting(.keyExchange, "key exchange with \(addressText)")
    owner.carrierDeadlineChanged()
    advance()
  }
}
