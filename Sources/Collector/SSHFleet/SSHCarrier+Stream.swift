extension SSHCarrier {
  func beginStream() {
    phase = .streaming
    limits.clear()
    giveBackPlace(.worked)
    owner.carrierDidConnect(address: "\(endpoint?.user ?? "")@\(addressText)")
  }

  func readStep(_ session: SSHSession) -> Bool {
    let buffer = loop.buffer
    switch session.read(into: buffer) {
    case .failed(let text):
      fail(LinkFailure(.unreachable, "\(addressText): the connection broke: \(text)"))
      return false
    case .bytes(let count):
      owner.carrierDidReceive(loop.bytes(count).span)
      guard case .streaming = phase else { return false }
      if count == buffer.count { return true }
    case .empty: break
    }
    // Anything still queued is standard error; asking spares two system calls a row.
    if session.queuedBytes > 0, case .bytes(let count) = session.readError(into: buffer) {
      owner.carrierDidReceiveError(loop.bytes(count).span)
      return phaseIsStreaming
    }
    guard session.isAtEnd else { return false }
    phase = .draining
    limits.begin(second)
    owner.carrierDeadlineChanged()
    return true
  }

  private var phaseIsStreaming: Bool {
    if case .streaming = phase { true } else { false }
  }
}
