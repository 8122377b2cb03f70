import Bytes
import CSystem
import Glibc
import Wire

/// `culprit-agent attach`: what SSH runs. A relay between standard input and output and the resident
/// agent; it has no right but to connect, and executes nothing.
struct AttachCommand {
  /// Nobody listens: whoever started us may try something else. EX_UNAVAILABLE of sysexits(3).
  static let nobodyListens: Int32 = 69
  /// How the collector's command begins (`RemoteCommand`): a forced command is told so what it is
  /// for. Nothing of that text is ever run.
  private static let collectorsMark = "exec sh -c 'culprit=attach;"

  private var socket = ResidentSettings.usualSocket
  private var key = ""

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var reader = OptionReader(words, of: "attach")
    while let word = reader.next() {
      switch word {
      case "--socket": socket = try reader.value(of: word)
      case "--key": key = try reader.value(of: word)
      default: throw reader.unknown(word)
      }
    }
  }

  func run() throws -> Int32 {
    switch try AttachCommand.verb(AttachCommand.environment("SSH_ORIGINAL_COMMAND")) {
    case .version:
      Output.write("culprit-agent \(AgentVersion.number)\n")
      return 0
    case .attach: break
    }
    guard isatty(0) == 0, isatty(1) == 0 else {
      throw UsageError("attach speaks frames, not words: it is for culprit's collector")
    }
    let read = AttachCommand.connect(socket)
    guard read >= 0 else {
      let why = String(cString: strerror(-read))
      Output.complain("no agent answers on \(socket): \(why); start one: culprit-agent run")
      return AttachCommand.nobodyListens
    }
    if let why = AttachCommand.silence(of: read) {
      Output.complain("the agent on \(socket) \(why)")
      return AttachCommand.nobodyListens
    }
    let control = AttachCommand.connect(ControlSocket.path(beside: socket))
    var relay = FrameRelay(read: read, control: control < 0 ? nil : control)
    relay.introduce(caller)
    return relay.run()
  }

  /// The descriptor, or -errno. A queue that is full (EAGAIN) is waited for a little.
  private static func connect(_ path: String) -> Int32 {
    for _ in 0..<100 {
      let result = culprit_unix_connect(path, 0)
      guard result == -EAGAIN else { return result }
      usleep(20_000)
    }
    return -EAGAIN
  }

  /// How long the agent may take for its first word, milliseconds. It has one that waits for no disk.
  private static let patience: UInt64 = 8000

  /// Why the agent is no use, though it listens: it hangs, or has too many clients. Asked before
  /// anything of standard input is read, so that another agent can be started in its place.
  private static func silence(
    of socket: Int32, patience: UInt64 = AttachCommand.patience
  ) -> String? {
    var encoder = FrameEncoder()
    encoder.append(.request(.inventory), sequence: 0)
    guard case .bytes(encoder.byteCount) = ByteEnd.write(socket, encoder.bytes[...]) else {
      return "takes no question; has it too many clients?"
    }
    var decoder = FrameDecoder()
    let end = MonotonicClock.now &+ patience * 1_000_000
    while case let now = MonotonicClock.now, now < end {
      var poller = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, Int32((end - now) / 1_000_000) + 1) > 0 else { continue }
      var bytes: [UInt8] = []
      guard ByteEnd.read(socket, into: &bytes, limit: 64 << 10) != .end else {
        return "closes the connection; has it too many clients?"
      }
      var isAnswered = false
      decoder.feed(bytes.span) { event in
        if case .frame(let frame) = event, case .answer = frame.frame { isAnswered = true }
      }
      if isAnswered { return nil }
    }
    return "doesn't answer within \(patience / 1000) s: does it hang?"
  }

  /// Whether a resident agent listens there and answers at once.
  static func isAnswered(on socket: String) -> Bool {
    let connection = culprit_unix_connect(socket, 0)
    guard connection >= 0 else { return false }
    defer { close(connection) }
    return silence(of: connection, patience: 200) == nil
  }

  enum Verb { case attach, version }

  /// What the other side asked for, of the few things there are (sshd(8), `command=`).
  static func verb(_ original: String?) throws(UsageError) -> Verb {
    guard let original, !original.isEmpty else { return .attach }
    if original.hasPrefix(collectorsMark) { return .attach }
    var words = original.split(separator: " ")
    if words.first.map({ $0 == "culprit-agent" || $0.hasSuffix("/culprit-agent") }) ?? false {
      words.removeFirst()
    }
    switch words {
    case ["attach"]: return .attach
    case ["version"]: return .version
    default:
      throw UsageError(
        "“\(Printable.text(original, limit: 60))” may not be run with this key: attach, version")
    }
  }

  /// Who came over SSH, as sshd says it (sshd(8), ENVIRONMENT).
  private var caller: Caller {
    Caller(
      user: AttachCommand.environment("USER") ?? "\(getuid())",
      connection: AttachCommand.environment("SSH_CONNECTION") ?? "",
      key: key.isEmpty ? AttachCommand.authenticatedKey : key)
  }

  /// The first line of the file that sshd writes with `ExposeAuthInfo yes`:
  /// `publickey ssh-ed25519 AAAA…`.
  private static var authenticatedKey: String {
    guard let path = environment("SSH_USER_AUTH"), let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    guard fgets(&line, Int32(line.count), file) != nil else { return "" }
    let text = String(
      decoding: line.prefix { $0 > 31 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return Printable.text(text, limit: 200)
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { Printable.text(String(cString: $0), limit: 4000) }
  }
}
