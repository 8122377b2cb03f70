import Bytes
import Records

/// `TIME HOST ROW` lines for what is no terminal: pipes, files, `--plain`. No colours, no
/// control characters, whatever the host sent.
///
/// Fields are separated by blanks, and TIME and HOST hold none, so that awk can take them apart.
public struct PlainText: Sendable {
  public enum TimeStyle: Sendable {
    /// `03:12:04`, in the viewer's zone.
    case clock
    /// `2026-11-23T04:12:04+01:00`: RFC 3339 to the second, in the viewer's zone.
    case dateAndClock
  }

  /// Widest name that is given room; a longer one pushes its row to the right.
  public static let hostWidthLimit = 24

  public let zone: ViewerZone
  public let timeStyle: TimeStyle
  /// Rows between two header lines; `nil`: one header at the start.
  public let headerEvery: Int?

  private let hostWidth: Int
  private var columns = VmstatColumn.standard
  private var rowsSinceHeader: Int?
  /// Names made printable and padded, so that it is done once per host.
  private var paddedNames: [String: [UInt8]] = [:]
  /// Most names remembered: a fleet's worth.
  private static let namesLimit = 20_000

  /// The width of the name column is that of the longest of `hosts`.
  public init(
    hosts: [String], zone: ViewerZone, timeStyle: TimeStyle = .clock, headerEvery: Int? = 50
  ) {
    self.zone = zone
    self.timeStyle = timeStyle
    self.headerEvery = headerEvery
    let widths = hosts.map { DisplayWidth.of(PlainText.word($0)) }
    hostWidth = min(PlainText.hostWidthLimit, max(4, widths.max() ?? 4))
  }

  /// Appends the line of a sample with its newline, and before it a header line where one is
  /// due: at the start, every `headerEvery` rows, and when a column comes in that no row had.
  public mutating func append(_ sample: HostSample, to output: inout [UInt8]) {
    if widen(for: sample.row) { rowsSinceHeader = nil }
    if rowsSinceHeader == nil || rowsSinceHeader == headerEvery {
      append(header, to: &output)
      rowsSinceHeader = 0
    }
    rowsSinceHeader = (rowsSinceHeader ?? 0) + 1
    appendTimeAndHost(sample.time, sample.host, to: &output)
    for (index, column) in columns.enumerated() {
      if index > 0 { output.append(UInt8(ascii: " ")) }
      appendNumber(sample.row[column], width: VmstatLayout.width(of: column), to: &output)
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// Appends `TIME HOST STATE: what happened`, so that a host that stopped sending says so.
  public mutating func append(_ status: HostStatus, to output: inout [UInt8]) {
    appendTimeAndHost(status.since, status.host, to: &output)
    append(HostSentence.text(status, zone: zone), to: &output)
  }

  /// The column names over the columns, without newline.
  public var header: String {
    let time = "TIME".padded(to: timeStyle == .clock ? 8 : 25)
    let names = columns.map { $0.name.leftPadded(to: VmstatLayout.width(of: $0)) }
    return "\(time) \("HOST".padded(to: hostWidth)) \(names.joined(separator: " "))"
  }

  private mutating func widen(for row: VmstatRow) -> Bool {
    let guest = row[.gu] != nil && !columns.contains(.gu)
    let active = (row[.inact] != nil || row[.active] != nil) && !columns.contains(.active)
    guard guest || active else { return false }
    columns = VmstatLayout.columns(
      guest: guest || columns.contains(.gu), active: active || columns.contains(.active))
    return true
  }

  private mutating func appendTimeAndHost(
    _ time: Timestamp, _ host: String, to output: inout [UInt8]
  ) {
    switch timeStyle {
    case .clock: output.append(contentsOf: zone.clock(time).utf8)
    case .dateAndClock: output.append(contentsOf: zone.dateAndClock(time).padded(to: 25).utf8)
    }
    output.append(UInt8(ascii: " "))
    output.append(contentsOf: paddedName(host))
    output.append(UInt8(ascii: " "))
  }

  private mutating func paddedName(_ host: String) -> [UInt8] {
    if let known = paddedNames[host] { return known }
    let name = Array(PlainText.word(host).padded(to: hostWidth).utf8)
    if paddedNames.count < PlainText.namesLimit { paddedNames[host] = name }
    return name
  }

  /// A name as one word: its blanks become `_`.
  static func word(_ name: String) -> String {
    let text = Printable.text(name)
    let spaces = text.unicodeScalars.contains { $0.properties.isWhitespace }
    guard spaces || text.isEmpty else { return text }
    return text.isEmpty ? "_" : String(text.map { $0.isWhitespace ? "_" : $0 })
  }

  private func append(_ line: String, to output: inout [UInt8]) {
    output.append(contentsOf: line.utf8)
    output.append(UInt8(ascii: "\n"))
  }

  /// The digits right-aligned, without a string on the way.
  private func appendNumber(_ value: Int64?, width: Int, to output: inout [UInt8]) {
    guard let value else {
      for _ in 1..<width { output.append(UInt8(ascii: " ")) }
      output.append(UInt8(ascii: "-"))
      return
    }
    let start = output.count
    var rest = value.magnitude
    repeat {
      output.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    if value < 0 { output.append(UInt8(ascii: "-")) }
    while output.count - start < width { output.append(UInt8(ascii: " ")) }
    output[start...].reverse()
  }
}
