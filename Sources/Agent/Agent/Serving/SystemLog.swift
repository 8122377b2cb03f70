import Bytes
import CSystem
import Glibc
import Wire

/// The system's log (syslog(3), RFC 3164), written to without waiting: who reads `/dev/log` may hang
/// with the disk it writes to.
struct SystemLog: Sendable {
  static let usualPath = "/dev/log"

  /// Facility 10 (authpriv), severity 6 (information).
  private static let priority = 10 * 8 + 6

  let path: String

  /// One line; what it holds is made printable.
  func write(_ text: String) {
    let socket = culprit_unix_connect(path, 1)
    guard socket >= 0 else { return }
    defer { close(socket) }
    let line =
      "<\(SystemLog.priority)>\(SystemLog.stamp())culprit-agent[\(getpid())]: "
      + Printable.text(text, limit: 900)
    let bytes = Array(line.utf8)
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, flags) }
  }

  /// `Nov 28 03:12:16 `, as the time zone of the host has it.
  private static func stamp() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%b %e %H:%M:%S ", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Who asked, for the log: what the kernel knows for sure, and what the asker says of itself.
struct LoggedAsker: Sendable {
  let text: String

  init(_ peer: Peer?, _ caller: Caller) {
    var text = peer.map { "asked by uid \($0.user), pid \($0.pid)" } ?? "asked on standard input"
    if !caller.user.isEmpty { text += ", user \(caller.user)" }
    if !caller.key.isEmpty { text += ", key \(caller.key)" }
    // The client's address and port stand first (ssh(1), SSH_CONNECTION).
    let words = caller.connection.split(separator: " ")
    if words.count >= 2 { text += ", from \(words[0]) port \(words[1])" }
    self.text = text
  }
}
