import GRDB

/// A stretch of the tick table, read piece by piece: each piece in a read transaction of its own
/// and of bounded length, so that no reader holds back the log for long or holds many rows.
struct TickScan {
  enum Direction { case oldestFirst, newestFirst }

  /// Rows looked at in one read transaction: some milliseconds.
  static let pieceRows = 4_096

  /// What is still to be read: keys above `above`, and below `below`.
  private var above: TickKey
  private var below: TickKey
  private let direction: Direction
  private let pieceRows: Int
  private(set) var isAtEnd = false

  /// Rows whose time is in `times`.
  init(
    times: ClosedRange<Int64>, direction: Direction = .oldestFirst,
    pieceRows: Int = TickScan.pieceRows
  ) {
    above = TickKey(time: times.lowerBound, host: .min, source: .min)
    below = TickKey(time: times.upperBound, host: .max, source: .max)
    self.direction = direction
    self.pieceRows = pieceRows
  }

  /// Where the scan stands: every row before it in its direction has been looked at.
  var position: TickKey { direction == .oldestFirst ? above : below }

  /// Looks at the next piece; `body` gets a statement that stands on a row of
  /// `TickTable.columnList`, and returns whether to go on. A row that it stops at counts as read.
  mutating func next(_ db: Database, _ body: (TickKey, BoundStatement) throws -> Bool) throws {
    guard !isAtEnd else { return }
    let rows = try BoundStatement(direction == .oldestFirst ? Self.upward : Self.downward, db)
    defer { rows.reset() }
    bind(rows)
    var seen = 0
    while try rows.step() {
      let key = TickTable.key(rows)
      switch direction {
      case .oldestFirst: above = key
      case .newestFirst: below = key
      }
      seen += 1
      guard try body(key, rows) else { return }
    }
    isAtEnd = seen < pieceRows
  }

  private func bind(_ rows: BoundStatement) {
    rows.bind(above.time, at: 1)
    rows.bind(above.host, at: 2)
    rows.bind(above.source, at: 3)
    rows.bind(below.time, at: 4)
    rows.bind(below.host, at: 5)
    rows.bind(below.source, at: 6)
    rows.bind(Int64(pieceRows), at: 7)
  }

  private static let upward = sql(order: "ASC")
  private static let downward = sql(order: "DESC")

  private static func sql(order: String) -> String {
    """
    SELECT \(TickTable.columnList) FROM tick
    WHERE (time_ns, host, source) > (?, ?, ?) AND (time_ns, host, source) < (?, ?, ?)
    ORDER BY time_ns \(order), host \(order), source \(order) LIMIT ?
    """
  }
}
