/// What watching itself costs, from the start on.
public struct OwnCost: Equatable, Sendable {
  /// Rows taken in.
  public var rows: Int
  public var rowsPerSecond: Double
  /// Bytes that hosts sent; `nil` where nobody counts them.
  public var receivedBytes: Int64?
  /// User and system time of the process, seconds.
  public var cpuSeconds: Double
  /// Of one CPU, per cent, over the last seconds.
  public var cpuPercent: Double
  /// Resident memory; `nil` where it can't be read.
  public var residentBytes: Int64?
  /// Screens drawn.
  public var frames: Int

  public init(
    rows: Int, rowsPerSecond: Double, receivedBytes: Int64?, cpuSeconds: Double,
    cpuPercent: Double, residentBytes: Int64?, frames: Int
  ) {
    self.rows = rows
    self.rowsPerSecond = rowsPerSecond
    self.receivedBytes = receivedBytes
    self.cpuSeconds = cpuSeconds
    self.cpuPercent = cpuPercent
    self.residentBytes = residentBytes
    self.frames = frames
  }

  /// One line. What nobody counts is left out, not 0.
  var text: String {
    // The most asked for first: 80 columns hold it all but for hours of a large fleet.
    var parts = [
      "CPU \(CompactNumber.tenths(cpuSeconds)) s (\(CompactNumber.tenths(cpuPercent)) %)"
    ]
    if let residentBytes { parts.append(CompactNumber.bytes(residentBytes)) }
    parts.append("\(rows) rows (\(CompactNumber.tenths(rowsPerSecond))/s)")
    if let receivedBytes { parts.append("\(CompactNumber.bytes(receivedBytes)) received") }
    parts.append("\(frames) screens")
    return "cost: " + parts.joined(separator: ", ")
  }
}
