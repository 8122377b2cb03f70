import History
import Records

/// About how much memory waits with what hosts said: bounds go by it where the history can't be
/// written, for a tick with thirty processes costs as much as thirty rows. Texts are bounded where
/// they are taken in.
enum EventCost {
  /// What may wait in one place, bytes.
  static let limit = 128 << 20

  private static let event = 1_000
  private static let process = 300
  private static let disk = 150
  private static let suspect = 700

  static func of(_ activity: HostActivity?) -> Int {
    (activity?.processes.count ?? 0) * process + (activity?.disks.count ?? 0) * disk
  }

  static func of(_ report: SuspectReport?) -> Int { (report?.suspects.count ?? 0) * suspect }

  static func of(_ delivery: FrameDelivery) -> Int {
    event + of(delivery.activity) + of(delivery.suspects)
  }

  static func of(_ event: FleetEvent) -> Int {
    switch event {
    case .delivery(let delivery): of(delivery)
    case .suspects(let report): self.event + of(report)
    case .activity(let activity): self.event + of(activity)
    case .listed(_, let streams): self.event + streams.count * MemoryLayout<StreamID>.stride
    case .traced(let record): record.hosts.reduce(self.event) { $0 + 3 * $1.encoded.count }
    case .sample, .status, .lost, .filled, .burst: self.event
    }
  }

  /// How many of the oldest are to go so that the others cost no more than `limit`.
  static func surplus(_ deliveries: [FrameDelivery], limit: Int) -> Int {
    var room = limit
    for (place, delivery) in deliveries.enumerated().reversed() {
      room -= of(delivery)
      if room < 0 { return place + 1 }
    }
    return 0
  }
}
