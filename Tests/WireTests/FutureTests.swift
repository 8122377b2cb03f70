import Records
import Testing

@testable import Wire

@Suite("frames of later agents")
struct FutureTests {
  private func decode(
    kind: FrameKind, version: UInt8 = FrameFormat.version,
    _ body: (inout PayloadWriter) -> Void
  ) -> [FrameDecoder.Event] {
    var encoder = FrameEncoder(stream: Stream.id)
    encoder.append(kind, version: version, 1, body)
    encoder.append(Stream.sentinel, sequence: 2)
    let events = Stream.events(encoder.bytes)
    #expect(events.count == 2)
    #expect(Stream.frames(events).last?.frame == Stream.sentinel)
    return events
  }

  @Test("unknown kinds", arguments: [0, 8, 63, 71, 95, 96, 126, 128, 255] as [UInt8])
  func kinds(kind: UInt8) {
    let events = decode(kind: FrameKind(rawValue: kind)) { $0.number(1, 2) }
    #expect(Stream.frames(events).first?.frame == .unknown(kind: kind, version: 1))
  }

  @Test("unknown versions", arguments: [0, 2, 255] as [UInt8])
  func versions(version: UInt8) {
    let events = decode(kind: .tick, version: version) { $0.raw([0xFF, 0xFF, 0xFF]) }
    #expect(Stream.frames(events).first?.frame == .unknown(kind: 2, version: version))
  }

  /// New fields of every type before, between and behind the known ones.
  @Test("unknown fields")
  func fields() {
    var tick = HostTick(time: Record.night, engine: .bpf)
    tick.cpus = 4
    let events = decode(kind: .tick) { payload in
      payload.number(900, 1)
      payload.fixed64(TickField.time, Record.night.nanoseconds)
      payload.text(901, "a text", limit: 100)
      payload.number(TickField.engine, 1)
      payload.fixed64(902, UInt64.max)
      payload.raw([0xED, 0x7F, 1, 2, 3, 4])  // 2045, fixed32
      payload.number(TickField.cpus, 4)
      payload.row.number(0, 7)
      payload.finishRow(5000)
    }
    #expect(Stream.frames(events).first?.frame == .tick(tick))
  }

  @Test("unknown bits of a row")
  func bits() {
    let sample = Record.process(7, "later", written: 4_096, cpu: 12)
    var tick = HostTick(time: Record.night, engine: .bpf)
    tick.processes = [sample]
    let events = decode(kind: .tick) { payload in
      payload.fixed64(TickField.time, Record.night.nanoseconds)
      payload.number(TickField.engine, 1)
      sample.write(to: &payload.row)
      payload.row.flag(40, true)
      payload.row.number(41, 99)
      payload.row.text(63, "what nobody knows yet", limit: 100)
      payload.finishRow(TickField.process)
    }
    #expect(Stream.frames(events).first?.frame == .tick(tick))
  }

  @Test("an older agent's missing reading is unsupported")
  func missing() {
    let events = decode(kind: .tick) { payload in
      payload.fixed64(TickField.time, Record.night.nanoseconds)
      payload.number(TickField.engine, 1)
    }
    #expect(
      Stream.frames(events).first?.frame == .tick(HostTick(time: Record.night, engine: .bpf)))
  }

  @Test("another wait class, lock kind or reason of a gap is the unknown one")
  func mildMeanings() {
    #expect(WaitClass(wireCode: 200) == .unknown)
    #expect(FileLock.Kind(wireCode: 200) == .other)
    let gap = decode(kind: .gap) { payload in
      payload.number(1, 5)
      payload.number(2, 6)
      payload.number(3, 200)
    }
    #expect(
      Stream.frames(gap).first?.frame == .gap(Gap(first: 5, last: 6, reason: .unknown)))
  }

  @Test("another engine or trigger makes the frame an unknown one")
  func otherMeanings() {
    let tick = decode(kind: .tick) { payload in
      payload.fixed64(TickField.time, Record.night.nanoseconds)
      payload.number(TickField.engine, 9)
    }
    #expect(Stream.frames(tick).first?.frame == .unknown(kind: 2, version: 1))
    let burst = decode(kind: .burst) { payload in payload.number(1, 99) }
    #expect(Stream.frames(burst).first?.frame == .unknown(kind: 5, version: 1))
  }

  @Test("what a newer agent says of a trace in other words")
  func traces() throws {
    #expect(CallClass(wireCode: 200) == .other)
    #expect(TracedProcess.Ending(wireCode: 200) == .unverified)
    #expect(SkippedProcess.Reason(wireCode: 200) == .isDenied)
    let traced = decode(kind: .tracedProcess) { payload in
      Record.traced.write(to: &payload)
      payload.text(901, "a text", limit: 100)
    }
    #expect(Stream.frames(traced).first?.frame == .answer(.traced(Record.traced)))
    let trace = decode(kind: .traceReport) { payload in
      Record.trace.write(to: &payload, processes: 3)
      payload.fixed64(902, UInt64.max)
    }
    #expect(
      Stream.frames(trace).first?.frame == .answer(.trace(Record.trace, processes: 3)))
    let engine = decode(kind: .trace) { payload in
      Record.traceRequest.write(to: &payload)
      payload.number(4, 9)
    }
    #expect(Stream.frames(engine).first?.frame == .unknown(kind: 70, version: 1))
    let selection = decode(kind: .trace) { payload in payload.number(1, 9) }
    #expect(Stream.frames(selection).first?.frame == .unknown(kind: 70, version: 1))
  }

  @Test("a hello of another engine names its stream still")
  func otherHello() throws {
    var hello = Record.hello
    hello.engine = nil
    let events = decode(kind: .hello) { payload in
      hello.write(to: &payload)
      payload.number(8, 9)
    }
    #expect(Stream.frames(events).first?.frame == .hello(hello))
    #expect(Stream.frames(events).last?.stream == hello.stream)
  }

  @Test("codes are told apart and come back")
  func codes() throws {
    for kind in WaitClass.allCases { #expect(WaitClass(wireCode: kind.wireCode) == kind) }
    for kind in FileLock.Kind.allCases { #expect(FileLock.Kind(wireCode: kind.wireCode) == kind) }
    for trigger in BurstTrigger.allCases {
      #expect(try BurstTrigger(wireCode: trigger.wireCode) == trigger)
    }
    for engine in TraceEngine.allCases {
      #expect(try TraceEngine(wireCode: engine.wireCode) == engine)
    }
    for kind in CallClass.allCases { #expect(CallClass(wireCode: kind.wireCode) == kind) }
    for ending in TracedProcess.Ending.allCases {
      #expect(TracedProcess.Ending(wireCode: ending.wireCode) == ending)
    }
    for reason in SkippedProcess.Reason.allCases {
      #expect(SkippedProcess.Reason(wireCode: reason.wireCode) == reason)
    }
  }
}
