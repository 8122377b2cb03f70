import Bytes
import Glibc
import ProcFS
import Records
import Sampling
import Spool
import Synchronization
import Wire

/// What the sampler of a resident agent shares with those who keep its frames and hand them out.
final class Resident: Sendable {
  let ring: FrameRing
  /// `nil` where nothing is kept: of a temporary agent, or without `--spool`.
  let spool: SpoolKeeper?
  /// Why nothing is kept although it should be.
  private let spoolProblem: String?
  private let shelf = Mutex(IdentityShelf())
  private let hello: Mutex<Hello>

  init(hello: Hello, spool: SpoolKeeper?, spoolProblem: String? = nil, ringBytes: Int) {
    self.spoolProblem = spoolProblem
    ring = FrameRing(capacity: ringBytes)
    self.spool = spool
    self.hello = Mutex(hello)
  }

  var stream: StreamID { hello.withLock { $0.stream } }

  // MARK: The sampler's side

  /// Takes a tick's frames, and remembers who was introduced and who is at work.
  func take(_ output: Sampler.Output, from stream: inout FrameStream) {
    let now = MonotonicClock.now / 1_000_000_000
    shelf.withLock { shelf in
      stream.append(output) { process, frame in shelf.put(Array(frame), of: process, at: now) }
      shelf.see(output.tick, at: now)
    }
    stream.flush { ring.append($0) }
  }

  // MARK: The clients' side

  /// What is kept on disk.
  var inventory: SpoolInventory { spool?.inventory ?? SpoolInventory(problem: spoolProblem) }

  /// What a client hears before the frames of the moment: the hello, as of now, and who is at work;
  /// and from where it reads on.
  func greeting() -> (frames: [UInt8], cursor: FrameRing.Cursor) {
    // First the place: what is introduced meanwhile comes twice rather than not at all.
    let cursor = ring.end
    return (helloFrame() + introductions(), cursor)
  }

  /// Most that is told of the past at once.
  private static let pastBytes: UInt64 = 2 << 20

  /// The same for the last `seconds`: what the ring has of them, or the newest part of that.
  func past(seconds: Double) -> [UInt8] {
    let end = ring.end
    var seconds = min(seconds, 86_400)
    var cursor = ring.cursor(secondsBack: seconds)
    while end.position &- cursor.position > Resident.pastBytes, seconds > 1 {
      seconds /= 2
      cursor = ring.cursor(secondsBack: seconds)
    }
    var frames = helloFrame() + introductions()
    forEachPiece(from: cursor, to: end) { frames += $0 }
    return frames
  }

  /// Hands out what the ring has from one place to another, some whole frames at a time.
  func forEachPiece(
    from start: FrameRing.Cursor, to end: FrameRing.Cursor, _ body: ([UInt8]) -> Void
  ) {
    var cursor = start
    while cursor.position < end.position {
      let before = cursor
      var piece: [UInt8] = []
      _ = ring.read(from: &cursor, into: &piece, limit: 64 << 10)
      if cursor == before { break }
      body(piece)
    }
  }

  private func introductions() -> [UInt8] {
    shelf.withLock { $0.frames(at: MonotonicClock.now / 1_000_000_000) }
  }

  /// With the time of now: by it the collector measures the clock's offset.
  private func helloFrame() -> [UInt8] {
    var hello = hello.withLock { $0 }
    hello.time = HostFacts.now
    var encoder = FrameEncoder()
    encoder.append(.hello(hello), sequence: 1)
    return encoder.bytes
  }
}
