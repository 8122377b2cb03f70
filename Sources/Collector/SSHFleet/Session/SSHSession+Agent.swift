import CLibSSH2
import Glibc

extension SSHSession {
  /// Logs in with a key that the ssh-agent holds. Blocks on the agent's socket and on the
  /// server's, both bounded by `deadline` (monotonic): for a worker, never for an event loop.
  func authenticateWithAgent(
    user: String, socketPath: String, wanted: [[UInt8]]?, limit: Int, deadline: UInt64
  ) -> AgentOutcome {
    guard let agent = libssh2_agent_init(session) else { return .noAgent("out of memory") }
    defer {
      libssh2_agent_disconnect(agent)
      libssh2_agent_free(agent)
    }
    libssh2_agent_set_identity_path(agent, socketPath)
    guard libssh2_agent_connect(agent) == 0, libssh2_agent_list_identities(agent) == 0 else {
      return .noAgent("no answer from the ssh-agent at \(socketPath)")
    }
    var passedOver: [IdentityFile.Usability] = []
    var tried = 0
    var previous: UnsafeMutablePointer<libssh2_agent_publickey>?
    var current: UnsafeMutablePointer<libssh2_agent_publickey>?
    while tried < limit, libssh2_agent_get_identity(agent, &current, previous) == 0,
      let identity = current
    {
      previous = current
      let blob = Array(
        UnsafeBufferPointer(start: identity.pointee.blob, count: identity.pointee.blob_len))
      if let wanted, !wanted.contains(blob) { continue }
      let usability = IdentityFile.usability(ofBlob: blob)
      guard usability == .usable else {
        passedOver.append(usability)
        continue
      }
      tried += 1
      switch wait(until: deadline, { libssh2_agent_userauth(agent, user, identity) }) {
      case .done: return .accepted
      case .again: return .failed("no answer to the login within its time")
      case .failed(let code, let text):
        guard LoginRefusal.isOne(code, text) else { return .failed(text) }
      }
    }
    return .refused(tried: tried, passedOver: passedOver)
  }

  enum AgentOutcome {
    case accepted
    /// No key of the agent was accepted; `passedOver` are those libssh2 can't use.
    case refused(tried: Int, passedOver: [IdentityFile.Usability])
    case noAgent(String)
    case failed(String)
  }

  private func wait(until deadline: UInt64, _ call: () -> Int32) -> Step {
    while true {
      let result = step(call())
      guard case .again = result else { return result }
      let now = monotonicNow()
      guard now < deadline else { return .again }
      var events: Int16 = 0
      let directions = libssh2_session_block_directions(session)
      if directions & LIBSSH2_SESSION_BLOCK_INBOUND != 0 { events |= Int16(POLLIN) }
      if directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 { events |= Int16(POLLOUT) }
      var waiting = pollfd(fd: socket, events: events, revents: 0)
      poll(&waiting, 1, Int32(min(1000, (deadline - now) / 1_000_000 + 1)))
    }
  }
}
