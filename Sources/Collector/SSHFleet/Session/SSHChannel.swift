import CLibSSH2
import Glibc

/// One command on a session. The session frees it in its end; until then `release` may.
final class SSHChannel {
  /// Bytes a host may send ahead of us. libssh2 queues them all before it hands out any, so the
  /// window is the bound on memory; its default of 2 MiB would be 2 GiB for 1,000 hosts.
  static let windowBytes: UInt32 = 128 << 10

  private let session: OpaquePointer
  private var channel: OpaquePointer?
  /// Lives as long as the channel: `exec` may have to be repeated with the same pointer.
  private var command: UnsafeMutablePointer<CChar>?

  /// Made by `SSHSession.makeChannel`, which knows how long the session lives.
  init(session: OpaquePointer) {
    self.session = session
  }

  deinit {
    free(command)
  }

  func open() -> SSHSession.Step {
    if channel != nil { return .done }
    let kind: StaticString = "session"
    channel = kind.utf8Start.withMemoryRebound(to: CChar.self, capacity: 8) {
      libssh2_channel_open_ex(session, $0, 7, Self.windowBytes, 32768, nil, 0)
    }
    return channel == nil ? step(libssh2_session_last_errno(session)) : .done
  }

  func start(_ text: String) -> SSHSession.Step {
    guard let channel else {
      return .failed(code: LIBSSH2_ERROR_CHANNEL_UNKNOWN, text: "no channel")
    }
    if command == nil { command = strdup(text) }
    let exec: StaticString = "exec"
    let code = exec.utf8Start.withMemoryRebound(to: CChar.self, capacity: 5) {
      libssh2_channel_process_startup(channel, $0, 4, command, UInt32(text.utf8.count))
    }
    return step(code)
  }

  enum ReadResult {
    case bytes(Int)
    case empty
    case failed(String)
  }

  /// Reads standard output into `buffer`. A result that doesn't fill it has drained the socket:
  /// libssh2 takes everything off the socket before it hands out the first byte.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    read(stream: 0, into: buffer)
  }

  /// Reads standard error. It shares the window with standard output, so it must be read too.
  func readError(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    read(stream: SSH_EXTENDED_DATA_STDERR, into: buffer)
  }

  private func read(stream: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    guard let channel else { return .empty }
    let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    let count = libssh2_channel_read_ex(channel, stream, base, buffer.count)
    if count > 0 { return .bytes(count) }
    if count == 0 || count == Int(LIBSSH2_ERROR_EAGAIN) { return .empty }
    return .failed(SSHSession.lastErrorText(Int32(count), session))
  }

  /// Writes to the command's standard input. After `.empty` the same bytes, at the same place, are
  /// to be written before anything else that may write on the session: see `SSHCarrier.Sender`.
  func write(_ bytes: UnsafeRawBufferPointer) -> ReadResult {
    guard let channel else { return .empty }
    let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    let count = libssh2_channel_write_ex(channel, 0, base, bytes.count)
    if count > 0 { return .bytes(count) }
    if count == 0 || count == Int(LIBSSH2_ERROR_EAGAIN) { return .empty }
    return .failed(SSHSession.lastErrorText(Int32(count), session))
  }

  /// How many bytes the host takes at present: asking costs no system call.
  var writeWindow: Int {
    channel.map { Int(libssh2_channel_window_write_ex($0, nil)) } ?? 0
  }

  /// Bytes that are queued for any stream of the channel: asking costs no system call.
  var queuedBytes: Int {
    guard let channel else { return 0 }
    var available: UInt = 0
    libssh2_channel_window_read_ex(channel, &available, nil)
    return Int(available)
  }

  var isAtEnd: Bool {
    channel.map { libssh2_channel_eof($0) == 1 } ?? false
  }

  /// Waits for the server's close, which follows the exit status.
  func waitForClose() -> SSHSession.Step {
    channel.map { step(libssh2_channel_wait_closed($0)) } ?? .done
  }

  /// Gives the channel back to the session, after its end.
  func release() -> SSHSession.Step {
    guard let channel else { return .done }
    let code = libssh2_channel_free(channel)
    guard code != LIBSSH2_ERROR_EAGAIN else { return .again }
    self.channel = nil
    return step(code)
  }

  var exitStatus: Int32? {
    channel.map { libssh2_channel_get_exit_status($0) }
  }

  private func step(_ code: Int32) -> SSHSession.Step { SSHSession.step(code, session) }
}
