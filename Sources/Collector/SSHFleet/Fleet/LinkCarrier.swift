import Synchronization

/// What carries a host's stream: an SSH session, or a child process. It lives for one attempt.
protocol LinkCarrier: LoopHandler {
  func open()
  /// Ends at once, without waiting for anybody; the owner hears nothing more.
  func close()
  /// Runs a second command beside the stream, bounded in time and output. One at a time.
  func ask(_ command: String)
  /// Queues bytes for the command's standard input, which stays open until the carrier is closed.
  /// Whether there was room.
  func send(_ bytes: [UInt8]) -> Bool
}

/// The link that a carrier reports to, on the loop's thread.
protocol LinkCarrierOwner: AnyObject {
  func carrierIsConnecting(_ stage: LinkStage, _ how: String, isNews: Bool)
  /// The command is about to be started: what its standard input begins with.
  func carrierWillStart() -> [UInt8]
  /// The command was started: what comes now is its output.
  func carrierDidConnect(address: String)
  func carrierDidReceive(_ bytes: Span<UInt8>)
  func carrierDidReceiveError(_ bytes: Span<UInt8>)
  func carrierDidEnd(status: Int32?)
  /// What the command of `ask` printed; `nil` where there was no answer in time.
  func carrierDidAnswer(_ answer: [UInt8]?)
  /// All that was queued has left.
  func carrierDidDrain()
  func carrierDidFail(_ failure: LinkFailure)
  /// The carrier's `deadline` may have come nearer.
  func carrierDeadlineChanged()
}

extension LinkCarrierOwner {
  func carrierIsConnecting(_ stage: LinkStage, _ how: String) {
    carrierIsConnecting(stage, how, isNews: false)
  }
}

/// What all links of a fleet share.
final class FleetEnvironment: Sendable {
  let options: FleetOptions
  let resolver: EndpointResolver
  let knownHosts = KnownHostsCache()
  let identities = IdentityCache()
  let windows = ConnectWindows()
  /// Bytes that all hosts' streams brought since the start.
  let receivedBytes = Atomic<Int64>(0)
  let bastions: Bastions
  /// Name look-ups and `ssh -G`.
  let resolvers = WorkerPool()
  /// A pool of their own: an agent that hangs must not keep others from their names.
  let agents = WorkerPool()

  init(options: FleetOptions) {
    self.options = options
    bastions = Bastions(options: options)
    resolver = EndpointResolver(config: SSHConfigSource(file: options.sshConfigFile))
  }
}
