/// Where a sample came from. With host and time it is what makes a stored row unique.
public enum SampleSource: Int, CaseIterable, Sendable {
  /// `vmstat` run on the host while we listened.
  case vmstat = 1
  /// A saved vmstat log, read by `culprit import`.
  case imported = 2
  /// The agent on the host, while we listened: the same columns by the same arithmetic.
  case agent = 3

  /// The name in SQL and JSON.
  public var name: String {
    switch self {
    case .vmstat: "vmstat"
    case .imported: "import"
    case .agent: "agent"
    }
  }

  /// Whether the host itself sent it while a collector listened.
  public var isLive: Bool { self != .imported }
}

/// One reading of a host: a vmstat row, and the load average where it was read with it.
public struct HostSample: Equatable, Sendable {
  /// The host's name as the fleet file gives it.
  public var host: String
  /// The end of the interval the row covers, on the host's clock.
  public var time: Timestamp
  public var source: SampleSource
  public var row: VmstatRow
  /// Read every few seconds only; `nil` in between.
  public var load: LoadAverage?
  /// CPUs online when the row was taken; `nil` where the host didn't say.
  public var cpus: Int?

  public init(
    host: String, time: Timestamp, source: SampleSource, row: VmstatRow,
    load: LoadAverage? = nil, cpus: Int? = nil
  ) {
    self.host = host
    self.time = time
    self.source = source
    self.row = row
    self.load = load
    self.cpus = cpus
  }
}
