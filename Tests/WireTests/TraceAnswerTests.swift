import Records
import TestSupport
import Testing

@testable import Wire

@Suite("traces on the wire")
struct TraceAnswerTests {
  private func answered(_ trace: HostTrace) -> HostTrace? {
    let bytes = TraceAnswer.bytes(of: trace, number: 7)
    #expect(bytes.count <= TraceAnswer.byteLimit)
    let frames = Stream.frames(Stream.events(bytes))
    #expect(frames.allSatisfy { $0.sequence == 7 && $0.stream == nil })
    return TraceAnswer.trace(of: frames.map(\.frame))
  }

  @Test("a trace comes back as it was", arguments: 0..<10 as Range<UInt64>)
  func whole(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var trace = generator.trace()
    trace.processes = generator.list(upTo: 30) { $0.traced() }
    #expect(answered(trace) == trace)
  }

  @Test func oneOfWhichAPartIsLostIsNone() {
    var trace = Record.trace
    trace.processes = [Record.traced, Record.traced]
    let frames = Stream.frames(Stream.events(TraceAnswer.bytes(of: trace, number: 1)))
      .map(\.frame)
    #expect(TraceAnswer.trace(of: frames) == trace)
    for place in frames.indices {
      var others = frames
      others.remove(at: place)
      #expect(TraceAnswer.trace(of: others) == nil)
    }
  }

  /// As much as a host may tell: in rank order all of them are there, each with what took the most
  /// time, and what was cut is counted.
  @Test func theLargestTraceFits() throws {
    let path = String(repeating: "p", count: TracedFile.pathLimit)
    var process = Record.traced
    process.identity.commandLine = .known(String(repeating: "c", count: 4_000))
    process.calls = (0..<TracedProcess.callLimit).map { number in
      var call = TracedCall(name: "call\(number)", kind: .read)
      call.count = 5
      call.slowestPath = path
      call.latencies = Array(repeating: .max, count: TracedCall.latencyBuckets)
      return call
    }
    process.files = (0..<TracedProcess.fileLimit).map { number in
      TracedFile(path: "\(number)" + path.dropFirst(8))
    }
    var trace = Record.trace
    trace.skipped = (0..<Int32(HostTrace.skippedLimit)).map { number in
      SkippedProcess(
        id: ProcessID(pid: number, startTicks: 1), name: TaskName("x"), reason: .isDenied,
        detail: path)
    }
    for count in [20, Int(TraceRequest.mostProcesses)] {
      trace.processes = (0..<Int32(count)).map { number in
        var process = process
        process.identity.id.pid = number + 1
        return process
      }
      let read = try #require(answered(trace))
      #expect(read.processes.map(\.identity.id) == trace.processes.map(\.identity.id))
      #expect(read.skipped == trace.skipped)
      for one in read.processes {
        #expect(one.files.count + one.omittedFiles == process.files.count + process.omittedFiles)
        #expect(one.callCount == process.callCount)
        #expect(one.files == Array(process.files.prefix(one.files.count)))
      }
      if count == 20 { #expect(read == trace) }
    }
  }

  @Test("a request beyond this version's bounds is one that it doesn't know")
  func beyondBounds() throws {
    for (milliseconds, processes) in [
      (TraceRequest.mostMilliseconds + 1, 1), (1, TraceRequest.mostProcesses + 1),
    ] {
      let request = TraceRequest(
        .suspects, milliseconds: milliseconds, processLimit: processes)
      let frame = try #require(Stream.only(Stream.bytes([.request(.trace(request))])))
      #expect(frame == .unknown(kind: FrameKind.trace.rawValue, version: 1))
    }
  }

  @Test("a request that asks for nothing is none")
  func malformed() {
    let requests = [
      TraceRequest(.commandLine("")), TraceRequest(.unit("")), TraceRequest(.pids([])),
      TraceRequest(.pids([7, 0])), TraceRequest(.pids([-3])),
      TraceRequest(.suspects, milliseconds: 0), TraceRequest(.suspects, processLimit: 0),
    ]
    for request in requests {
      let events = Stream.events(Stream.bytes([.request(.trace(request))]))
      #expect(Stream.frames(events).isEmpty, "\(request)")
    }
  }

  @Test("only what goes beyond streams is of the control socket")
  func control() {
    let requests: [(Request, Bool)] = [
      (.stream, false), (.inventory, false), (.recent(seconds: 1), false), (.process(pid: 1), true),
      (.trace(Record.traceRequest), true), (.cancel(number: 3), true),
    ]
    for (request, isOfControl) in requests {
      let bytes = Stream.bytes([.request(request)])
      let glance = FrameGlance(bytes.span)
      #expect(glance?.isOfControl == isOfControl, "\(request)")
    }
  }
}

extension LimitTests {
  static func traceFrames(with text: String) -> [Frame] {
    var process = Record.traced
    process.identity = ProcessIdentity(
      id: Record.identity.id, name: Record.identity.name, user: text, commandLine: .known(text),
      controlGroup: .known(text), unit: text, container: text)
    process.calls = [process.calls[0]]
    process.calls[0].name = text
    process.calls[0].slowestPath = text
    process.files = [TracedFile(path: text)]
    process.errors = [TracedError(call: text, error: text, count: 1)]
    var trace = Record.trace
    trace.notices = [text]
    trace.skipped[0].detail = text
    trace.skipped[0].wait?.reason.name = text
    return [
      .request(.trace(TraceRequest(.commandLine(text)))),
      .request(.trace(TraceRequest(.unit(text)))), .answer(.traced(process)),
      .answer(.trace(trace, processes: 1)),
    ]
  }

  static func texts(of request: TraceRequest) -> [String] {
    switch request.selection {
    case .commandLine(let text), .unit(let text): [text]
    case .pids, .suspects: []
    }
  }

  static func texts(of process: TracedProcess) -> [String] {
    let who = process.identity
    return [
      who.user ?? "", who.commandLine.value ?? "", who.controlGroup.value ?? "", who.unit ?? "",
      who.container ?? "",
    ] + process.calls.flatMap { [$0.name, $0.slowestPath ?? ""] } + process.files.map(\.path)
      + process.errors.flatMap { [$0.call, $0.error] }
  }

  static func texts(of trace: HostTrace) -> [String] {
    trace.notices + trace.skipped.prefix(1).flatMap { [$0.detail, $0.wait?.reason.name ?? ""] }
  }
}
