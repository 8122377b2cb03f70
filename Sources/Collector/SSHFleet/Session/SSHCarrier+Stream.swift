extension SSHCarrier {
  func beginStream() {
    phase = .streaming
    limits.clear()
    giveBackPlace(.worked)
    _ = output.append(owner.carrierWillStart())
    owner.carrierDidConnect(address: "\(endpoint?.user ?? "")@\(addressText)")
  }

  /// One round of the stream: what waits to be sent, the second command, what came.
  func readStep(_ session: SSHSession) -> Bool {
    guard let channel else { return false }
    let sending = sendStep(channel)
    guard phaseIsStreaming else { return false }
    if let probe, !advance(probe, session) { return false }
    guard mayTurn(to: .stream) else { return sending == .moved }
    let buffer = loop.buffer
    defer { note(.stream) }
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
    guard channel.isAtEnd else {
      // What was read may have opened the window.
      return sending == .moved || sending == .idle && canSend(channel)
    }
    phase = .draining
    limits.begin(second)
    owner.carrierDeadlineChanged()
    return true
  }

  // MARK: - Sending

  func send(_ bytes: [UInt8]) -> Bool {
    guard output.append(bytes) else { return false }
    // From a callback of a read this is in the middle of a step, which goes on by itself.
    loop.post { [self] in
      guard case .streaming = phase else { return }
      advance()
    }
    return true
  }

  private enum Sending {
    /// There was nothing that could be sent.
    case idle
    /// A piece left; another may follow.
    case moved
    /// The socket, or a key exchange, has to be waited for.
    case blocked
  }

  /// Sends a piece of what waits.
  private func sendStep(_ channel: SSHChannel) -> Sending {
    guard !output.isEmpty, mayTurn(to: .output) else { return .idle }
    // With a closed window libssh2 1.10 forgets that a packet of the key exchange is half sent
    // (channel_write sets the directions anew). Reading is what brings the window's opening.
    guard sender == .output || canSend(channel) else { return .idle }
    let step = output.send(through: channel)
    note(.output)
    switch step {
    case .again: return .blocked
    case .failed(let text):
      // The command is gone, and its end stands in what is still to be read.
      guard !channel.isAtEnd else { return .blocked }
      fail(LinkFailure(.unreachable, "\(addressText): the connection broke: \(text)"))
      return .blocked
    case .done:
      if output.isEmpty { owner.carrierDidDrain() }
      return .moved
    }
  }

  /// After the end of the command's output nobody reads any more, and sshd hangs up on who writes
  /// to a channel that it closed.
  private func canSend(_ channel: SSHChannel) -> Bool {
    !output.isEmpty && sender == nil && !channel.isAtEnd && channel.writeWindow > 0
  }

  /// Whether nobody else's packet is half sent.
  private func mayTurn(to next: Sender) -> Bool { sender == nil || sender == next }

  /// To be called after each call that may write.
  private func note(_ who: Sender) {
    sender = session?.waitsToWrite ?? false ? who : nil
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
    guard mayTurn(to: .probe) else { return true }
    probe.advance(buffer: loop.buffer)
    note(.probe)
    settle(probe)
    guard case .streaming = phase else { return false }
    return sender == nil
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
