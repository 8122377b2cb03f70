import Foundation
import Records
import TestSupport
import Testing

@testable import Wire

/// Frames that a spool keeps in columns.
@Suite("packed frames")
struct PackingTests {
  private func roundTrip(_ frames: [UInt8]) throws -> [UInt8] {
    let packed = try #require(FramePacking.pack(frames))
    #expect(FramePacking.unpack(packed, limit: frames.count) == frames)
    return packed
  }

  /// Frames of a stream with every field that there is anywhere in its range: nothing is left out
  /// of the layouts.
  @Test("whatever a stream says comes back bit for bit", arguments: 0..<20 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var frames: [Frame] = []
    while frames.count < 40 {
      switch generator.frame() {
      case .hello, .request, .answer: continue
      case .tick(let tick): frames.append(.tick(PackingTests.bounded(tick)))
      case .before(let tick): frames.append(.before(PackingTests.bounded(tick)))
      case let frame: frames.append(frame)
      }
    }
    _ = try roundTrip(Stream.bytes(frames, from: seed))
  }

  /// No process of this one has used a CPU for longer than 292 years.
  private static func bounded(_ tick: HostTick) -> HostTick {
    var tick = tick
    for index in tick.processes.indices { tick.processes[index].cpuNanoseconds >>= 1 }
    return tick
  }

  @Test("the records of all kinds, and a hello repeated in the middle")
  func records() throws {
    let frames = Record.all.map(\.frame).filter {
      switch $0 {
      case .hello, .request, .answer: false
      default: true
      }
    }
    let hello = Stream.bytes([
      .hello(Hello(stream: Stream.id, time: .init(nanoseconds: 7), engine: .bpf))
    ])
    _ = try roundTrip(hello + Stream.bytes(frames, from: 900))
    #expect(try roundTrip(hello).count > 4)
  }

  /// A gap frame's number is that of the last that it stands for.
  @Test("numbers needn't follow each other")
  func numbers() throws {
    var encoder = FrameEncoder(stream: Stream.id)
    for number in [5, 6, 99, 100, 3, .max] as [UInt64] {
      encoder.append(Stream.sentinel, sequence: number)
    }
    _ = try roundTrip(encoder.bytes)
  }

  @Test("a tick of the same processes costs a fraction")
  func steady() throws {
    let ticks = (0..<100).map { PackingTests.tick(second: $0) }
    let frames = Stream.bytes(ticks.map { .tick($0) })
    let packed = try roundTrip(frames)
    #expect(packed.count * 2 < frames.count, "\(packed.count) of \(frames.count)")
  }

  static func tick(second: Int64) -> HostTick {
    var tick = HostTick(time: Timestamp(seconds: 1_800_000_000 + second), engine: .bpf)
    for pid in 1...20 as ClosedRange<Int32> {
      var io = IOCounters()
      io.writeBytes = UInt64(second) * 4096
      let name = Array("worker-\(pid)".utf8)
      let process = ProcessSample(
        id: ProcessID(pid: pid * 1000, startTicks: UInt64(pid) * 777), parentPID: 4711,
        name: TaskName(name.span), io: .known(io),
        cpuNanoseconds: UInt64(pid) * 1_000_000 + UInt64(second) * 17_000)
      tick.processes.append(process)
    }
    return tick
  }

  // MARK: What isn't packed

  @Test("what this version doesn't know is left as it is")
  func unknown() {
    func pack(version: UInt8 = FrameFormat.version, _ body: (inout PayloadWriter) -> Void)
      -> [UInt8]?
    {
      var encoder = FrameEncoder(stream: Stream.id)
      encoder.append(.tick, version: version, 1, body)
      return FramePacking.pack(encoder.bytes)
    }
    #expect(pack { $0.number(TickField.cpus, 4) } != nil)
    #expect(pack { $0.number(200, 4) } != nil, "a number says how it lies")
    #expect(pack(version: 9) { $0.number(TickField.cpus, 4) } == nil)
    // A bit that a newer agent has in its rows.
    #expect(
      pack {
        $0.row.number(63, 1)
        $0.finishRow(TickField.memory)
      } == nil)
    #expect(
      pack {
        $0.row.number(3, .max)
        $0.finishRow(TickField.process)
      } == nil)
    // A number that could be written shorter, a field that ends too early.
    #expect(
      pack { for byte in [UInt8(TickField.cpus << 3), 0x84, 0] { $0.appendRaw(byte) } } == nil)
    #expect(pack { $0.appendRaw(UInt8(TickField.symbol << 3 | 2)) } == nil)
    #expect(FramePacking.pack([]) == nil && FramePacking.pack([1, 2, 3]) == nil)
  }

  @Test("damaged frames, and frames of two streams, are left as they are")
  func damaged() {
    let frames = Stream.bytes([Stream.sentinel, Stream.sentinel])
    for place in frames.indices {
      var bytes = frames
      bytes[place] ^= 0x40
      #expect(FramePacking.pack(bytes) == nil, "\(place)")
    }
    for end in 1..<frames.count where end != frames.count / 2 {
      #expect(FramePacking.pack(Array(frames[..<end])) == nil, "\(end)")
    }
    var other = FrameEncoder(stream: StreamID(boot: Stream.id.boot, number: 5))
    other.append(Stream.sentinel, sequence: 3)
    #expect(FramePacking.pack(frames + other.bytes) == nil)
  }

  /// A disk may have any byte wrong: frames or nothing, and never more than was asked for.
  @Test("damaged columns give frames or nothing", arguments: 0..<8 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let frames = Stream.bytes((0..<6).map { _ in .tick(PackingTests.bounded(generator.tick())) })
    let packed = try roundTrip(frames)
    for _ in 0..<400 {
      var bytes = packed
      for _ in 0...generator.count(upTo: 3) {
        bytes[generator.count(upTo: bytes.count - 1)] = UInt8(truncatingIfNeeded: generator.next())
      }
      if generator.count(upTo: 4) == 0 { bytes.removeLast(generator.count(upTo: bytes.count)) }
      let unpacked = FramePacking.unpack(bytes, limit: frames.count * 2)
      #expect(unpacked?.count ?? 0 <= frames.count * 2)
    }
    #expect(FramePacking.unpack(packed, limit: frames.count - 1) == nil)
  }
}
