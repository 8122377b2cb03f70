import Bytes
import Records
import Testing

@testable import Wire

@Suite("limits of the wire")
struct LimitTests {
  @Test("a calm tick is at most 300 bytes on the wire")
  func calmTick() {
    let size = Stream.bytes([.tick(Record.calmTick)], from: 40_000_000).count
    #expect(size <= 300, "\(size) bytes")
    // With delay accounting on, and its 7 counters all moving.
    var tick = Record.calmTick
    tick.processes[0].blockDelayNanoseconds = .known(12_000_000)
    tick.processes[0].io = tick.processes[0].io.map { io in
      var io = io
      io.readCharacters = 8_192
      io.readCalls = 12
      return io
    }
    #expect(Stream.bytes([.tick(tick)], from: 40_000_000).count <= 300)
  }

  @Test("what a busy process costs")
  func rows() {
    var tick = Record.calmTick
    let before = Stream.bytes([.tick(tick)]).count
    for pid in 0..<50 as Range<Int32> {
      tick.processes.append(
        Record.process(20_000 + pid, "php-fpm8.2", written: 65_536, cpu: 9_999_999))
    }
    let perRow = (Stream.bytes([.tick(tick)]).count - before) / 50
    #expect(perRow <= 48, "\(perRow) bytes")
  }

  @Test("a thousand tasks behind one lock cost one stack")
  func shapes() {
    var task = Record.busyTick.waiting[0]
    task.stack = .known((0..<WaitingTask.stackLimit).map { "some_kernel_function_\($0)" })
    var tick = HostTick(time: Record.night, engine: .bpf)
    tick.waiting = (0..<1_000).map { index in
      task.process.pid = Int32(index)
      task.tid = Int32(index)
      return task
    }
    let bytes = Stream.bytes([.tick(tick)])
    #expect(bytes.count < 30_000)
    #expect(Stream.only(bytes) == .tick(tick))
  }

  @Test("what finds no room in a frame is counted")
  func overflow() throws {
    var tick = Record.busyTick
    let task = tick.waiting[0]
    // No two wait alike, so that none shares a stack.
    tick.waiting = (0..<9_000).map { index in
      var task = task
      task.process.pid = Int32(index)
      task.waitChannel = .known(String(repeating: "w", count: 240) + "\(index)")
      return task
    }
    tick.processes = (0..<9_000).map {
      Record.process(Int32($0), "many", written: 16_384, cpu: 5)
    }
    let bytes = Stream.bytes([.tick(tick)])
    #expect(bytes.count <= WireLimits.payloadBytes + FrameFormat.overheadBytes)
    guard case .tick(let read) = Stream.only(bytes) else {
      Issue.record("no tick")
      return
    }
    #expect(!read.waiting.isEmpty && read.waiting.count < tick.waiting.count)
    #expect(read.waiting == Array(tick.waiting.prefix(read.waiting.count)))
    #expect(read.waiting.count + read.omittedWaiting == 9_000 + tick.omittedWaiting)
    #expect(read.processes.count + read.omittedProcesses == 9_000 + tick.omittedProcesses)
    let written = read.processes.reduce(0) { $0 + ($1.io.value?.writeBytes ?? 0) }
    #expect(written + read.omittedIO.writeBytes == 9_000 * 16_384)
    #expect(read.disks == tick.disks && read.locks == tick.locks)
  }

  @Test("a burst of too many counts says how many it left out")
  func burstOverflow() throws {
    var burst = Record.burst
    burst.counts = (0..<10_000).map { index in
      var count = burst.counts[0]
      count.reason.name = String(repeating: "r", count: 200) + "\(index)"
      return count
    }
    guard case .burst(let read) = Stream.only(Stream.bytes([.burst(burst)])) else {
      Issue.record("no burst")
      return
    }
    #expect(!read.counts.isEmpty)
    #expect(read.counts.count + read.omittedCounts == 10_000 + burst.omittedCounts)
  }

