/// What carries a host's stream: an SSH session, or a child process. It lives for one attempt.
protocol LinkCarrier: LoopHandler {
  func open()
  /// Ends at once, without waiting for anybody; the owner hears nothing more.
  func close()
}

/// The link that a carrier reports to, on the loop's thread.
protocol LinkCarrierOwner: AnyObject {
  func carrierIsConnecting(_ how: String)
  /// The command was started: what comes now is its output.
  func carrierDidConnect(address: String)
  func carrierDidReceive(_ bytes: Span<UInt8>)
  func carrierDidReceiveError(_ bytes: Span<UInt8>)
  func carrierDidEnd(status: Int32?)
  func carrierDidFail(_ failure: LinkFailure)
  /// The carrier's `deadline` may have come nearer.
  func carrierDeadlineChanged()
}

/// What all links of a fleet share.
final class FleetEnvironment: Sendable {
  let options: FleetOptions
  let resolver: EndpointResolver
  let knownHosts = KnownHostsCache()
  let identities = IdentityCache()
  let window = ConnectWindow()
  /// Name look-ups and `ssh -G`.
  let resolvers = WorkerPool()
  /// A pool of their own: an agent that hangs must not keep others from their names.
  let agents = WorkerPool()

  init(options: FleetOptions) {
    self.options = options
    resolver = EndpointResolver(config: SSHConfigSource(file: options.sshConfigFile))
  }
}
