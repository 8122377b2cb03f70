import Spool

/// What `run` is told of its sockets and its spool.
struct ResidentSettings {
  static let usualSocket = "/run/culprit/agent.sock"
  static let usualSpool = "/var/spool/culprit"

  var socket = usualSocket
  /// `nil`: nothing is kept.
  var spool: String? = usualSpool
  var spoolBytes = Spool.usualBytes
  /// Frames in memory: what a disk that hangs or a slow reader may fall behind.
  var memoryBytes = FrameRing.usualBytes
  /// Whether the second socket is there, for `process` and `trace`: said by root's file alone.
  var hasControl = false
  var syslog = SystemLog.usualPath

  /// What `--help` says of them.
  static let help = """
      --socket PATH           where clients come to (default \(usualSocket))
      --spool DIR             where frames are kept for a collector that is away
                              (default \(usualSpool); “none”: nowhere)
      --spool-size SIZE       as much as it may take, 1MiB to 64GiB (default 64MiB)
      --memory SIZE           frames kept in memory, for a disk that hangs, 256KiB to 1GiB
                              (default 2MiB)
      --syslog PATH           where it is logged who asked (default \(SystemLog.usualPath))
    """

  /// Takes `option` in, if it is one of them.
  mutating func take(
    _ option: String, _ reader: inout OptionReader
  ) throws(UsageError) -> Bool {
    switch option {
    case "--socket": socket = try ResidentSettings.place(try reader.value(of: option), option)
    case "--spool":
      let value = try reader.value(of: option)
      spool = value == "none" ? nil : try ResidentSettings.place(value, option)
    case "--spool-size":
      spoolBytes = try ResidentSettings.size(
        try reader.value(of: option), option, Spool.leastBytes...(64 << 30), "1MiB to 64GiB")
    case "--memory":
      memoryBytes = try ResidentSettings.size(
        try reader.value(of: option), option, (256 << 10)...(1 << 30), "256KiB to 1GiB")
    case "--syslog": syslog = try ResidentSettings.place(try reader.value(of: option), option)
    default: return false
    }
    return true
  }

  /// A daemon has no folder of its own that a relative path could mean.
  private static func place(_ text: String, _ option: String) throws(UsageError) -> String {
    guard text.hasPrefix("/"), text.utf8.count < 4096 else {
      throw UsageError("\(option) wants a path that begins with /, not “\(text)”")
    }
    return text
  }

  /// `64MiB`, `500MB`, `1GiB`, or bytes.
  static func size(
    _ text: String, _ option: String, _ range: ClosedRange<Int>, _ rangeText: String
  ) throws(UsageError) -> Int {
    let units: [(name: String, bytes: Int)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000),
      ("GB", 1_000_000_000), ("", 1),
    ]
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count)
    guard let number = Int(digits), let found = units.first(where: { $0.name == unit }),
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: found.bytes), !overflow,
      range.contains(bytes)
    else {
      throw UsageError("\(option) is from \(rangeText), such as 64MiB, not “\(text)”")
    }
    return bytes
  }
}
