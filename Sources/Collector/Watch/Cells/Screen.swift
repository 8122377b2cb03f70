/// What stands on the terminal: rows of cells. A value, so that a test can read it.
public struct Screen: Equatable, Sendable {
  /// One cell. A wide character takes the cell it stands in and the next one.
  public struct Cell: Equatable, Sendable {
    public var character: Unicode.Scalar
    /// Marks drawn over the character.
    public var marks: Marks
    /// 1 or 2; 0 is the second half of a wide character.
    public var width: Int
    public var style: Style

    static let blank = Cell(character: " ", marks: Marks(), width: 1, style: .plain)
  }

  /// The marks over a character. They stand in the cell itself: a screen of thousands of cells
  /// is copied and compared at each frame, and that must cost no more than moving bytes.
  public struct Marks: Equatable, Sendable {
    /// ncurses keeps five characters in a cell; three marks are enough for any script.
    static let limit = 3

    private var first: Unicode.Scalar = "\0"
    private var second: Unicode.Scalar = "\0"
    private var third: Unicode.Scalar = "\0"
    public private(set) var count = 0

    init() {}

    /// What goes past the limit is left out.
    mutating func append(_ mark: Unicode.Scalar) {
      switch count {
      case 0: first = mark
      case 1: second = mark
      case 2: third = mark
      default: return
      }
      count += 1
    }

    public var scalars: [Unicode.Scalar] { Array([first, second, third].prefix(count)) }
  }

  public let columns: Int
  public let rows: Int
  /// Only ASCII is put; anything else shows as `?`.
  let ascii: Bool
  /// No colour is put; bold and reverse say what it would.
  let colourless: Bool
  private var cells: [Cell]

  /// An empty screen.
  public init(columns: Int, rows: Int, ascii: Bool = false, colourless: Bool = false) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
    self.ascii = ascii
    self.colourless = colourless
    cells = Array(repeating: .blank, count: self.columns * self.rows)
  }

  /// The cell at a place on the screen.
  public internal(set) subscript(row: Int, column: Int) -> Cell {
    get { cells[row * columns + column] }
    set { cells[row * columns + column] = newValue }
  }

  /// A row as text, without the blanks at its end.
  public func line(_ row: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for column in 0..<columns where self[row, column].width > 0 {
      scalars.append(self[row, column].character)
      if self[row, column].marks.count > 0 {
        scalars.append(contentsOf: self[row, column].marks.scalars)
      }
    }
    var text = String(scalars)
    while text.unicodeScalars.last == " " { text.unicodeScalars.removeLast() }
    return text
  }

  /// All rows as text.
  public var text: [String] { (0..<rows).map(line) }
}
