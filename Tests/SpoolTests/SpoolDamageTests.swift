import Foundation
import Records
import TestSupport
import Testing
import Wire

@testable import Spool

@Suite("damaged spools")
struct SpoolDamageTests {
  /// The growing piece of an agent that was killed, as a file.
  private func torn(
    in folder: TestFolder, _ change: (inout [UInt8]) -> Void
  ) throws -> (SpoolStream, Spool) {
    var stream = SpoolStream(1)
    do {
      let spool = try Spool(
        path: folder.file("spool"), limitBytes: 1 << 20, segmentBytes: 1 << 20)
      var writer = spool.writer(of: stream.id)
      try writer.append(stream.next(20).span, at: 0)
    }
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("spool"))
        .first { $0.hasSuffix(SpoolSegment.growing) })
    let path = folder.file("spool/\(name)")
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    change(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return (
      stream,
      try Spool(path: folder.file("spool"), limitBytes: 1 << 20, segmentBytes: 1 << 20)
    )
  }

  @Test("a torn last frame costs itself alone, wherever it was torn")
  func cut() throws {
    var stream = SpoolStream(1)
    let whole = stream.next(20)
    var ends: [Int] = []
    while let glance = FrameGlance(whole.span.extracting((ends.last ?? 0)..<whole.count)) {
      ends.append((ends.last ?? 0) + glance.byteCount)
    }
    for size in stride(from: 0, through: whole.count, by: 13) + [whole.count] {
      let folder = try TestFolder()
      defer { withExtendedLifetime(folder) {} }
      let (stream, spool) = try torn(in: folder) { $0.removeLast($0.count - size) }
      let count = ends.count { $0 <= size }
      // A hello alone is nothing to keep.
      guard count > 1 else {
        #expect(spool.inventory.held.isEmpty)
        continue
      }
      let answer = spool.all(of: stream.id, to: UInt64(count))
      #expect(answer.frames.map(\.frame) == (1...UInt64(count)).map(stream.frame), "\(size)")
      #expect(spool.inventory.held.map(\.last) == [UInt64(count)])
    }
  }

  @Test("any byte flipped costs one frame, and that is told", arguments: 0..<40)
  func flipped(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let folder = try TestFolder()
    defer { withExtendedLifetime(folder) {} }
    let (stream, spool) = try torn(in: folder) { bytes in
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
    }
    guard let held = spool.inventory.held.first else { return }
    let answer = spool.all(of: stream.id, to: held.last)
    #expect(answer.faults == 0 && answer.through == held.last)
    var settled = SequenceSet(answer.sequences.map { $0...$0 })
    for gap in answer.gaps { settled.insert(gap.first...gap.last) }
    if held.first == 1 { settled.insert(1) }
    #expect(settled.missing(in: held.first...held.last).isEmpty)
    #expect(answer.sequences.count >= 17)
    for frame in answer.frames where frame.sequence > 1 {
      if case .gap = frame.frame { continue }
      #expect(frame.frame == stream.frame(frame.sequence))
    }
  }

  /// A stream in several sealed pieces, and their names, the oldest first.
  private func sealedPieces(in folder: TestFolder) throws -> (SpoolStream, [String]) {
    var stream = SpoolStream(1)
    do {
      let spool = try SpoolTests.spool(folder)
      var writer = spool.writer(of: stream.id)
      for _ in 0..<30 { try writer.append(stream.next(10).span, at: 0) }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("spool"))
      .filter { $0.hasSuffix(SpoolSegment.sealed) }.sorted()
    try #require(names.count > 2)
    return (stream, names)
  }

  @Test("a sealed piece that was damaged is told as gone", arguments: [0, 7, 50, 83, 87, 90, 300])
  func sealed(place: Int) throws {
    let folder = try TestFolder()
    let (stream, names) = try sealedPieces(in: folder)
    let path = folder.file("spool/\(names[1])")
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[place] ^= 0x10
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let spool = try SpoolTests.spool(folder)
    let answer = spool.all(of: stream.id, to: stream.last)
    let gap = try #require(answer.gaps.first)
    #expect(answer.gaps.count == 1 && answer.through == stream.last && gap.reason == .damaged)
    #expect(
      answer.sequences == (2...stream.last).filter { !(gap.first...gap.last).contains($0) })
  }

  @Test("the oldest piece, too, where it was damaged and not let go of")
  func oldest() throws {
    let folder = try TestFolder()
    let (stream, names) = try sealedPieces(in: folder)
    let first = names[0]
    #expect(truncate(folder.file("spool/\(first)"), 60) == 0)
    let spool = try SpoolTests.spool(folder)
    #expect(spool.notices.count == 1 && spool.notices[0].contains("\(first) was damaged"))
    #expect(spool.all(of: stream.id, to: stream.last).gaps.map(\.reason) == [.damaged])
  }

  @Test("what is called as a piece and can't be one keeps nothing else from being kept")
  func unusable() throws {
    let folder = try TestFolder()
    var stream = SpoolStream(1)
    do {
      let spool = try SpoolTests.spool(folder)
      var writer = spool.writer(of: stream.id)
      for _ in 0..<5 { try writer.append(stream.next(10).span, at: 0) }
      try writer.finish()
    }
    let spoolFolder = folder.file("spool")
    mkfifo("\(spoolFolder)/00000000000000000096.sealed", 0o600)
    mkdir("\(spoolFolder)/00000000000000000097.frames", 0o700)
    symlink("/etc/passwd", "\(spoolFolder)/00000000000000000099.sealed")
    let spool = try SpoolTests.spool(folder)
    #expect(spool.notices.count == 3, "\(spool.notices)")
    #expect(spool.notices.allSatisfy { $0.contains("move it away") })
    #expect(spool.all(of: stream.id, to: stream.last).sequences == Array(2...stream.last))
    var next = SpoolStream(2)
    var writer = spool.writer(of: next.id)
    try writer.append(next.next(10).span, at: 0)
    try writer.finish()
    #expect(spool.all(of: next.id, to: next.last).sequences == Array(2...next.last))
    let names = try FileManager.default.contentsOfDirectory(atPath: spoolFolder)
    #expect(names.contains("00000000000000000100.sealed"), "\(names)")
  }

  @Test("files that aren't ours are left alone, half-made ones removed")
  func strangers() throws {
    let folder = try TestFolder()
    try folder.makeFolder("spool")
    try folder.write("mine", to: "spool/notes.txt")
    try folder.write("junk", to: "spool/00000000000000000007.sealed")
    try folder.write("junk", to: "spool/00000000000000000008.frames")
    try folder.write("junk", to: "spool/00000000000000000009.new")
    let spool = try SpoolTests.spool(folder)
    #expect(spool.inventory.held.isEmpty)
    let left = try FileManager.default.contentsOfDirectory(atPath: spool.path).sorted()
    #expect(left == ["lock", "notes.txt"])
  }

  @Test(
    "a full disk costs nothing that was written, and writing goes on when there is room",
    .liveAlone, .enabled(if: getuid() == 0, "mounts a tmpfs: needs root"))
  func fullDisk() async throws {
    let folder = try TestFolder()
    let disk = try folder.makeFolder("disk")
    #expect(mount("none", disk, "tmpfs", 0, "size=64k") == 0)
    defer { umount2(disk, Int32(MNT_DETACH)) }
    let spool = try Spool(path: "\(disk)/spool", limitBytes: 1 << 20, segmentBytes: 8 << 10)
    var stream = SpoolStream(1)
    stream.noticeCharacters = 300
    var writer = spool.writer(of: stream.id)
    var written: UInt64 = 0
    var failures = 0
    for _ in 0..<300 where failures == 0 {
      let frames = stream.next(5)
      do {
        try writer.append(frames.span, at: 0)
        written = stream.last
      } catch {
        failures += 1
      }
    }
    #expect(failures == 1 && written > 50)
    #expect(spool.all(of: stream.id, to: written).sequences == Array(2...written))
    #expect(mount("none", disk, "tmpfs", UInt(MS_REMOUNT), "size=1m") == 0)
    // What could not be written is lost by now: a gap frame takes its place.
    var encoder = FrameEncoder(stream: stream.id)
    let gap = Gap(first: written + 1, last: stream.last, reason: .spoolFailed)
    encoder.append(.gap(gap), sequence: stream.last)
    try writer.append(encoder.bytes.span, at: 0)
    try writer.append(stream.next(5).span, at: 0)
    let answer = spool.all(of: stream.id, from: written, to: stream.last)
    #expect(answer.gaps == [gap])
    #expect(answer.sequences == [written] + Array((gap.last + 1)...stream.last))
  }
}

