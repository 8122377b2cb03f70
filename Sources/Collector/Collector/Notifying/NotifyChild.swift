import Bytes
import CSystem
import Glibc

/// A notify command that runs: a shell in a session of its own, with an object on its standard
/// input. It is killed with all it started when its time is up, and dies with us.
struct NotifyChild: ~Copyable {
  let host: String
  /// Readable when it has ended.
  let end: Int32
  /// What it prints; -1 once that is at its end.
  private(set) var output: Int32
  private let pid: pid_t
  private let deadline: Double
  private(set) var printed: [UInt8] = []
  private(set) var wasKilled = false

  /// Most of what it prints that is kept.
  static let printedLimit = 4096

  /// Must be called on a thread that lives as long as the child may: the kernel ends a child with
  /// the thread that started it (PR_SET_PDEATHSIG of prctl(2)).
  ///
  /// - Throws: why it can't be started.
  init(
    _ command: String, _ notice: BurstNotice, deadline: Double
  ) throws(NotifyFailure) {
    let input = culprit_memory_file("culprit-notify")
    guard input >= 0 else { throw NotifyFailure("no memory for its input", errno) }
    defer { close(input) }
    let json = notice.json
    guard json.withUnsafeBytes({ write(input, $0.baseAddress, $0.count) }) == json.count,
      lseek(input, 0, SEEK_SET) == 0
    else { throw NotifyFailure("can't write its input", errno) }
    var pipe: [Int32] = [-1, -1]
    guard culprit_pipe(&pipe) == 0 else { throw NotifyFailure("no pipe", errno) }
    var words: [UnsafeMutablePointer<CChar>?] = []
    for word in ["sh", "-c", command] { words.append(strdup(word)) }
    words.append(nil)
    let child = culprit_spawn(words, input, pipe[1], pipe[1], 1)
    for word in words { free(word) }
    close(pipe[1])
    guard child > 0 else {
      close(pipe[0])
      throw NotifyFailure("can't start sh", -child)
    }
    let end = culprit_watch_process(child)
    guard end >= 0 else {
      let code = errno
      close(pipe[0])
      kill(-child, SIGKILL)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      throw NotifyFailure("can't watch sh", code)
    }
    culprit_set_nonblocking(pipe[0])
    (host, pid, output, self.end, self.deadline) = (notice.host, child, pipe[0], end, deadline)
  }

  deinit {
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    // One in uninterruptible sleep dies when that ends; nobody waits for it.
    for _ in 0..<100 where waitpid(pid, &status, WNOHANG) == 0 { usleep(10_000) }
    if output >= 0 { close(output) }
    close(end)
  }

  /// Takes what it has printed: as much as one pipe holds.
  mutating func read() {
    guard output >= 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    for _ in 0..<16 {
      let count = Glibc.read(output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return }
      guard count > 0 else {
        close(output)
        output = -1
        return
      }
      printed += buffer[0..<min(count, NotifyChild.printedLimit - printed.count)]
    }
  }

  /// Kills it where its time is up.
  mutating func settle(at now: Double) {
    guard !wasKilled, now >= deadline else { return }
    wasKilled = true
    kill(-pid, SIGKILL)
  }

  /// Its exit status once it has ended: `nil` while it runs, 128 and the signal where one ended it.
  /// It may be asked for once.
  consuming func finish() -> (status: Int32, printed: String) {
    read()
    var info = siginfo_t()
    var status: Int32 = 0
    // Left to be reaped by deinit: until then its group can't be another's.
    if waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == 0 {
      let value = info._sifields._sigchld.si_status
      status = info.si_code == CLD_EXITED ? value : 128 + value
    }
    return (status, Printable.text(printed.span, limit: NotifyChild.printedLimit))
  }
}

/// Why a notify command couldn't be started.
struct NotifyFailure: Error, CustomStringConvertible {
  let description: String

  init(_ what: String, _ code: Int32) {
    description = "\(what): \(String(cString: strerror(code)))"
  }
}
