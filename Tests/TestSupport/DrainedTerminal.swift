import Foundation
import Synchronization

/// A pseudo-terminal and somebody who looks at it: a thread reads all that is drawn, at once, so
/// that no program ever waits for its terminal.
public final class DrainedTerminal: Sendable {
  /// What the reading thread and the terminal share. The thread must not hold the terminal itself:
  /// whoever lets go of it last would else end it on that thread.
  private final class Drawn: Sendable {
    struct State {
      var screen: EmulatedScreen
      var raw: [UInt8] = []
      /// How often ``DrainedTerminal/drain()`` has been heard.
      var marks = 0
    }

    let state: Mutex<State>
    let readerIsDone = DispatchSemaphore(value: 0)

    init(_ screen: EmulatedScreen) { state = Mutex(State(screen: screen)) }

    /// Reads until the terminal is gone or `end` can be read.
    func read(from master: Int32, until end: Int32) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      defer { readerIsDone.signal() }
      while true {
        var polled = [
          pollfd(fd: master, events: Int16(POLLIN), revents: 0),
          pollfd(fd: end, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&polled, 2, -1) < 0 {
          if errno == EINTR { continue }
          return
        }
        guard polled[1].revents == 0 else { return }
        let count = Glibc.read(master, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        state.withLock { state in
          let drawn = buffer[..<count].filter { $0 != DrainedTerminal.mark }
          state.marks += count - drawn.count
          state.raw += drawn
          state.screen.feed(drawn)
        }
      }
    }
  }

  /// The side that a program has. It is held open, so that the terminal outlives the program and
  /// can be asked for its modes.
  public let slave: Int32
  /// The slave's path.
  public let name: String
  private let master: Int32
  /// A pipe that ends the reading.
  private let wake: Int32
  private let end: Int32
  private let drawn: Drawn
  private let isHungUp = Mutex(false)

  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  /// `width`: how many cells a character takes, as ``EmulatedScreen`` wants it.
  public init(
    columns: Int, rows: Int,
    width: @escaping @Sendable (Unicode.Scalar) -> Int = EmulatedScreen.usualWidth
  ) throws {
    var (unlocked, number): (Int32, Int32) = (0, 0)
    var ends: [Int32] = [-1, -1]
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard master >= 0, pipe(&ends) == 0,
      ioctl(master, DrainedTerminal.setLock, &unlocked) == 0,
      ioctl(master, DrainedTerminal.getNumber, &number) == 0
    else { throw TestTrouble("no pseudo-terminal here") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (self.master, wake, end) = (master, ends[1], ends[0])
    name = "/dev/pts/\(number)"
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    let drawn = Drawn(EmulatedScreen(columns: columns, rows: rows, width: width))
    self.drawn = drawn
    setSize(columns: columns, rows: rows)
    let thread = Thread { [end] in drawn.read(from: master, until: end) }
    thread.name = "terminal"
    thread.start()
  }

  deinit {
    hangUp()
    close(slave)
    close(wake)
    close(end)
  }

  /// A byte that no program draws and no terminal shows.
  private static let mark: UInt8 = 0

  /// Waits until all is read that was drawn before: the end of a program is seen earlier than its
  /// last words.
  public func drain() async throws {
    let marks = drawn.state.withLock { $0.marks }
    guard write(slave, [DrainedTerminal.mark], 1) == 1 else { return }
    try await until("what was drawn last") { drawn.state.withLock { $0.marks } > marks }
  }

  /// The window is closed. Its descriptor is closed only once nobody reads from it any more: the
  /// next terminal may get the same number, and what is drawn there isn't ours.
  public func hangUp() {
    isHungUp.withLock { isHungUp in
      guard !isHungUp else { return }
      isHungUp = true
      _ = write(wake, [1], 1)
      drawn.readerIsDone.wait()
      close(master)
    }
  }

  private func setSize(columns: Int, rows: Int) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  public func resize(columns: Int, rows: Int) {
    drawn.state.withLock { $0.screen.resize(columns: columns, rows: rows) }
    setSize(columns: columns, rows: rows)
  }

  public func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  /// The modes now, as `stty -g` would name them.
  public var modes: [UInt32] {
    var modes = termios()
    tcgetattr(slave, &modes)
    let controls = withUnsafeBytes(of: modes.c_cc) { Array($0.map(UInt32.init)) }
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag] + controls
  }

  public var screen: EmulatedScreen { drawn.state.withLock { $0.screen } }
  public var text: [String] { screen.text }
  public var raw: [UInt8] { drawn.state.withLock { $0.raw } }
}
