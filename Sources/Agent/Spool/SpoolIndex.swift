import Records
import Synchronization
import Wire

/// What is in a spool, known without asking its disk: that may hang. Shared by who writes the
/// spool, who reads it, and who tells of it.
final class SpoolIndex: Sendable {
  private struct State {
    /// The oldest first; the last one may be growing.
    var segments: [SpoolSegment] = []
    var problem: String?
    /// Numbers of pieces that were damaged and removed, and the highest of those that can't be used
    /// and stay.
    var damaged: Set<UInt64> = []
    var highestUnusable: UInt64 = 0
  }

  private let state = Mutex(State())
  let limitBytes: Int

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  var segments: [SpoolSegment] { state.withLock { $0.segments } }

  var usedBytes: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.fileBytes } } }

  func setProblem(_ problem: String?) { state.withLock { $0.problem = problem } }

  func append(_ segment: SpoolSegment) { state.withLock { $0.segments.append(segment) } }

  func noteDamaged(_ number: UInt64) { state.withLock { _ = $0.damaged.insert(number) } }

  func noteUnusable(_ number: UInt64) {
    state.withLock { $0.highestUnusable = max($0.highestUnusable, number) }
  }

  /// The number of the next piece.
  var nextNumber: UInt64 {
    state.withLock { max($0.segments.last?.number ?? 0, $0.highestUnusable) &+ 1 }
  }

  /// Why frames right before those of this piece aren't there: the ring lets go of its oldest piece
  /// only, so that a hole is damage.
  func reasonOfLoss(before segment: SpoolSegment) -> GapReason {
    state.withLock { state in
      let isHole = state.segments.contains {
        $0.stream == segment.stream && $0.number < segment.number
      }
      let wasDamaged = state.damaged.contains { $0 < segment.number }
      return isHole || wasDamaged ? .damaged : .spoolFull
    }
  }

  /// Puts `segment` in the place of the one that has its number.
  func update(_ segment: SpoolSegment) {
    state.withLock { state in
      guard let place = state.segments.lastIndex(where: { $0.number == segment.number }) else {
        return
      }
      state.segments[place] = segment
    }
  }

  func remove(number: UInt64) { state.withLock { $0.segments.removeAll { $0.number == number } } }

  func segment(number: UInt64) -> SpoolSegment? {
    state.withLock { $0.segments.first { $0.number == number } }
  }

  /// Pieces that hold frames of `stream` from `first` on, in their order.
  func segments(of stream: StreamID, from first: UInt64) -> [SpoolSegment] {
    state.withLock { $0.segments.filter { $0.stream == stream && $0.last >= first } }
  }

  var inventory: SpoolInventory {
    let (segments, problem) = state.withLock { ($0.segments, $0.problem) }
    return SpoolInventory(
      usedBytes: UInt64(segments.reduce(0) { $0 + $1.fileBytes }),
      limitBytes: UInt64(limitBytes), spanSeconds: span(of: segments), problem: problem,
      held: SpoolIndex.held(by: segments))
  }

  private static func held(by segments: [SpoolSegment]) -> [SpoolInventory.Held] {
    var held: [SpoolInventory.Held] = []
    for segment in segments {
      let none = Timestamp(nanoseconds: 0)
      if let last = held.last, last.stream == segment.stream {
        held[held.count - 1].last = segment.last
        if last.oldest == none { held[held.count - 1].oldest = segment.oldest ?? none }
        held[held.count - 1].newest = segment.newest ?? last.newest
      } else {
        held.append(
          SpoolInventory.Held(
            stream: segment.stream, first: segment.first, last: segment.last,
            oldest: segment.oldest ?? none, newest: segment.newest ?? none))
      }
    }
    return held
  }

  /// Pieces whose rate says how fast the spool fills.
  private static let measuredSegments = 16
  /// What less than this long has shown says nothing yet, seconds.
  private static let leastSeconds = 10.0

  /// How long the spool lasts at the rate of its newest pieces. Before one was compressed it is
  /// what it would be without, which is less.
  private func span(of segments: [SpoolSegment]) -> UInt64? {
    let sealed = segments.filter(\.isSealed)
    let measured = (sealed.isEmpty ? segments : sealed).suffix(SpoolIndex.measuredSegments)
    var (bytes, seconds) = (0, 0.0)
    for segment in measured {
      guard let oldest = segment.oldest, let newest = segment.newest else { continue }
      // A clock that was set meanwhile says nothing of the time that passed.
      let span = newest.seconds(since: oldest)
      guard span > 0, span < 86_400 * 7 else { continue }
      bytes += segment.fileBytes
      seconds += span
    }
    guard bytes > 0, seconds >= SpoolIndex.leastSeconds else { return nil }
    return UInt64(Double(limitBytes) / (Double(bytes) / seconds))
  }
}
