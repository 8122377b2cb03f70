import Foundation
import Synchronization
import TestSupport

/// The built `culprit` on a pseudo-terminal of its own, with somebody who types and looks.
final class VisitTerminal: Sendable {
  let pid: pid_t
  private let terminal: DrainedTerminal
  private let status = Mutex<Int32?>(nil)
  /// The modes before the program began.
  let modesBefore: [UInt32]

  /// POSIX_SPAWN_SETSID of spawn.h.
  private static let newSession: Int16 = 0x80

  /// `environment` on top of nothing: no variable of whoever runs the tests is seen.
  init(
    _ arguments: [String], environment: [String: String], columns: Int = 80, rows: Int = 24,
    controls: Bool = false
  ) throws {
    terminal = try DrainedTerminal(columns: columns, rows: rows)
    modesBefore = terminal.modes
    pid = try VisitTerminal.spawn(
      arguments, environment, terminal: terminal.name, controls: controls)
  }

  deinit {
    hangUp()
    if !hasEnded {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
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

  /// The modes now, as `stty -g` would name them.
  var modes: [UInt32] { terminal.modes }
  var screen: EmulatedScreen { terminal.screen }
  var text: [String] { terminal.text }
  var raw: [UInt8] { terminal.raw }

  func type(_ keys: String) { terminal.type(keys) }

  func resize(columns: Int, rows: Int) { terminal.resize(columns: columns, rows: rows) }

  /// The window is closed.
  func hangUp() { terminal.hangUp() }

  var hasEnded: Bool {
    status.withLock { known in
      if known != nil { return true }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return false }
      known = status
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
    try await terminal.drain()
    let status = status.withLock { $0 } ?? 0
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
  }
}
