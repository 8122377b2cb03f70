import Bytes
import Records

/// A burst in words: since when, why, and who was seen waiting for what.
enum BurstText {
  private static let countsLimit = 6

  /// For a title: `burst since 03:12:04: io-pressure`; `nil` where none goes on.
  static func short(of host: WatchedHost, _ zone: ViewerZone) -> String? {
    guard host.isBursting, let burst = host.burst else { return nil }
    return "burst since \(zone.clock(burst.start)): \(burst.trigger.rawValue)"
  }

  static func lines(_ host: WatchedHost, _ state: WatchState) -> [ZoomLayout.Line] {
    guard let burst = host.burst else { return [] }
    let zone = state.zone
    let time =
      host.isBursting
      ? "burst since \(zone.clock(burst.start))"
      : "burst \(zone.clock(burst.start))–\(zone.clock(burst.end)), over"
    let looks = burst.looks == 1 ? "1 look" : "\(burst.looks) looks"
    let text = "\(time): \(burst.trigger.rawValue), \(looks): \(counts(burst))"
    return ZoomLayout.wrapped(text, width: state.columns).map {
      ZoomLayout.Line(text: $0, style: host.isBursting ? Style(.alarm) : .faint)
    }
  }

  /// `190 postgres ext4 journal commit`: in so many looks a process was seen to wait so.
  private static func counts(_ burst: Burst) -> String {
    guard !burst.counts.isEmpty else { return "nobody was seen waiting" }
    let shown = burst.counts.prefix(countsLimit).map { count in
      let name = Printable.text(
        String(decoding: count.name.bytes, as: UTF8.self), limit: TaskName.limit)
      return "\(count.looks) \(name) \(Printable.text(count.reason.name, limit: 40))"
    }
    let more = (burst.counts.count - shown.count).addingReportingOverflow(burst.omittedCounts)
      .partialValue
    return shown.joined(separator: ", ") + (more > 0 ? ", … \(more) more" : "")
  }
}
