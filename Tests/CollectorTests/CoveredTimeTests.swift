import Records
import Testing
import Wire

@testable import Collector

@Suite("the time that an agent's ticks cover")
struct CoveredTimeTests {
  private func covered(_ ticks: [(sequence: UInt64, interval: UInt64)]) -> Double {
    var encoder = FrameEncoder()
    for tick in ticks {
      var told = HostTick(time: Timestamp(seconds: 1), engine: .proc)
      told.intervalNanoseconds = tick.interval
      encoder.append(.tick(told), sequence: tick.sequence)
    }
    var (decoder, time) = (FrameDecoder(), CoveredTime())
    decoder.feed(encoder.bytes.span) { event in
      if case .frame(let frame) = event { time.note(frame) }
    }
    return time.seconds
  }

  @Test func eachTickCountsOnce() {
    #expect(covered([]) == 0)
    // The first of an agent that has just been started.
    #expect(covered([(1, 0)]) == 0)
    #expect(covered([(1, 0), (2, 1_000_000_000), (3, 500_000_000)]) == 1.5)
    // The past, and again as what is new.
    #expect(covered([(7, 1_000_000_000), (7, 1_000_000_000), (6, 1), (8, 1_000_000_000)]) == 2)
  }

  /// An agent may claim any interval; it has covered all that could be wanted then, and not nothing.
  @Test func whatIsClaimedBeyondMeasureIsNoLess() {
    #expect(covered([(1, .max), (2, 1_000_000_000)]) >= 1e9)
  }
}
