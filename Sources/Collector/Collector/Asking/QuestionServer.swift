import Bytes
import CSystem
import Dispatch
import Foundation
import Glibc
import Logging
import Synchronization
import Wire

/// Listens on the socket beside a history, and hands what is asked there to a desk. Who doesn't
/// belong there is turned away, and who is slow is left.
///
/// To be made by who holds the collector's lock of that history: a socket that is there already is
/// what a killed collector left.
public final class QuestionServer: Sendable {
  private struct State {
    var clients: Set<Int32> = []
    var isEnding = false
  }

  /// Clients at once; more wait until one is done.
  static let clientLimit = 64
  /// How long a client may take to say what it wants, and to take what it gets, seconds.
  static let patience = 10.0
  private static let stackBytes = 512 << 10
  /// How often it is looked whether a client has gone, while there is room for none.
  private static let crowdedMilliseconds: Int32 = 50

  private let desk: QuestionDesk
  private let path: String
  private let listener: Int32
  /// Signalled at the end (eventfd(2)).
  private let wake: Int32
  private let log: Logger
  private let state = Mutex(State())
  private let threads = DispatchGroup()

  /// `nil` where nobody can listen there, which the log tells: it is no reason not to collect.
  public init?(history: String, desk: QuestionDesk, log: Logger) {
    let path = QuestionSocket.path(of: history)
    func complain(_ why: String) {
      log.warning(
        """
        no questions over this collector's sessions: \(Printable.text(path)): \(why); culprit \
        process, suspects and trace log in themselves
        """)
    }
    var status = stat()
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFSOCK else {
        complain("there is something else than a socket, move it away")
        return nil
      }
      unlink(path)
    }
    let listener = culprit_unix_listen(path, 0o600)
    guard listener >= 0 else {
      complain(
        listener == -ENAMETOOLONG
          ? "too long for a socket, give the history a shorter path"
          : String(cString: strerror(-listener)))
      return nil
    }
    let wake = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard wake >= 0 else {
      complain(String(cString: strerror(errno)))
      close(listener)
      return nil
    }
    (self.path, self.desk, self.log) = (path, desk, log)
    (self.listener, self.wake) = (listener, wake)
  }

  deinit {
    close(listener)
    close(wake)
  }

  public func start() { run("culprit-questions") { [self] in acceptAll() } }

  /// Lets go of every client and takes the socket away.
  public func stop() {
    state.withLock { state in
      state.isEnding = true
      for client in state.clients { shutdown(client, Int32(SHUT_RDWR)) }
    }
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
    unlink(path)
    threads.wait()
  }

  private func run(_ name: String, _ body: @escaping @Sendable () -> Void) {
    threads.enter()
    let thread = Thread { [threads] in
      body()
      threads.leave()
    }
    thread.name = name
    thread.stackSize = QuestionServer.stackBytes
    thread.start()
  }

  // MARK: - Who comes

  private func acceptAll() {
    while true {
      let (isEnding, count) = state.withLock { ($0.isEnding, $0.clients.count) }
      if isEnding { return }
      let isCrowded = count >= QuestionServer.clientLimit
      var pollers = [
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isCrowded ? -1 : listener, events: Int16(POLLIN), revents: 0),
      ]
      let limit = isCrowded ? QuestionServer.crowdedMilliseconds : -1
      guard poll(&pollers, 2, limit) > 0, pollers[1].revents != 0 else { continue }
      accept()
    }
  }

  private func accept() {
    let socket = culprit_accept(listener)
    guard socket >= 0 else {
      // Without a descriptor to spare it would be asked for ever.
      usleep(100_000)
      return
    }
    guard QuestionServer.isAllowed(socket) else {
      close(socket)
      return
    }
    let isTaken = state.withLock { state in
      guard !state.isEnding else { return false }
      state.clients.insert(socket)
      return true
    }
    guard isTaken else {
      close(socket)
      return
    }
    run("culprit-question") { [self] in
      let client = TimedSocket(socket)
      serve(client)
      // Before it is closed: the number is another's then.
      state.withLock { _ = $0.clients.remove(socket) }
    }
  }

  /// Root, and who the collector itself is.
  private static func isAllowed(_ socket: Int32) -> Bool {
    var peer = culprit_peer_credentials()
    guard culprit_peer(socket, &peer) == 0 else { return false }
    return peer.user == 0 || peer.user == geteuid()
  }

  // MARK: - What they want

  private func serve(_ client: borrowing TimedSocket) {
    do throws(TimedSocket.Trouble) {
      let question = try read(client)
      let reply: SessionReply =
        if let question {
          desk.ask(question.request, of: question.host) {
            let interest = client.interest
            return interest == .waits && question.wantsEnd ? .wantsEnd : interest
          }
        } else {
          .failed("that is no question; it is for culprit process, suspects and trace")
        }
      if let question {
        log.debug("asked over the session of \(Printable.text(question.host)): \(question.what)")
      }
      try client.write(reply.bytes, until: .now + .seconds(QuestionServer.patience))
    } catch {
      log.debug("who asks over a session is left: \(error.description)")
    }
  }

  private struct Question {
    var host: String
    var request: Request
    /// He says at once that it is to end.
    var wantsEnd: Bool

    var what: String {
      switch request {
      case .process(let pid): "process \(pid)"
      case .trace(let trace): "a trace for \(trace.milliseconds) ms"
      default: "the last seconds"
      }
    }
  }

  /// `nil` where what comes is none.
  private func read(
    _ client: borrowing TimedSocket
  ) throws(TimedSocket.Trouble) -> Question? {
    let end = ContinuousClock.now + .seconds(QuestionServer.patience)
    let head = try client.read(count: 2, until: end)
    guard head[0] == QuestionSocket.version else { return nil }
    let name = try client.read(count: Int(head[1]), until: end)
    guard let host = String(validating: name, as: UTF8.self) else { return nil }
    var decoder = FrameDecoder()
    var count = 0
    while count < QuestionSocket.requestLimit {
      let bytes = try client.read(limit: QuestionSocket.requestLimit - count, until: end)
      count += bytes.count
      // What is behind the frame came with its last bytes.
      let last = bytes.last
      var events: [FrameDecoder.Event] = []
      decoder.feed(bytes.span) { events.append($0) }
      guard let first = events.first else { continue }
      guard case .frame(let frame) = first, case .request(let request) = frame.frame else {
        return nil
      }
      let wantsEnd = count > frame.byteCount && last == QuestionSocket.earlyEnd
      return Question(host: host, request: request, wantsEnd: wantsEnd)
    }
    return nil
  }
}
