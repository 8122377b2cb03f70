import GRDB

/// Reads a history from outside, through its documented view `vmstat`, while culprit writes it.
struct HistoryProbe {
  private let database: DatabaseQueue
  private let path: String

  init(path: String) throws {
    self.path = path
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    do {
      database = try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw BenchError.noHistory(path: path, reason: "\(error)")
    }
  }

  func rows() throws -> Int {
    try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM vmstat") } ?? 0
  }

  /// How many hosts have a row within the last minute, and the time of the last row of the one
  /// that is furthest behind, seconds since the epoch.
  func slowestHost(now: Double) throws -> (hosts: Int, lastRow: Double) {
    let since = Int64((now - 60) * 1e9)
    let row = try read {
      try Row.fetchOne(
        $0,
        sql: """
          SELECT count(*) AS hosts, min(last) AS slowest FROM
            (SELECT max(time_ns) AS last FROM vmstat WHERE time_ns > ? GROUP BY host)
          """, arguments: [since])
    }
    let slowest: Int64 = row?["slowest"] ?? 0
    return (row?["hosts"] ?? 0, Double(slowest) / 1e9)
  }

  /// Rows with times before that moment, seconds since the epoch.
  func rows(before time: Int64) throws -> Int {
    try read {
      try Int.fetchOne(
        $0, sql: "SELECT count(*) FROM vmstat WHERE time_ns < ?", arguments: [time * 1_000_000_000])
        ?? 0
    }
  }

  /// Rows that came out of agents' spools: a counter of the history's own, which costs a live one
  /// nothing.
  func filledRows() throws -> Int {
    try read { try Int.fetchOne($0, sql: "SELECT sum(filled) FROM server_rows") ?? 0 }
  }

  /// Seconds that ticks were summed up for, over all hosts: each tick adds its interval.
  func coveredSeconds() throws -> Double {
    try read { try Double.fetchOne($0, sql: "SELECT sum(covered_s) FROM pressure") ?? 0 }
  }

  /// What tables and indexes take up, that in the write-ahead log included.
  func bytes() throws -> Int {
    try read {
      let pages = try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0
      return try pages * (Int.fetchOne($0, sql: "PRAGMA page_size") ?? 0)
    }
  }

  private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try database.read(body)
    } catch let error as DatabaseError {
      throw BenchError.noHistory(path: path, reason: "\(error)")
    }
  }
}
