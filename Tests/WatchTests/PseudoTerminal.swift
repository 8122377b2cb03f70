import Glibc

/// A real terminal without a person: the test holds the other end.
struct PseudoTerminal: ~Copyable {
  private(set) var master: Int32
  let slave: Int32

  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  struct Unavailable: Error {}

  init(columns: UInt16 = 80, rows: UInt16 = 24) throws {
    // What posix_openpt(3), unlockpt(3) and ptsname(3) do; Glibc's module doesn't show them.
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var unlocked: Int32 = 0
    var number: Int32 = 0
    guard master >= 0, ioctl(master, PseudoTerminal.setLock, &unlocked) == 0,
      ioctl(master, PseudoTerminal.getNumber, &number) == 0
    else { throw Unavailable() }
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    guard slave >= 0 else { throw Unavailable() }
    self.master = master
    self.slave = slave
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    resize(columns: columns, rows: rows)
  }

  deinit {
    close(slave)
    if master >= 0 { close(master) }
  }

  func resize(columns: UInt16, rows: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// What a person types.
  func type(_ text: String) {
    var bytes = Array(text.utf8)
    _ = write(master, &bytes, bytes.count)
  }

  /// The person is gone: the window closed, the line dropped.
  mutating func hangUp() {
    close(master)
    master = -1
  }

  /// What has been drawn so far.
  func output() -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(master, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The modes, as `stty -g` would name them.
  func modes() -> [UInt32] {
    var modes = termios()
    tcgetattr(slave, &modes)
    let controls = withUnsafeBytes(of: modes.c_cc) { Array($0.map(UInt32.init)) }
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag] + controls
  }
}
