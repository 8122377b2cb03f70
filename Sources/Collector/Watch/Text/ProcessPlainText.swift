import Bytes
import Records

/// `TIME HOST PID USER READ/s WRITE/s CPU% COMMAND` lines for what is no terminal. Of a tick each,
/// not means: who wants those can make them.
///
/// The fields before the command hold no blanks.
public struct ProcessPlainText: Sendable {
  /// Lines between two header lines.
  public static let headerEvery = 50

  public let zone: ViewerZone
  private let hostWidth: Int
  private var linesSinceHeader: Int?

  /// The width of the name column is that of the longest of `hosts`.
  public init(hosts: [String], zone: ViewerZone) {
    self.zone = zone
    let widths = hosts.map { DisplayWidth.of(PlainText.word($0)) }
    hostWidth = min(PlainText.hostWidthLimit, max(4, widths.max() ?? 4))
  }

  /// Appends a line for each process of a tick, the most bytes first, and one for those that the
  /// agent only counted.
  public mutating func append(_ activity: HostActivity, to output: inout [UInt8]) {
    let start =
      "\(zone.clock(activity.time)) \(PlainText.word(activity.host).padded(to: hostWidth)) "
    for process in activity.processes {
      append(start + fields(process, activity), to: &output)
    }
    guard activity.omittedProcesses > 0 else { return }
    let io = activity.omittedIO
    append(
      start
        + [
          "-".leftPadded(to: 7), "-".padded(to: 8),
          CompactNumber.byteRate(activity.perSecond(io.readBytes)).leftPadded(to: 8),
          CompactNumber.byteRate(activity.perSecond(io.writeBytes)).leftPadded(to: 8),
          "-".leftPadded(to: 5), "(\(activity.omittedProcesses) more)",
        ].joined(separator: " "), to: &output)
  }

  private func fields(_ process: ProcessActivity, _ activity: HostActivity) -> String {
    var watched = WatchedProcess(process)
    watched.take(process, slot: 0)
    var intervals = WatchedProcess.Slots(repeating: 0)
    intervals[0] = activity.intervalNanoseconds
    watched.average(over: intervals)
    let host = WatchedHost(name: activity.host, rows: 1, zone: zone)
    let command = ProcessText.command(watched, on: host, hasWait: false, hasPlace: false)
    return [
      "\(process.id.pid)".leftPadded(to: 7), PlainText.word(process.owner.user).padded(to: 8),
      ProcessText.bytes(watched.rates.readBytes, of: watched).leftPadded(to: 8),
      ProcessText.bytes(watched.rates.writeBytes, of: watched).leftPadded(to: 8),
      ProcessText.cpu(watched).leftPadded(to: 5), Printable.text(command),
    ].joined(separator: " ")
  }

  private mutating func append(_ line: String, to output: inout [UInt8]) {
    if linesSinceHeader == nil || linesSinceHeader == Self.headerEvery {
      output.append(contentsOf: header.utf8)
      output.append(UInt8(ascii: "\n"))
      linesSinceHeader = 0
    }
    linesSinceHeader = (linesSinceHeader ?? 0) + 1
    output.append(contentsOf: line.utf8)
    output.append(UInt8(ascii: "\n"))
  }

  private var header: String {
    [
      "TIME".padded(to: 8), "HOST".padded(to: hostWidth), "PID".leftPadded(to: 7),
      "USER".padded(to: 8), "READ/s".leftPadded(to: 8), "WRITE/s".leftPadded(to: 8),
      "CPU%".leftPadded(to: 5), "COMMAND",
    ].joined(separator: " ")
  }
}
