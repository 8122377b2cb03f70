import Bytes
import Glibc
import Records
import Spool
import Synchronization
import Wire

/// Brings frames from the ring to the disk, on a thread of its own: the disk may hang, and nobody
/// else is to wait for it. What the ring has let go meanwhile is told by a gap frame.
final class SpoolKeeper: Sendable {
  private struct State {
    var isEnding = false
    var hasEnded = false
    /// Since when a call to the disk is under way; CLOCK_MONOTONIC, nanoseconds.
    var busySince: UInt64?
    var isTroubled = false
  }

  /// After this long a disk that doesn't answer is told of.
  private static let patience: UInt64 = 3_000_000_000
  /// How long after a failure the next attempt is made, milliseconds.
  private static let retryMilliseconds: Int32 = 5000
  private static let chunkBytes = 64 << 10

  let spool: Spool
  private let state = Mutex(State())
  private let wake: WakeEvent

  init(_ spool: Spool) throws(Failure) {
    self.spool = spool
    wake = try WakeEvent()
  }

  /// Starts to keep the frames of `ring`, from its oldest on.
  func start(_ ring: FrameRing, stream: StreamID) throws(Failure) {
    ring.notify(wake)
    try AgentThread.start { [self] in
      run(ring, stream)
      state.withLock { $0.hasEnded = true }
    }
  }

  /// What the spool holds. Never waits for the disk.
  var inventory: SpoolInventory {
    var inventory = spool.inventory
    guard let since = state.withLock({ $0.busySince }) else { return inventory }
    let waited = MonotonicClock.now &- since
    if waited > SpoolKeeper.patience {
      inventory.problem =
        "the disk of \(spool.path) hasn't answered for \(waited / 1_000_000_000) s"
    }
    return inventory
  }

  /// Writes what is left, and seals it; waits for that, but not for a disk that hangs.
  func finish(milliseconds: Int) {
    state.withLock { $0.isEnding = true }
    wake.signal()
    for _ in 0..<(milliseconds / 10) where !state.withLock({ $0.hasEnded }) { usleep(10_000) }
  }

  private func run(_ ring: FrameRing, _ stream: StreamID) {
    var writer = spool.writer(of: stream)
    var cursor = ring.start
    // The stream begins with its first frame, whatever the ring still has.
    cursor.sequence = 1
    while true {
      let isEnding = state.withLock { $0.isEnding }
      do throws(SpoolError) {
        try write(ring, &cursor, stream, &writer)
        if isEnding {
          try guarding { () throws(SpoolError) in try writer.finish() }
          return
        }
        clearTrouble()
        wake.wait(milliseconds: 1000)
      } catch {
        note(error)
        if isEnding { return }
        wake.absorb()
        wake.wait(milliseconds: SpoolKeeper.retryMilliseconds)
      }
    }
  }

  /// Writes all that the ring has. What could not be written stays to be written.
  private func write(
    _ ring: FrameRing, _ cursor: inout FrameRing.Cursor, _ stream: StreamID,
    _ writer: inout SpoolWriter
  ) throws(SpoolError) {
    while true {
      var next = cursor
      var frames: [UInt8] = []
      let missed = ring.read(from: &next, into: &frames, limit: SpoolKeeper.chunkBytes)
      if let missed { frames = GapFrame.bytes(missed, .spoolFailed, of: stream) }
      guard !frames.isEmpty else { break }
      let now = MonotonicClock.now
      try guarding { () throws(SpoolError) in try writer.append(frames.span, at: now) }
      cursor = next
    }
    try guarding { () throws(SpoolError) in try writer.tend(at: MonotonicClock.now) }
  }

  /// Runs what may hang, so that others can tell that it does.
  private func guarding(_ body: () throws(SpoolError) -> Void) throws(SpoolError) {
    state.withLock { $0.busySince = MonotonicClock.now }
    defer { state.withLock { $0.busySince = nil } }
    try body()
  }

  private func note(_ error: SpoolError) {
    let isNews = state.withLock { state in
      defer { state.isTroubled = true }
      return !state.isTroubled
    }
    if isNews { Output.complain("no frames are kept for now: \(error.description)") }
    spool.note(problem: error.description)
  }

  private func clearTrouble() {
    let wasTroubled = state.withLock { state in
      defer { state.isTroubled = false }
      return state.isTroubled
    }
    guard wasTroubled else { return }
    Output.complain("frames are kept again in \(spool.path)")
    spool.note(problem: nil)
  }
}
