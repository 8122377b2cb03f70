import Bytes
import Foundation
import Records

/// Turns times that a log prints in a zone's local time into moments.
///
/// A time that comes twice (the clock is set back in autumn) is told by order; one that never
/// comes (the clock is set forward in spring) is read by the old offset, which puts it after the
/// gap.
struct LocalClock {
  private let timeZone: TimeZone
  /// Zones change at whole quarters of an hour, so a quarter with one offset has one throughout.
  private var quarter: Int64?
  private var quarterOffset: Int64 = 0

  init(_ timeZone: TimeZone) {
    self.timeZone = timeZone
  }

  /// The moment of `time`; of two the first that comes after `last`.
  mutating func resolve(_ time: CivilTime, after last: Timestamp?) -> Timestamp {
    let local = time.epochSeconds
    if quarter == local / 900 { return Timestamp(seconds: local - quarterOffset) }
    let offsets = offsets(ofLocal: local)
    guard offsets.count == 2 else {
      quarter = offsets.isValid ? local / 900 : nil
      quarterOffset = offsets.first
      return Timestamp(seconds: local - offsets.first)
    }
    quarter = nil
    let first = Timestamp(seconds: local - offsets.first)
    let second = Timestamp(seconds: local - offsets.second)
    guard let last, last >= first, second.seconds >= last.seconds else { return first }
    // In the same second as the row before: still the first pass through the hour.
    return first.seconds == last.seconds ? first : second
  }

  private struct Offsets {
    /// The offset that gives the earlier moment.
    var first: Int64
    var second: Int64
    /// Distinct moments: 2 where the time comes twice.
    var count: Int
    /// Whether the time comes at all.
    var isValid: Bool
  }

  private func offsets(ofLocal local: Int64) -> Offsets {
    let day: Int64 = 86400
    let before = offset(at: local - day)
    let after = offset(at: local + day)
    let beforeHolds = offset(at: local - before) == before
    let afterHolds = offset(at: local - after) == after
    if beforeHolds, afterHolds, before != after {
      return Offsets(
        first: max(before, after), second: min(before, after), count: 2, isValid: true)
    }
    if afterHolds, !beforeHolds {
      return Offsets(first: after, second: after, count: 1, isValid: true)
    }
    return Offsets(first: before, second: before, count: 1, isValid: beforeHolds)
  }

  private func offset(at seconds: Int64) -> Int64 {
    Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
  }
}
