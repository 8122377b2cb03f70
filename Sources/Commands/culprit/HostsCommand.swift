import ArgumentParser
import Bytes
import Foundation
import History
import Records

struct HostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts",
    abstract: "Show each host's connection: state, last row, rows stored, what is missing.",
    discussion: """
      SPOOL is how long a host's agent keeps frames while no collector is there (- where none \
      is kept: rows come through vmstat, or an agent that was started for the session); TO COME \
      what it holds and the history lacks (? while nobody hears of it); GONE what nobody has \
      any more, and why the newest of it.

      EXAMPLES
        culprit hosts
        culprit hosts --json
        culprit hosts web[1-20] --check     exit code 3 where one isn't connected
      """)

  @Argument(help: "Hosts; all by default.")
  var hosts: [String] = []

  @OptionGroup var history: HistoryOptions
  @OptionGroup var zone: ZoneOptions

  @Flag(help: "JSON Lines: a host per line.")
  var json = false

  @Flag(help: "Exit with code 3 where a host isn't connected.")
  var check = false

  func run() throws {
    let store = try history.openForReading()
    defer { try? store.close() }
    let names = try HostArguments.names(hosts, in: store, history)
    let now = try HostsNow(in: store)
    let isCollected = now.isCollected
    let records = now.records.filter { names?.contains($0.status.host) ?? true }
    let gaps = try store.answering { store throws(HistoryError) in try store.gapTotals() }
    if json {
      writeJSON(records, gaps)
    } else {
      writeTable(records, gaps, isCollected: isCollected)
    }
    if check, records.contains(where: { HostsCommand.isTrouble($0, isCollected: isCollected) }) {
      throw CommandFailure.trouble
    }
  }

  private static func spool(_ status: HostStatus) -> String {
    guard let spool = status.spool else { return "-" }
    if spool.problem != nil { return "failing" }
    guard let hours = spool.hours else { return "?" }
    return hours < 48 ? "\(Figures.twoDecimals(hours)) h" : "\(Int(min(hours / 24, 9999))) d"
  }

  /// What went wrong last, and what is wrong with what its agent keeps.
  private static func trouble(_ status: HostStatus) -> String {
    let spool = status.spool?.problem.map { "spool: \($0)" }
    return [spool, status.lastError].compactMap(\.self).filter { !$0.isEmpty }
      .joined(separator: "; ")
  }

  private static func toCome(_ status: HostStatus) -> String {
    guard let spool = status.spool else { return "-" }
    return spool.framesToCome.map { String($0) } ?? "?"
  }

  /// A host that a running collector doesn't watch any more left the fleet on purpose.
  private static func isTrouble(_ record: HostRecord, isCollected: Bool) -> Bool {
    let state = record.status.state
    return !state.isHealthy && !(isCollected && state == .stopped)
  }

  private func writeJSON(_ records: [HostRecord], _ gaps: [String: GapTotal]) {
    func text(_ moment: Timestamp?) -> String? {
      moment.map { RFC3339.string(nanoseconds: $0.nanoseconds) }
    }
    var writer = JSONWriter()
    for record in records {
      let status = record.status
      writer.object { json in
        json.field("host", status.host)
        json.field("address", status.address.isEmpty ? nil : status.address)
        json.field("state", status.state.rawValue)
        json.field("since", status.since.nanoseconds == 0 ? nil : text(status.since))
        json.field("retry_at", text(status.retryAt))
        json.field("last_row", text(record.lastRow))
        json.field("rows", record.rows)
        json.field("reconnects", status.reconnects)
        json.field("cpus", status.cpus)
        json.field("clock_offset", status.clockOffset)
        json.field("through", status.through)
        json.field("spool_hours", status.spool?.hours)
        json.field("frames_to_come", status.spool?.framesToCome.map { Int64(clamping: $0) })
        json.field("spool_problem", status.spool?.problem)
        let gone = gaps[status.host]
        json.field("gaps", gone?.gaps)
        json.field("frames_gone", gone.map { Int64(clamping: $0.frames) })
        json.field("gone_reason", gone?.lastReason.rawValue)
        json.field("gone_noted", text(gone?.lastNoted))
        json.field("last_error", status.lastError)
      }
      StandardOutput.write(writer.takeLine())
    }
  }

  private func writeTable(
    _ records: [HostRecord], _ gaps: [String: GapTotal], isCollected: Bool
  ) {
    if !isCollected { printError("culprit: no collector is running on this history") }
    var table = TextTable([
      ("HOST", .left), ("STATE", .left), ("SINCE", .left), ("LAST ROW", .left), ("ROWS", .right),
      ("RECONNECTS", .right), ("CLOCK", .right), ("SPOOL", .right), ("TO COME", .right),
      ("GONE", .left), ("ADDRESS", .left), ("THROUGH", .left), ("LAST ERROR", .left),
    ])
    for record in records {
      let status = record.status
      let until = status.retryAt.map { " until \(Moments.clock($0, zone.timeZone))" } ?? ""
      table.add([
        status.host, status.state.rawValue + until,
        status.since.nanoseconds == 0 ? "-" : Moments.date(status.since, zone.timeZone),
        record.lastRow.map { Moments.date($0, zone.timeZone) } ?? "-", String(record.rows),
        String(status.reconnects),
        status.clockOffset.map { ($0 < 0 ? "" : "+") + Figures.twoDecimals($0) + "s" } ?? "-",
        HostsCommand.spool(status), HostsCommand.toCome(status),
        gaps[status.host].map { "\($0.frames) (\($0.lastReason.rawValue))" } ?? "-",
        status.address.isEmpty ? "-" : status.address, status.through ?? "-",
        HostsCommand.trouble(status),
      ])
    }
    StandardOutput.write(table.text)
  }
}
