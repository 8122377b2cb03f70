import Glibc

/// What is due when, and what a phase that took too long means.
extension SSHCarrier {
  var deadline: UInt64 { min(limits.next, probe?.deadline ?? .max) }

  func deadlinePassed(_ now: UInt64) {
    if let probe, probe.deadline <= now {
      probe.deadlinePassed()
      settle(probe)
    }
    switch limits.passed(now) {
    case .nothing: break
    case .patience: giveBackPlace(.other)
    case .notice:
      if case .routing = phase {
        owner.carrierIsConnecting(.routing, "no answer from its bastion yet", isNews: true)
      } else {
        owner.carrierIsConnecting(
          .keyExchange, "\(addressText) accepts connections, but doesn't answer", isNews: true)
      }
    case .end: timedOut()
    }
  }

  private func timedOut() {
    switch phase {
    case .connecting: connectFailed(ETIMEDOUT)
    case .leaving: fail(proxyFailure(endpoint?.route.bastion ?? ""))
    case .draining: owner.carrierDidEnd(status: channel?.exitStatus)
    case .resolving:
      fail(
        LinkFailure(
          .unreachable, "no answer from the name service for “\(target.address)”; check the name"))
    case .routing:
      fail(
        LinkFailure(
          .unreachable,
          "no way through its bastion within "
            + "\(LinkDeadlines.handshake / second) s: the bastion is down or overloaded"))
    default:
      fail(
        LinkFailure(
          .unreachable,
          "\(addressText) accepts connections, but login took longer than "
            + "\(LinkDeadlines.handshake / second) s: the host is overloaded, or its sshd hangs"))
    }
  }
}
