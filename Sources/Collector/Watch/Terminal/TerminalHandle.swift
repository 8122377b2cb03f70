import CNcurses
import Glibc

/// What ncurses and libc hold of the open terminal.
///
/// A plain value: `TerminalDriver`, which can't be copied, is its one owner and closes it once.
struct TerminalHandle {
  private let screen: OpaquePointer
  private let files: [UnsafeMutablePointer<FILE>]

  init(name: String, input: Int32, output: Int32) throws(TerminalError) {
    // The descriptors stay the caller's: ncurses gets copies that close with it.
    let reading = try TerminalHandle.file(over: input, mode: "r")
    let writing: UnsafeMutablePointer<FILE>
    do {
      writing = try TerminalHandle.file(over: output, mode: "w")
    } catch {
      fclose(reading)
      throw error
    }
    culprit_terminal_remember(input)
    // Sizes come from culprit_follow_size alone, not from exported LINES and COLUMNS.
    use_env(false)
    // The kernel's size counts all the same: linux and cygwin have none in their terminfo.
    use_tioctl(true)
    guard let screen = newterm(name, writing, reading) else {
      fclose(reading)
      fclose(writing)
      throw .refused(name)
    }
    self.screen = screen
    files = [reading, writing]
    culprit_terminal_arm(output)
    culprit_follow_size(output)
    TerminalHandle.setModes()
  }

  func close() {
    endwin()
    culprit_terminal_disarm()
    culprit_signals_restore()
    delscreen(screen)
    for file in files { fclose(file) }
  }

  private static func setModes() {
    cbreak()
    noecho()
    nonl()
    keypad(culprit_stdscr(), true)
    // Escape alone is a key: wait for the rest of a sequence no longer than a person notices.
    set_escdelay(25)
    curs_set(0)
    culprit_mouse_start()
  }

  private static func file(
    over descriptor: Int32, mode: String
  ) throws(TerminalError) -> UnsafeMutablePointer<FILE> {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw .system(call: "dup", errno: errno) }
    guard let file = fdopen(copy, mode) else {
      let reason = errno
      Glibc.close(copy)
      throw .system(call: "fdopen", errno: reason)
    }
    return file
  }
}
