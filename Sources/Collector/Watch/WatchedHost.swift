import Bytes
import Records

/// What the screen knows of one host.
struct WatchedHost: Sendable {
  let name: String
  /// Cells of the name as it is shown.
  let nameWidth: Int
  var status: HostStatus
  private(set) var sample: HostSample?
  /// When the last row came, on the viewer's clock.
  private(set) var arrival: Timestamp?
  private(set) var cpus: Int?
  /// The load average comes with every few rows only; it stands until the next or until it is
  /// too old to be told as news.
  private var load: (average: LoadAverage, time: Timestamp)?
  /// Tasks running or blocked (`r` + `b`) of the last rows; `nil` is a gap in them.
  private(set) var pressure = RecentValues<Int64?>(capacity: pressureCapacity)
  private(set) var trouble = TroubleLevel()

  static let pressureCapacity = 60
  static let loadValidSeconds = 30.0

  init(name: String) {
    self.name = name
    nameWidth = DisplayWidth.of(Printable.text(name))
    status = HostStatus(host: name)
  }

  /// Whether its line shows figures: rows arrive.
  var showsFigures: Bool { status.state.isHealthy && sample != nil }

  /// Nothing about it asks for a look.
  var isQuiet: Bool {
    guard trouble.level == 0 else { return false }
    switch status.state {
    case .connected, .waiting, .connecting: return true
    default: return false
    }
  }

  var loadAverage: LoadAverage? {
    guard let load, let sample, sample.time.elapsed(since: load.time) <= Self.loadValidSeconds
    else { return nil }
    return load.average
  }

  /// A row proves that rows arrive, whatever was last said of the connection's progress.
  mutating func take(_ sample: HostSample, at now: Timestamp) {
    self.sample = sample
    arrival = now
    cpus = Self.credible(sample.cpus) ?? cpus
    if let average = sample.load { load = (average, sample.time) }
    pressure.append(Self.pressure(sample.row))
    switch status.state {
    case .waiting, .connecting, .stale:
      status.state = .connected
      status.since = now
    default: break
    }
    trouble.feed(TroubleScore.of(sample.row, cpus: cpus))
  }

  mutating func take(_ status: HostStatus) {
    self.status = status
    cpus = Self.credible(status.cpus) ?? cpus
    // One gap is enough to show that rows are missing.
    if !status.state.isHealthy, pressure.last ?? nil != nil { pressure.append(nil) }
  }

  mutating func settle(at now: Timestamp) {
    if !status.state.isHealthy { trouble.feed(TroubleScore.of(status)) }
    trouble.settle(at: now)
  }

  /// A host may say anything; no machine has this many.
  private static func credible(_ cpus: Int?) -> Int? {
    cpus.flatMap { (1...1_000_000).contains($0) ? $0 : nil }
  }

  private static func pressure(_ row: VmstatRow) -> Int64? {
    guard row[.r] != nil || row[.b] != nil else { return nil }
    return max(0, (row[.r] ?? 0).addingReportingOverflow(row[.b] ?? 0).partialValue)
  }
}
