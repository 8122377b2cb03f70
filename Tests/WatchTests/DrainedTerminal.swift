import Foundation
import Synchronization
import TestSupport

@testable import Watch

/// A pseudo-terminal that a thread reads as soon as something is drawn, as a real one does: no
/// draw waits. What it shows can be looked at, and every byte that reached it.
final class DrainedTerminal: Sendable {
  private struct State {
    var screen: EmulatedScreen
    var raw: [UInt8] = []
  }

  let slave: Int32
  private let master: Int32
  private let state: Mutex<State>

  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  init(columns: Int, rows: Int) throws {
    var (unlocked, number): (Int32, Int32) = (0, 0)
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard master >= 0, ioctl(master, DrainedTerminal.setLock, &unlocked) == 0,
      ioctl(master, DrainedTerminal.getNumber, &number) == 0
    else { throw TestTrouble("no pseudo-terminal here") }
    slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    state = Mutex(
      State(screen: EmulatedScreen(columns: columns, rows: rows) { DisplayWidth.of($0) }))
    setSize(columns: columns, rows: rows)
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
    thread.start()
  }

  deinit {
    close(slave)
    close(master)
  }

  private func setSize(columns: Int, rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  func resize(columns: Int, rows: Int) {
    state.withLock { $0.screen.resize(columns: columns, rows: rows) }
    setSize(columns: columns, rows: rows)
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  var text: [String] { state.withLock { $0.screen.text } }
  var screen: EmulatedScreen { state.withLock { $0.screen } }
  var raw: [UInt8] { state.withLock { $0.raw } }
}
