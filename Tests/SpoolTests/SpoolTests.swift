import Foundation
import Records
import TestSupport
import Testing
import Wire

@testable import Spool

@Suite("spool")
struct SpoolTests {
  /// Small pieces, so that a few frames fill some.
  static func spool(
    _ folder: TestFolder, limit: Int = 1 << 20, segment: Int = 4096
  ) throws -> Spool {
    try Spool(path: folder.file("spool"), limitBytes: limit, segmentBytes: segment)
  }

  @Test("frames come back as they were written, whatever the chunks", arguments: [1, 7, 100])
  func roundTrip(chunk: Int) throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder)
    var stream = SpoolStream(1)
    var writer = spool.writer(of: stream.id)
    for _ in 0..<(500 / chunk) { try writer.append(stream.next(chunk).span, at: 0) }
    let answer = spool.all(of: stream.id, to: stream.last)
    #expect(answer.faults == 0 && answer.gaps.isEmpty)
    #expect(answer.through == stream.last)
    #expect(answer.frames.map(\.frame) == (1...stream.last).map(stream.frame))
    let held = try #require(spool.inventory.held.first)
    #expect(spool.inventory.held.count == 1)
    #expect(held.first == 1 && held.last == stream.last)
    #expect(held.newest == Timestamp(seconds: SpoolStream.start + Int64(stream.last)))
    #expect(
      spool.index.segments.count > 3 && spool.index.segments.dropLast().allSatisfy(\.isSealed))
  }

  /// A later agent may have written into a piece that this one seals at its start.
  @Test("frames that can't be packed are kept as they are")
  func plain() throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder)
    var stream = SpoolStream(1)
    var writer = spool.writer(of: stream.id)
    var unknown = FrameEncoder(stream: stream.id)
    unknown.append(.unknown(kind: 9, version: 7), sequence: 21)
    let frames = stream.next(20) + unknown.bytes
    try writer.append(frames.span, at: 0)
    try writer.finish()
    let segment = try #require(spool.index.segments.first)
    let file = try spool.folder.openToRead(segment.fileName).read(from: 0, count: 8)
    #expect(file == Array("culpspl1".utf8))
    let answer = spool.read(FrameSpan(stream: stream.id, first: 1, last: 21, byteLimit: 1 << 20))
    #expect(answer.frames == frames && answer.through == 21)
  }

  @Test("a span in the middle comes with a hello before it, and no more than was asked for")
  func middle() throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder)
    var stream = SpoolStream(1)
    var writer = spool.writer(of: stream.id)
    for _ in 0..<50 { try writer.append(stream.next(10).span, at: 0) }
    let answer = spool.all(of: stream.id, from: 200, to: 310)
    #expect(answer.frames.first?.frame == stream.hello)
    #expect(answer.sequences == Array(200...310) && answer.through == 310)
    // Piece by piece, as a collector asks.
    var (next, sequences): (UInt64, [UInt64]) = (1, [])
    while next <= stream.last {
      let span = FrameSpan(stream: stream.id, first: next, last: stream.last, byteLimit: 1000)
      let (frames, through) = spool.read(span)
      #expect(frames.count < 1000 + 200 && through >= next)
      sequences += SpoolAnswer(frames, through: through).sequences
      next = through + 1
    }
    #expect(sequences == Array(2...stream.last))
  }

  @Test("what isn't written yet isn't called gone")
  func notYet() throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder)
    var stream = SpoolStream(1)
    var writer = spool.writer(of: stream.id)
    try writer.append(stream.next(10).span, at: 0)
    let answer = spool.all(of: stream.id, from: 11, to: 20)
    #expect(answer.frames.isEmpty && answer.through == 10)
    let partly = spool.all(of: stream.id, from: 5, to: 20)
    #expect(partly.sequences == Array(5...10) && partly.through == 10 && partly.gaps.isEmpty)
  }

  @Test("a full spool lets its oldest go, stays within its size, and says what is gone")
  func full() throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder, limit: 64 << 10, segment: 4096)
    var stream = SpoolStream(1)
    stream.noticeCharacters = 200
    var writer = spool.writer(of: stream.id)
    for _ in 0..<100 {
      try writer.append(stream.next(10).span, at: 0)
      #expect(spool.index.usedBytes <= 64 << 10)
    }
    let held = try #require(spool.inventory.held.first)
    #expect(held.first > 500 && held.last == 1000)
    let answer = spool.all(of: stream.id, to: stream.last)
    #expect(answer.gaps == [Gap(first: 1, last: held.first - 1, reason: .spoolFull)])
    #expect(answer.sequences == Array(held.first...1000))
    let gone = spool.all(of: StreamID(boot: BootID(high: 1, low: 1), number: 9), from: 3, to: 8)
    #expect(gone.gaps == [Gap(first: 3, last: 8, reason: .spoolFull)] && gone.through == 8)
  }

  @Test("a new start begins a new stream and keeps the old ones")
  func streams() throws {
    let folder = try TestFolder()
    var old: [SpoolStream] = []
    for number in 1...5 as ClosedRange<UInt64> {
      let spool = try Self.spool(folder)
      var stream = SpoolStream(number, boot: number / 3)
      var writer = spool.writer(of: stream.id)
      try writer.append(stream.next(30).span, at: 0)
      if number % 2 == 0 { try writer.finish() }
      old.append(stream)
    }
    let spool = try Self.spool(folder)
    #expect(spool.inventory.held.map(\.stream) == old.map(\.id))
    for stream in old {
      let answer = spool.all(of: stream.id, to: 30)
      #expect(answer.frames.map(\.frame) == (1...30).map(stream.frame))
    }
  }

  @Test("two agents don't share a spool")
  func lock() throws {
    let folder = try TestFolder()
    let spool = try Self.spool(folder)
    #expect(throws: SpoolError.inUse(path: spool.path, pid: getpid())) {
      try Self.spool(folder)
    }
  }

  @Test("a gap frame stands for what was lost before it was written")
  func gap() throws {
    let folder = try TestFolder()
    let stream = SpoolStream(1)
    let gap = Gap(first: 3, last: 40, reason: .spoolFailed)
    func check(_ spool: Spool) {
      let answer = spool.all(of: stream.id, to: 41)
      #expect(answer.gaps == [gap] && answer.sequences == [2, 41] && answer.through == 41)
      let tail = spool.all(of: stream.id, from: 20, to: 41)
      #expect(tail.gaps == [gap] && tail.sequences == [41])
    }
    do {
      let spool = try Self.spool(folder)
      var encoder = FrameEncoder(stream: stream.id)
      encoder.append(stream.hello, sequence: 1)
      encoder.append(stream.frame(2), sequence: 2)
      encoder.append(.gap(gap), sequence: 40)
      encoder.append(stream.frame(41), sequence: 41)
      var writer = spool.writer(of: stream.id)
      try writer.append(encoder.bytes.span, at: 0)
      check(spool)
    }
    // The same after a start that finds the piece unsealed.
    check(try Self.spool(folder))
  }

  @Test("how long it lasts is told at the rate of late")
  func span() throws {
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let spool = try Self.spool(folder, limit: 1 << 20, segment: 16 << 10)
    #expect(spool.inventory.spanSeconds == nil)
    var stream = SpoolStream(1)
    var writer = spool.writer(of: stream.id)
    for _ in 0..<300 { try writer.append(stream.next(10).span, at: 0) }
    try writer.finish()
    let inventory = spool.inventory
    let seconds = try #require(inventory.spanSeconds)
    // Ticks are a second apart.
    let perSecond = Double(inventory.usedBytes) / 3000
    #expect(Double(seconds) > Double(1 << 20) / perSecond / 3)
    #expect(Double(seconds) < Double(1 << 20) / perSecond * 3)
  }
}
