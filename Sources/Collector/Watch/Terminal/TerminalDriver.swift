import Bytes
import CNcurses
import Glibc
import Synchronization

/// The terminal, opened with ncurses: shows screens, gives keys and sizes. There can be one at a
/// time, and it belongs to the thread that opened it.
///
/// Ctrl-C and Ctrl-Z keep their meaning: the process gets SIGINT and SIGTSTP. `nextEvent`
/// suspends it, with the terminal given back until it goes on. Where nobody took SIGINT or
/// SIGTERM before, ncurses gives the terminal back and ends the process, so whoever has something
/// to close installs handlers first. A crash gives the terminal back, too.
public struct TerminalDriver: ~Copyable {
  /// How many colours may be used: none where the terminal has none or NO_COLOR is set
  /// (https://no-color.org).
  public let colours: ColourDepth
  /// Whether only ASCII can be drawn, since the locale's characters are not UTF-8.
  public let ascii: Bool

  let input: Int32
  let output: Int32
  private var handle: TerminalHandle?
  private var shown: Screen?

  private static let isOpen = Atomic<Bool>(false)

  /// Takes the terminal over: alternate screen, keys without echo. Sets the locale of the
  /// process from its environment. `terminal` is the name of its terminfo entry, `noColour` asks
  /// for no colours; both are the environment's (TERM, NO_COLOR) where they are `nil`.
  public init(
    input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO, terminal: String? = nil,
    noColour: Bool? = nil
  ) throws(TerminalError) {
    let isUTF8 = culprit_adopt_locale() == 1
    let name = terminal ?? TerminalDriver.environment("TERM") ?? ""
    let opened = try TerminalDriver.open(name, input: input, output: output)
    let isColourless = noColour ?? !(TerminalDriver.environment("NO_COLOR") ?? "").isEmpty
    self.input = input
    self.output = output
    ascii = !isUTF8
    handle = opened
    colours = isColourless ? .none : TerminalColours.start()
  }

  deinit { TerminalDriver.release(handle) }

  /// The terminal's size now.
  public var size: (columns: Int, rows: Int) {
    (Int(culprit_columns()), Int(culprit_lines()))
  }

  /// Gives the terminal back as it was. A second time it does nothing.
  public mutating func close() {
    TerminalDriver.release(handle)
    handle = nil
  }

  /// For a process that dies: gives the terminal back with async-signal-safe calls only. From
  /// any thread or signal handler, whether or not a terminal is open.
  public static func restoreAfterSignal() { culprit_terminal_restore() }

  /// Shows a screen. ncurses sends what differs from the one before.
  public mutating func draw(_ screen: Screen) {
    guard handle != nil, screen != shown else { return }
    let size = size
    let area = (rows: min(screen.rows, size.rows), columns: min(screen.columns, size.columns))
    if let shown, shown.rows == screen.rows, shown.columns == screen.columns {
      for row in 0..<area.rows { update(row, from: shown, to: screen, columns: area.columns) }
    } else {
      // At a new size terminals move what they show, each in its own way: paint it all.
      wclear(culprit_stdscr())
      for row in 0..<area.rows {
        for column in 0..<area.columns where screen[row, column] != .blank {
          put(screen[row, column], row: row, column: column)
        }
      }
    }
    wrefresh(culprit_stdscr())
    shown = screen
  }

  /// Puts the cells of a row that changed. Where wide characters are about, one that goes or
  /// comes changes its neighbours: then the row is put whole.
  private func update(_ row: Int, from shown: Screen, to screen: Screen, columns: Int) {
    var changed: ClosedRange<Int>?
    var hasWide = false
    for column in 0..<columns {
      let (before, now) = (shown[row, column], screen[row, column])
      if before.width != 1 || now.width != 1 { hasWide = true }
      if before != now { changed = (changed?.lowerBound ?? column)...column }
    }
    guard let changed else { return }
    if hasWide {
      wmove(culprit_stdscr(), Int32(row), 0)
      wclrtoeol(culprit_stdscr())
    }
    for column in hasWide ? 0...(columns - 1) : changed {
      let now = screen[row, column]
      guard hasWide ? now != .blank : now != shown[row, column] else { continue }
      put(now, row: row, column: column)
    }
  }

  /// Whether the terminal is ours.
  var isActive: Bool { handle != nil }

  /// Lets the next screen be drawn whole.
  mutating func forgetShown() { shown = nil }

  private func put(_ cell: Screen.Cell, row: Int, column: Int) {
    guard cell.width > 0 else { return }
    let style = cell.style
    let bits =
      (style.bold ? CULPRIT_BOLD : 0) | (style.dim ? CULPRIT_DIM : 0)
      | (style.reverse ? CULPRIT_REVERSE : 0)
    let pair = TerminalColours.pair(of: style.role, depth: colours)
    let place = (row: Int32(row), column: Int32(column))
    let done: Int32
    if cell.marks.count == 0 {
      done = culprit_put_one(
        place.row, place.column, cell.character.value, Int32(cell.width), Int32(bits), pair)
    } else {
      let scalars = [cell.character.value] + cell.marks.scalars.map(\.value)
      done = culprit_put(
        place.row, place.column, scalars, Int32(scalars.count), Int32(cell.width), Int32(bits),
        pair)
    }
    guard done == 0 else { return }
    // Libc's table and ours differ over this character: two `?` slip nowhere.
    for offset in 0..<Int32(cell.width) {
      culprit_put(place.row, place.column + offset, [0x3F], 1, 1, Int32(bits), pair)
    }
  }

  /// Says what stands in the way before anything is written to the terminal.
  private static func open(
    _ name: String, input: Int32, output: Int32
  ) throws(TerminalError) -> TerminalHandle {
    guard isatty(input) == 1 else { throw .notATerminal(descriptor: input) }
    guard isatty(output) == 1 else { throw .notATerminal(descriptor: output) }
    guard !isOpen.exchange(true, ordering: .acquiringAndReleasing) else { throw .alreadyOpen }
    do throws(TerminalError) {
      switch culprit_terminal_check(name, output) {
      case 1: return try TerminalHandle(name: name, input: input, output: output)
      case 0: throw .noCursorAddressing(Printable.text(name))
      default: throw .unknownTerminal(Printable.text(name))
      }
    } catch {
      isOpen.store(false, ordering: .releasing)
      throw error
    }
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static func release(_ handle: TerminalHandle?) {
    guard let handle else { return }
    handle.close()
    isOpen.store(false, ordering: .releasing)
  }
}
