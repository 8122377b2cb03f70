import Foundation
import Synchronization
import TestSupport

/// The built `culprit` on a pseudo-terminal of its own, with somebody who types and looks. A
/// thread reads all that is drawn, at once, so that no program ever waits for its terminal.
final class VisitTerminal: Sendable {
  private struct State {
    var screen: EmulatedScreen
    var raw: [UInt8] = []
    var isClosed = false
    var status: Int32?
  }

  let pid: pid_t
  private let master: Int32
  /// Held open, so that the terminal outlives the program and can be asked for its modes.
  private let slave: Int32
  private let state: Mutex<State>
  /// The modes before the program began.
  let modesBefore: [UInt32]

  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2); POSIX_SPAWN_SETSID of spawn.h.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  private static let newSession: Int16 = 0x80

  /// `environment` on top of nothing: no variable of whoever runs the tests is seen.
  init(
    _ arguments: [String], environment: [String: String], columns: Int = 80, rows: Int = 24,
    controls: Bool = false
  ) throws {
    var (unlocked, number): (Int32, Int32) = (0, 0)
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard master >= 0, ioctl(master, VisitTerminal.setLock, &unlocked) == 0,
      ioctl(master, VisitTerminal.getNumber, &number) == 0
    else { throw TestTrouble("no pseudo-terminal here") }
    let name = "/dev/pts/\(number)"
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    VisitTerminal.setSize(master, columns, rows)
    modesBefore = VisitTerminal.modes(slave)
    state = Mutex(State(screen: EmulatedScreen(columns: columns, rows: rows)))
    pid = try VisitTerminal.spawn(arguments, environment, terminal: name, controls: controls)
    let thread = Thread { [weak self, master] in
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(master, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0, let self else { return }
        self.state.withLock { state in
          state.raw += buffer[..<count]
          state.screen.feed(Array(buffer[..<count]))
        }
      }
    }
    thread.name = "terminal"
    thread.start()
  }

  deinit {
    hangUp()
    if !hasEnded {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
    close(slave)
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], terminal: String, controls: Bool
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    // Of a session without a terminal the first that is opened becomes its own, unless that is
    // ruled out. When the leader of a session ends, the kernel hangs up its terminal and throws
    // away what nobody has read yet: in life that leader is a shell, so culprit isn't one either.
    // Threads of the test's pool block signals, which a child would inherit.
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes,
      newSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    posix_spawn_file_actions_addopen(
      &actions, 0, terminal, O_RDWR | (controls ? 0 : O_NOCTTY), 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, &variables)
    guard code == 0 else {
      throw TestTrouble("can't start \(arguments[0]): \(String(cString: strerror(code)))")
    }
    return pid
  }

  private static func setSize(_ terminal: Int32, _ columns: Int, _ rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
  }

  private static func modes(_ terminal: Int32) -> [UInt32] {
    var modes = termios()
    tcgetattr(terminal, &modes)
    let controls = withUnsafeBytes(of: modes.c_cc) { Array($0.map(UInt32.init)) }
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag] + controls
  }

  /// The modes now, as `stty -g` would name them.
  var modes: [UInt32] { VisitTerminal.modes(slave) }

  var screen: EmulatedScreen { state.withLock { $0.screen } }
  var text: [String] { screen.text }
  var raw: [UInt8] { state.withLock { $0.raw } }

  func type(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = write(master, bytes, bytes.count)
  }

  func resize(columns: Int, rows: Int) {
    state.withLock { $0.screen.resize(columns: columns, rows: rows) }
    VisitTerminal.setSize(master, columns, rows)
  }

  /// The window is closed.
  func hangUp() {
    state.withLock { state in
      guard !state.isClosed else { return }
      state.isClosed = true
      // The reader's read(2) ends with EBADF or EIO: no byte of it is of interest any more.
      close(master)
    }
  }

  var hasEnded: Bool {
    state.withLock { state in
      if state.status != nil { return true }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return false }
      state.status = status
      return true
    }
  }

  func send(_ signal: Int32) {
    guard !hasEnded else { return }
    kill(pid, signal)
  }

  /// Waits until a line of the screen holds `text`.
  func see(_ text: String, within seconds: Double = 60) async throws {
    try await see("“\(text)”", within: seconds) { $0.contains { $0.contains(text) } }
  }

  func see(
    _ what: String, within seconds: Double = 60, _ isSeen: ([String]) -> Bool
  ) async throws {
    try await until(what, within: seconds, detail: { self.text.joined(separator: "\n") }) {
      if isSeen(text) { return true }
      if hasEnded { throw TestTrouble("ended before: \(what)\n\(text.joined(separator: "\n"))") }
      return false
    }
  }

  /// Waits until the terminal is as it was: its modes, no alternate screen, no mouse. What was
  /// written last may still be on its way.
  func isGivenBack() async throws {
    try await until("the terminal as it was", detail: { "\(self.screen.modes)" }) {
      modes == modesBefore && screen.modes.isDisjoint(with: [1049, 1000, 1002, 1003, 1006])
    }
  }

  /// Its exit code; below zero the signal that ended it.
  func end(within seconds: Double = 60) async throws -> Int32 {
    try await until(
      "the end", within: seconds, detail: { self.text.joined(separator: "\n") }
    ) { hasEnded }
    let status = state.withLock { $0.status } ?? 0
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
  }
}
