import Bytes
import Records

/// A line of a scroll: of the merged one, or of one host's own.
struct ScrollLine: Sendable {
  enum Content: Sendable {
    case row(VmstatRow, cpus: Int?, load: Double? = nil)
    /// The host's connection changed its state.
    case status(HostStatus)
    /// No row came between two moments: a hole, shown as one.
    case gap(from: Timestamp, to: Timestamp)
    /// The viewer's mark.
    case mark
  }

  /// Empty where the line is of the whole fleet.
  let host: String
  let time: Timestamp
  let content: Content

  /// What search, filter and colour rules look at: the host, then the figures as vmstat prints
  /// them with single blanks between, or the sentence.
  func text(zone: ViewerZone) -> String {
    switch content {
    case .row(let row, _, _): LineText.of(host, row)
    case .status(let status): "\(Printable.text(host)) \(HostSentence.text(status, zone: zone))"
    case .gap(let from, let to): "\(Printable.text(host)) \(LineText.gap(from, to, zone))"
    case .mark: "mark"
    }
  }

  var isMark: Bool { if case .mark = content { true } else { false } }
}

/// Lines as text.
enum LineText {
  /// One string, filled byte by byte: thousands of lines are searched at one key.
  static func of(_ host: String, _ row: VmstatRow) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(128)
    bytes.append(contentsOf: Printable.text(host).utf8)
    for column in VmstatColumn.standard {
      bytes.append(UInt8(ascii: " "))
      append(row[column], to: &bytes)
    }
    if let guest = row[.gu] {
      bytes.append(UInt8(ascii: " "))
      append(guest, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `no rows 03:12:10–03:14:55`
  static func gap(_ from: Timestamp, _ to: Timestamp, _ zone: ViewerZone) -> String {
    "no rows \(zone.clock(from))–\(zone.clock(to))"
  }

  private static func append(_ value: Int64?, to bytes: inout [UInt8]) {
    guard let value else { return bytes.append(UInt8(ascii: "-")) }
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = value.magnitude
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
}
