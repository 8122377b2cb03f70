import CLibSSH2
import CSystem
import Glibc

/// One non-blocking libssh2 session over one connected socket.
///
/// Never shared: whoever holds it (an event loop, or a worker while it asks the ssh-agent) is the
/// only one to touch it. Steps return `.again` where libssh2 wants to be called once more with the
/// same arguments (LIBSSH2_ERROR_EAGAIN), so every pointer handed to it stays valid and unchanged
/// until its step is done.
final class SSHSession {
  enum Step {
    case done
    case again
    case failed(code: Int32, text: String)
  }

  let session: OpaquePointer
  let socket: Int32
  private let receiver: UnsafeMutablePointer<culprit_receiver>
  private var greeting: UnsafeMutablePointer<culprit_greeting>? { receiver.pointee.greeting }

  /// Takes the socket over: it is closed when the session is gone. On failure it is not.
  init?(socket: Int32, hostKeyTypes: [String]) {
    let greeting = UnsafeMutablePointer<culprit_greeting>.allocate(capacity: 1)
    greeting.initialize(to: culprit_greeting())
    let receiver = UnsafeMutablePointer<culprit_receiver>.allocate(capacity: 1)
    receiver.initialize(
      to: culprit_receiver(
        socket: socket, agent_patience: 10_000, has_delivered: 0, greeting: greeting))
    guard let session = culprit_session_new(receiver) else {
      greeting.deallocate()
      receiver.deallocate()
      return nil
    }
    self.session = session
    self.socket = socket
    self.receiver = receiver
    libssh2_session_set_blocking(session, 0)
    if !hostKeyTypes.isEmpty {
      // Without it libssh2 takes the first type of its own list, and a host whose known key is of
      // another type looks changed (libssh2 #638).
      libssh2_session_method_pref(
        session, LIBSSH2_METHOD_HOSTKEY, hostKeyTypes.joined(separator: ","))
    }
  }

  deinit {
    // After shutdown(2) no call can wait for the peer: freeing a session on a live socket may
    // spin or return EAGAIN (libssh2 #232).
    shutdown(socket, Int32(SHUT_RDWR))
    // It frees the channels that are left.
    libssh2_session_free(session)
    close(socket)
    greeting?.deallocate()
    receiver.deallocate()
  }

  /// What the session waits for, as epoll events.
  var wantedEvents: UInt32 {
    let directions = libssh2_session_block_directions(session)
    var events: UInt32 = 0
    if directions & LIBSSH2_SESSION_BLOCK_INBOUND != 0 { events |= EPOLLIN.rawValue }
    if directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 { events |= EPOLLOUT.rawValue }
    return events == 0 ? EPOLLIN.rawValue : events
  }

  /// Whether a packet of ours is on its way and has to be finished first.
  var waitsToWrite: Bool {
    libssh2_session_block_directions(session) & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0
  }

  // MARK: - Login

  func handshake() -> Step {
    step(libssh2_session_handshake(session, socket))
  }

  /// The server's first bytes (banner, KEXINIT), until `forgetGreeting`.
  var greetingBytes: [UInt8] {
    guard let greeting else { return [] }
    return withUnsafeBytes(of: &greeting.pointee.bytes) {
      Array($0.prefix(greeting.pointee.length))
    }
  }

  func forgetGreeting() {
    greeting?.deallocate()
    receiver.pointee.greeting = nil
  }

  /// The blob of the key that the host showed.
  var hostKey: [UInt8] {
    var length = 0
    var type: Int32 = 0
    guard let key = libssh2_session_hostkey(session, &length, &type) else { return [] }
    return key.withMemoryRebound(to: UInt8.self, capacity: length) {
      Array(UnsafeBufferPointer(start: $0, count: length))
    }
  }

  /// The methods that the server still accepts ("publickey,password"); `nil` on `.again`.
  /// Asked only after a refusal: it costs a round trip and, at sshd, an attempt.
  func acceptedMethods(user: String) -> String? {
    if let list = libssh2_userauth_list(session, user, UInt32(user.utf8.count)) {
      return String(cString: list)
    }
    return libssh2_session_last_errno(session) == LIBSSH2_ERROR_EAGAIN ? nil : ""
  }

  /// One step of public key login with a private key in memory.
  func authenticate(user: String, key: PinnedKey) -> Step {
    step(
      libssh2_userauth_publickey_frommemory(
        session, user, user.utf8.count,
        key.publicLine.isEmpty ? nil : key.publicLine.baseAddress, key.publicLine.count,
        key.bytes.baseAddress, key.bytes.count, nil))
  }

  // MARK: - Channels

  /// A new channel of this session, not open yet. It must not be used after the session.
  func makeChannel() -> SSHChannel {
    SSHChannel(session: session)
  }

  /// Tells the server that we go, if that is possible without waiting.
  func sayGoodbye() {
    libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "done", "")
  }

  // MARK: - Errors

  func step(_ code: Int32) -> Step { SSHSession.step(code, session) }

  /// What a result code of a call on `session` means.
  static func step(_ code: Int32, _ session: OpaquePointer) -> Step {
    if code == 0 { return .done }
    if code == LIBSSH2_ERROR_EAGAIN { return .again }
    return .failed(code: code, text: lastErrorText(code, session))
  }

  static func lastErrorText(_ code: Int32, _ session: OpaquePointer) -> String {
    var message: UnsafeMutablePointer<CChar>?
    libssh2_session_last_error(session, &message, nil, 0)
    let text = message.map { String(cString: $0) } ?? ""
    return text.isEmpty ? "libssh2 error \(code)" : "\(text) (libssh2 \(code))"
  }
}
