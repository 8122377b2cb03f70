import GRDB
import Records

/// What a follower has seen of each host. A new one has seen nothing.
public struct FollowCursor: Sendable {
  struct Place {
    /// Time of the last row handed over, on the host's clock.
    var time: Int64
    /// How many rows the host had sent by then.
    var arrived: Int64
  }

  var places: [Int64: Place] = [:]
  /// Whether it was used: a host that has no place yet is a new one then.
  var hasStarted = false

  public init() {}
}

/// A host's rows that a follower hasn't seen yet: those after `seen`, through `last`.
struct FollowSpan {
  var host: Int64
  var seen: Int64
  var last: Int64
  var arrived: Int64

  /// What the counters say has come since `place`; `nil` where nothing did.
  ///
  /// Where the host's clock went back, its newest rows lie before what was seen already; then
  /// `isBehind` says so.
  init?(host: Int64, arrived: Int64, last: Int64, since place: FollowCursor.Place) {
    guard arrived != place.arrived else { return nil }
    self.host = host
    self.arrived = arrived
    self.last = last
    seen = place.time
  }

  var isBehind: Bool { last <= seen }
}

extension FollowSpan {
  /// Spans that lie closer than this are read in one go: the hosts' clocks agree to seconds, and
  /// a range that holds everybody's rows is read faster than each host's own.
  private static let nearNanoseconds: Int64 = 10_000_000_000

  /// The ranges of time to read: the spans, the near ones as one.
  static func ranges(_ spans: [FollowSpan]) -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
    for span in spans.sorted(by: { $0.seen < $1.seen }) {
      let reach = ranges.last?.upperBound.addingReportingOverflow(nearNanoseconds)
      if let reach, let last = ranges.last, reach.overflow || span.seen <= reach.partialValue {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, span.last)
      } else {
        ranges.append(span.seen...span.last)
      }
    }
    return ranges
  }
}