  @Test("a long text is cut between characters and says so", arguments: [4095, 4096, 4097, 9000])
  func longText(count: Int) throws {
    for letter in ["a", "ä", "漢", "🦊"] {
      let text = String(repeating: letter, count: count / letter.utf8.count + 1)
      let notice = Notice(time: Record.night, severity: .error, text: text)
      guard case .notice(let read) = Stream.only(Stream.bytes([.notice(notice)])) else {
        Issue.record("no notice")
        return
      }
      #expect(read.text.utf8.count <= 4096)
      let isCut = text.utf8.count > 4096
      #expect(isCut == read.text.hasSuffix("…"))
      #expect(text.hasPrefix(isCut ? String(read.text.dropLast()) : read.text))
      #expect(!read.text.contains("\u{FFFD}"))
    }
  }

  /// Every text of every kind of frame, as it comes out: names of tasks are bytes, and their
  /// users' business.
  @Test("nothing that a terminal acts on comes out of a text")
  func hostileText() throws {
    let hostile = "a\u{1B}[31mb\u{7}\n\u{202E}c\u{9B}2J\r"
    let texts = Stream.frames(Stream.events(Stream.bytes(LimitTests.frames(with: hostile))))
      .flatMap { LimitTests.texts(of: $0.frame) }
    #expect(texts.count == 25 + 27 + 15)
    for text in texts {
      #expect(text.contains("[31mb"))
      let isClean = text.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0.value != 0x202E
      }
      #expect(isClean, "\(text.debugDescription)")
    }
  }

  private static func frames(with text: String) -> [Frame] {
    let reason = WaitReason(name: text, kind: .disk)
    var tick = Record.busyTick
    tick.disks = [DiskSample(name: text, layer: .physical)]
    tick.locks = [
      FileLock(
        kind: .posix, isExclusive: true, holder: nil, waiters: [], file: text, path: text,
        client: text)
    ]
    tick.waiting = [Record.busyTick.waiting[0]]
    tick.waiting[0].reason = reason
    tick.waiting[0].waitChannel = .known(text)
    tick.waiting[0].systemCall = .known(text)
    tick.waiting[0].stack = .known([text])
    var burst = Record.burst
    burst.counts = [burst.counts[0]]
    burst.counts[0].reason = reason
    let identity = ProcessIdentity(
      id: Record.identity.id, name: Record.identity.name, user: text, commandLine: .known(text),
      controlGroup: .known(text), unit: text, container: text)
    let hello = Hello(
      stream: Stream.id, time: Record.night, agentVersion: text, hostName: text,
      kernelRelease: text, engine: .bpf, engineReason: text)
    let notice = Notice(time: Record.night, severity: .error, text: text)
    return [
      .tick(tick), .before(tick), .burst(burst), .identity(identity), .hello(hello),
      .notice(notice), .request(.introduction(Caller(user: text, connection: text, key: text))),
      .answer(.inventory(SpoolInventory(problem: text))), .answer(.refused(text)),
      .answer(.process(report(with: text))),
    ] + traceFrames(with: text)
  }

  private static func texts(of frame: Frame) -> [String] {
    switch frame {
    case .hello(let hello):
      [hello.agentVersion, hello.hostName, hello.kernelRelease, hello.engineReason]
    case .tick(let tick):
      tick.disks.map(\.name) + tick.locks.flatMap { [$0.file, $0.path ?? "", $0.client ?? ""] }
        + tick.waiting.flatMap { task in
          [task.reason.name, task.waitChannel.value ?? "", task.systemCall.value ?? ""]
            + (task.stack.value ?? [])
        }
    case .identity(let identity):
      [
        identity.user ?? "", identity.commandLine.value ?? "", identity.controlGroup.value ?? "",
        identity.unit ?? "", identity.container ?? "",
      ]
    case .burst(let burst): burst.counts.map(\.reason.name)
    case .notice(let notice): [notice.text]
    case .before(let tick): [tick.disks[0].name]
    case .request(.introduction(let caller)): [caller.user, caller.connection, caller.key]
    case .answer(.inventory(let inventory)): [inventory.problem ?? ""]
    case .answer(.refused(let text)): [text]
    case .answer(.process(let report)): texts(of: report)
    case .request(.trace(let request)): texts(of: request)
    case .answer(.traced(let process)): texts(of: process)
    case .answer(.trace(let trace, _)): texts(of: trace)
    case .gap, .request, .answer, .unknown: []
    }
  }

  @Test("text that isn't UTF-8 hurts nobody")
  func invalidText() {
    var encoder = FrameEncoder(stream: Stream.id)
    encoder.append(.notice, 1) { payload in
      payload.fixed64(1, Record.night.nanoseconds)
      payload.raw([3 << 3 | 2, 6, 0x61, 0xFF, 0xC1, 0x80, 0xED, 0x62])
    }
    guard case .notice(let notice) = Stream.only(encoder.bytes) else {
      Issue.record("no notice")
      return
    }
    #expect(notice.text.hasPrefix("a\u{FFFD}"))
    #expect(notice.text.hasSuffix("b"))
  }

  @Test(
    "a length past the limit is refused at once",
    arguments: [1 << 20 + 1, 1 << 24, .max] as [UInt32])
  func tooLong(length: UInt32) {
    let header = LimitTests.header(length: length)
    let events = Stream.events(header + Stream.sentinelBytes, ends: false)
    #expect(Stream.faults(events) == [FrameFault(offset: 0, reason: .tooLong(length))])
    #expect(Stream.frames(events).map(\.frame) == [Stream.sentinel])
  }

  @Test("the buffer stays within bounds, and is given back")
  func memory() {
    var decoder = FrameDecoder()
    var largest = 0
    var count = 0
    func feed(_ bytes: [UInt8]) {
      decoder.feed(bytes.span) { _ in count += 1 }
      largest = max(largest, decoder.capacity)
    }
    // A megabyte announced, and much more sent.
    feed(LimitTests.header(length: 1 << 20))
    for _ in 0..<64 { feed([UInt8](repeating: 0xFF, count: 70_000)) }
    #expect(largest <= 3 << 20, "\(largest)")
    for _ in 0..<4 { feed(Stream.sentinelBytes) }
    #expect(decoder.capacity <= 1 << 19, "\(decoder.capacity)")
    #expect(count >= 5)
  }

  /// Each header announces a megabyte that is there, and none has the right checksum: without a
  /// bound every 24 bytes would cost a megabyte of checksum, 40,000 times what came in.
  @Test("headers alone don't keep the decoder busy")
  func work() {
    let header = LimitTests.header(length: 1 << 20)
    var bytes: [UInt8] = []
    while bytes.count < 4 << 20 { bytes += header }
    var decoder = FrameDecoder()
    var checks = 0
    decoder.feed(bytes.span) { event in
      if case .fault(let fault) = event, fault.reason == .checksum { checks += 1 }
    }
    #expect(checks > 0)
    #expect(checks <= 64, "\(checks) checksums of a megabyte")
  }

  @Test("the encoder's buffer stays where it is once it has grown")
  func steadyBuffer() {
    var encoder = FrameEncoder(stream: Stream.id)
    var places: Set<Int> = []
    for sequence in 0..<2_000 as Range<UInt64> {
      encoder.removeAll()
      encoder.append(.tick(Record.busyTick), sequence: sequence)
      encoder.bytes.withUnsafeBufferPointer { buffer in
        if sequence > 0 { places.insert(Int(bitPattern: buffer.baseAddress)) }
      }
    }
    #expect(places.count == 1)
  }

  /// A header whose check holds.
  private static func header(length: UInt32) -> [UInt8] {
    var bytes = Array(Stream.bytes([.unknown(kind: 2, version: 1)]).prefix(FrameFormat.headerBytes))
    for index in 0..<4 {
      bytes[FrameFormat.lengthOffset + index] = UInt8(truncatingIfNeeded: length >> (index * 8))
    }
    let check = FrameHeader.check(of: bytes.span)
    bytes[FrameFormat.checkOffset] = UInt8(truncatingIfNeeded: check)
    bytes[FrameFormat.checkOffset + 1] = UInt8(truncatingIfNeeded: check >> 8)
    return bytes
  }
}
