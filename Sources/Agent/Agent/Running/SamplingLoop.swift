import Bytes
import Glibc
import Records
import Sampling

/// Ticks and looks, one after the other, until the time is up or somebody stops it.
struct SamplingLoop: ~Copyable {
  private(set) var sampler: Sampler
  private let limitNanoseconds: UInt64?
  /// So many ticks are taken, whatever time is up.
  var leastTicks = 1
  /// Waits until a moment of CLOCK_MONOTONIC, or until it is stopped.
  var sleep: (UInt64) -> Void = { Stopper.sleep(until: $0) }

  init(_ options: SamplerOptions) throws(Failure) {
    do throws(EngineError) {
      sampler = try Sampler(options.settings)
    } catch {
      throw Failure(EngineErrorText.of(error, wish: options.settings.engine))
    }
    limitNanoseconds = options.limitNanoseconds
  }

  /// Calls `body` after each tick, the first one too, which has nothing to compare with.
  /// `look` is given what each fast look found waiting.
  mutating func run(
    _ body: (inout Sampler.Output) -> Void, look: ([WaitingTask]) -> Void = { _ in }
  ) throws(Failure) {
    Stopper.listen()
    var output = Sampler.Output()
    let start = MonotonicClock.now
    var due = start
    let end = limitNanoseconds.map { start &+ $0 }
    var ticks = 0
    while !Stopper.isStopped {
      do throws(EngineError) {
        try sampler.sample(into: &output)
      } catch {
        throw Failure(EngineErrorText.of(error, wish: .auto))
      }
      body(&output)
      ticks += 1
      // The time is up with the last tick that fits, not in the middle of one.
      if let end, ticks >= leastTicks,
        MonotonicClock.now &+ sampler.pace.intervalNanoseconds / 2 > end
      {
        return
      }
      due = SamplingLoop.next(after: due, sampler.pace.intervalNanoseconds)
      try wait(until: due, look)
    }
  }

  /// Waits for the next tick, with fast looks in between as long as a burst goes on.
  private mutating func wait(
    until due: UInt64, _ look: ([WaitingTask]) -> Void
  ) throws(Failure) {
    while sampler.wantsLooks, !Stopper.isStopped {
      let next = MonotonicClock.now &+ sampler.lookNanoseconds
      guard next < due else { break }
      sleep(next)
      do throws(EngineError) {
        try sampler.look(look)
      } catch {
        throw Failure(EngineErrorText.of(error, wish: .auto))
      }
    }
    sleep(due)
  }

  /// Ticks that were missed (the host stood still) are not made up for.
  private static func next(after due: UInt64, _ interval: UInt64) -> UInt64 {
    let now = MonotonicClock.now
    let next = due &+ interval
    return next > now ? next : now &+ interval &- (now &- due) % interval
  }
}

extension SamplingLoop {
  /// How long ago a moment of CLOCK_MONOTONIC was.
  static func text(since start: UInt64) -> String {
    "\((MonotonicClock.now &- start) / 1_000_000) ms"
  }
}

enum EngineErrorText {
  static func of(_ error: EngineError, wish: EngineWish) -> String {
    switch error {
    case .unavailable(let why):
      wish == .bpf ? "\(why); --engine auto takes /proc instead" : why
    case .failed(let call, let code):
      "\(call): \(String(cString: strerror(code)))"
    }
  }
}
