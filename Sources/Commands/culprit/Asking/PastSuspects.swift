import Bytes
import Foundation
import History
import Records
import Reports

/// The suspects of a span, out of the history: who was seen to wait, and who moved bytes, of all
/// hosts in one ranking.
struct PastSuspects {
  /// Waits from which on `--check` calls it trouble, seconds.
  private static let troubleSeconds = 0.5

  let waiters: [PastProcess]
  let movers: [PastProcess]

  init(
    of hosts: [String]?, from: Timestamp, to: Timestamp, rows: Int, in store: HistoryStore
  ) throws {
    waiters = try store.answering { store throws(HistoryError) in
      try store.waiters(hosts: hosts, from: from, to: to, limit: rows)
    }
    movers = try store.answering { store throws(HistoryError) in
      try store.movers(hosts: hosts, from: from, to: to, limit: rows)
    }
  }

  var isEmpty: Bool { waiters.isEmpty && movers.isEmpty }

  /// Whether somebody waited for long; what only ps saw has no length, but was in D.
  var hasTrouble: Bool {
    waiters.contains { $0.waits?.seconds.map { $0 >= PastSuspects.troubleSeconds } ?? true }
  }

  // MARK: - Text

  func text(_ timeZone: TimeZone) -> String {
    waitingText(timeZone) + "\n" + movingText()
  }

  private func waitingText(_ timeZone: TimeZone) -> String {
    guard !waiters.isEmpty else { return "Nobody was seen to wait.\n" }
    var table = TextTable([
      ("HOST", .left), ("PID", .right), ("USER", .left), ("LOOKS", .right), ("LONGEST", .right),
      ("LAST SEEN", .left), ("WAITS FOR", .left), ("WHO", .left),
    ])
    for process in waiters {
      let waits = process.waits
      table.add([
        process.host, process.pid.map(String.init) ?? "-", process.user,
        "\(waits?.looks ?? 0)", waits?.seconds.map(Moments.span) ?? "-",
        Moments.date(process.last, timeZone), waits?.reason ?? waits?.waitChannel ?? "unknown",
        PastSuspects.who(process),
      ])
      if let held = PastSuspects.held(process) { table.addNote(held) }
    }
    return table.text
  }

  private func movingText() -> String {
    guard !movers.isEmpty else { return "Nobody was seen to move bytes.\n" }
    var table = TextTable([
      ("HOST", .left), ("PID", .right), ("USER", .left), ("READ", .right), ("WRITTEN", .right),
      ("CANCELLED", .right), ("CPU", .right), ("DURING", .right), ("WHO", .left),
    ])
    for process in movers {
      guard let moved = process.moved else { continue }
      table.add([
        process.host, process.pid.map(String.init) ?? "-", process.user,
        PastSuspects.bytes(moved.readBytes, and: moved.reapedReadBytes),
        PastSuspects.bytes(moved.writeBytes, and: moved.reapedWriteBytes),
        PastSuspects.bytes(moved.cancelledBytes, and: 0),
        "\(Figures.twoDecimals(Double(moved.cpuNanoseconds) / 1e9)) s",
        Moments.span(moved.coveredSeconds), PastSuspects.who(process),
      ])
    }
    return table.text
  }

  /// Command line, unit or container, and who started it.
  static func who(_ process: PastProcess) -> String {
    var words = process.command
    if let unit = process.unit { words += "  {\(unit)}" }
    if let container = process.container { words += "  {container \(container.prefix(12))}" }
    if let parent = PastAncestors.list(process.ancestors).first {
      words += "  started by \(parent.name) (\(parent.pid))"
    }
    return words
  }

  /// Who holds what it waits for, and the file of the lock.
  static func held(_ process: PastProcess) -> String? {
    guard let waits = process.waits else { return nil }
    var words: [String] = []
    if let path = waits.lockPath { words.append("lock on \(path)") }
    if let holders = waits.holders { words.append("held by \(holders)") }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  static func bytes(_ own: Int64?, and reaped: Int64) -> String {
    guard let own else { return "-" }
    return ByteFigure.text(Double(own) + Double(reaped))
  }
}

/// Ancestors as the history keeps them, `init(1) < sshd(811) < bash(4710)`.
enum PastAncestors {
  /// The parent first, as agents tell them; what was cut off is left out.
  static func list(_ text: String?) -> [(pid: Int, name: String)] {
    guard let text else { return [] }
    return text.components(separatedBy: " < ").reversed().compactMap { entry in
      guard entry.hasSuffix(")"), let open = entry.lastIndex(of: "("),
        let pid = Int(entry[entry.index(after: open)...].dropLast())
      else { return nil }
      return (pid: pid, name: String(entry[..<open]))
    }
  }
}
