import CSystem
import Glibc

/// The ways to a host that is not reached directly.
extension SSHCarrier: ChildProcessOwner {
  func route(through bastion: String, _ endpoint: Endpoint) {
    phase = .routing
    limits.begin(LinkDeadlines.handshake, notice: true)
    owner.carrierIsConnecting(.routing, "through the bastion \(bastion)")
    owner.carrierDeadlineChanged()
    environment.bastions.forward(
      through: bastion, host: endpoint.hostName, port: endpoint.port, target: target, loop: loop
    ) { [loop] result in
      loop.post { self.didRoute(result) }
    }
  }

  private func didRoute(_ result: Result<String, LinkFailure>) {
    guard case .routing = phase, var endpoint else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let path):
      guard let address = SocketAddress(unixPath: path, text: endpoint.place) else {
        return fail(LinkFailure(.unreachable, "the folder of the socket \(path) is too deep"))
      }
      endpoint.addresses = [address]
      self.endpoint = endpoint
      queue(endpoint)
    }
  }

  /// The ProxyCommand's standard input and output are the connection.
  func connect(by command: String) {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      return fail(LinkFailure(.unreachable, "no socket for the ProxyCommand: \(errorText(errno))"))
    }
    culprit_set_nonblocking(pair[0])
    socket = pair[0]
    let child = ChildProcess(loop: loop, owner: self)
    let problem = child.start(["sh", "-c", "exec \(command)"], inputAndOutput: pair[1])
    Glibc.close(pair[1])
    if let problem { return fail(LinkFailure(.unreachable, problem)) }
    proxy = child
    didConnect()
  }

  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>) {}

  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>) {
    proxyComplaint.take(bytes)
  }

  /// The socket tells the end as well, but where the program couldn't start only this does.
  func childDidEnd(_ child: ChildProcess, status: Int32?) {
    guard let bastion = endpoint?.route.bastion else { return }
    if case .streaming = phase { return }
    fail(proxyFailure(bastion))
  }

  /// The way to the host ended before its banner.
  func proxyFailure(_ bastion: String) -> LinkFailure {
    guard case .command = endpoint?.route else {
      return LinkFailure(
        .unreachable,
        "the bastion \(bastion) can't reach \(addressText), or may not forward to it: try "
          + "ssh -J \(bastion) \(target.address)")
    }
    if proxyComplaint.text.contains("kex_exchange_identification") { giveBackPlace(.pushedBack) }
    let failure = SSHProgram.failure(proxyComplaint.text, status: 255, place: addressText)
    return LinkFailure(
      failure.kind, "its ProxyCommand ended before the host's banner: \(failure.description)")
  }
}