extension SpoolDamageTests {
  @Test(
    "a start on a full disk removes nothing that was kept", .liveAlone,
    .enabled(if: getuid() == 0, "mounts a tmpfs: needs root"))
  func fullAtStart() async throws {
    let folder = try TestFolder()
    let disk = try folder.makeFolder("disk")
    #expect(mount("none", disk, "tmpfs", 0, "size=512k") == 0)
    defer { umount2(disk, Int32(MNT_DETACH)) }
    var stream = SpoolStream(1)
    stream.noticeCharacters = 300
    do {
      let spool = try Spool(path: "\(disk)/spool", limitBytes: 1 << 20, segmentBytes: 64 << 10)
      var writer = spool.writer(of: stream.id)
      for _ in 0..<20 { try writer.append(stream.next(5).span, at: 0) }
    }
    // Filled by somebody else.
    let filler = open("\(disk)/filler", O_WRONLY | O_CREAT, 0o600)
    let block = [UInt8](repeating: 1, count: 4096)
    while write(filler, block, block.count) > 0 {}
    close(filler)
    for isFull in [true, false] {
      if !isFull { unlink("\(disk)/filler") }
      let spool = try Spool(path: "\(disk)/spool", limitBytes: 1 << 20, segmentBytes: 64 << 10)
      let answer = spool.all(of: stream.id, to: stream.last)
      #expect(answer.sequences == Array(2...stream.last) && answer.gaps.isEmpty)
      #expect(spool.index.segments.last?.isSealed == !isFull)
    }
  }
}

private func + (left: StrideThrough<Int>, right: [Int]) -> [Int] { Array(left) + right }
