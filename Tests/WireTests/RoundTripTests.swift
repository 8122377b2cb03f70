import Records
import TestSupport
import Testing

@testable import Wire

@Suite("frames come back as they were")
struct RoundTripTests {
  @Test("random records", arguments: 0..<40 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let frame = generator.frame()
      #expect(try #require(Stream.only(Stream.bytes([frame]))) == frame)
    }
  }

  @Test("any chunks give the same events", arguments: [1, 2, 3, 7, 23, 24, 25, 100, 4096])
  func chunks(size: Int) {
    var generator = SeededGenerator(seed: 7)
    let frames = (0..<30).map { _ in generator.frame() }
    let bytes = Array("rubbish".utf8) + Stream.bytes(frames) + [0xFF] + Stream.sentinelBytes
    let events = Stream.events(bytes, chunk: size)
    #expect(Stream.frames(events).map(\.frame) == frames + [Stream.sentinel])
    #expect(events == Stream.events(bytes))
  }

  @Test("sequence, place and size")
  func places() {
    let frames = Record.all.map(\.frame)
    let bytes = Stream.bytes(frames, from: 9)
    let decoded = Stream.frames(Stream.events(bytes))
    #expect(decoded.map(\.sequence) == (9..<(9 + UInt64(frames.count))).map { $0 })
    var offset: UInt64 = 0
    for frame in decoded {
      #expect(frame.offset == offset)
      offset += UInt64(frame.byteCount)
    }
    #expect(offset == UInt64(bytes.count))
  }

  @Test("a frame belongs to the stream whose hello came before")
  func streams() {
    let old = StreamID(boot: BootID(high: 1, low: 2), number: 3)
    let new = StreamID(boot: BootID(high: 4, low: 5), number: 3)
    let time = Timestamp(nanoseconds: 0)
    var encoder = FrameEncoder(stream: old)
    encoder.append(Stream.sentinel, sequence: 1)
    encoder.append(.hello(Hello(stream: old, time: time, engine: .bpf)), sequence: 2)
    encoder.append(Stream.sentinel, sequence: 3)
    encoder.append(.hello(Hello(stream: new, time: time, engine: .bpf)), sequence: 1)
    encoder.append(Stream.sentinel, sequence: 2)
    var behind = FrameEncoder(stream: old)
    behind.append(Stream.sentinel, sequence: 4)
    let streams = Stream.frames(Stream.events(encoder.bytes + behind.bytes)).map(\.stream)
    #expect(streams == [nil, old, old, new, new, old])
  }

  @Test("absences stay what they are, and a known 0 is known", arguments: 0..<5)
  func absences(kind: Int) throws {
    let reading: Reading<UInt64> = [.known(0), .denied, .disabled, .unsupported, .gap][kind]
    var tick = HostTick(time: Timestamp(nanoseconds: 5), engine: .proc)
    tick.memory.dirtyKiB = reading
    tick.memory.swapFreeKiB = reading
    let stall = reading.map { Stall(someMicroseconds: $0, fullMicroseconds: $0) }
    tick.pressure = Pressure(cpu: .gap, io: stall, memory: .disabled)
    var sample = ProcessSample(id: ProcessID(pid: 1, startTicks: 1))
    sample.io = reading.map { _ in IOCounters() }
    sample.swapDelayNanoseconds = reading
    tick.processes = [sample]
    #expect(try #require(Stream.only(Stream.bytes([.tick(tick)]))) == .tick(tick))
  }

  @Test("not-a-number stays none")
  func notANumber() throws {
    var tick = HostTick(time: Timestamp(nanoseconds: 5), engine: .proc)
    tick.load = LoadAverage(oneMinute: .nan, fiveMinutes: 0.07, fifteenMinutes: -0.0)
    guard case .tick(let read) = Stream.only(Stream.bytes([.tick(tick)])) else {
      Issue.record("no tick")
      return
    }
    let load = try #require(read.load)
    #expect(load.oneMinute.isNaN)
    #expect(load.fiveMinutes == 0.07)
    #expect(load.fifteenMinutes.sign == .minus)
  }
}
