extension SSHCarrier {
  func beginStream() {
    phase = .streaming
    limits.clear()
    giveBackPlace(.worked)
    owner.carrierDidConnect(address: "\(endpoint?.user ?? "")@\(addressText)")
  }

  func readStep(_ session: SSHSession) -> Bool {
    if let probe, !advance(probe, session) { return false }
    guard let channel else { return false }
    let buffer = loop.buffer
    defer { streamWrites = self.session?.waitsToWrite ?? false }
    switch channel.read(into: buffer) {
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
    if channel.queuedBytes > 0, case .bytes(let count) = channel.readError(into: buffer) {
      owner.carrierDidReceiveError(loop.bytes(count).span)
      return phaseIsStreaming
    }
    guard channel.isAtEnd else { return false }
    phase = .draining
    limits.begin(second)
    owner.carrierDeadlineChanged()
    return true
  }

  // MARK: - A second command

  func ask(_ command: String) {
    guard case .streaming = phase, let session, probe == nil else {
      return owner.carrierDidAnswer(nil)
    }
    probe = SessionProbe(session, command: command)
    advance()
    owner.carrierDeadlineChanged()
  }

  /// Takes the second command's steps; whether the stream may be read. Of a packet that is half
  /// sent (LIBSSH2_ERROR_EAGAIN) only its own sender may go on.
  private func advance(_ probe: SessionProbe, _ session: SSHSession) -> Bool {
    if streamWrites, session.waitsToWrite { return true }
    probe.advance(buffer: loop.buffer)
    settle(probe)
    guard case .streaming = phase else { return false }
    return !session.waitsToWrite
  }

  func settle(_ probe: SessionProbe) {
    if probe.isDone { self.probe = nil }
    switch probe.takeAnswer() {
    case nil: break
    case .output(let bytes): owner.carrierDidAnswer(bytes)
    case .nothing: owner.carrierDidAnswer(nil)
    }
  }

  private var phaseIsStreaming: Bool {
    if case .streaming = phase { true } else { false }
  }
}
