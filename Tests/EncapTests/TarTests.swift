import Foundation
import TestSupport
import Testing

@testable import Encap

/// An archive read to its end.
struct ReadArchive {
  var entries: [TarEntry] = []
  var contents: [String: [UInt8]] = [:]

  init(_ bytes: [UInt8], limits: TarLimits = TarLimits(), chunk: Int = 1000) throws {
    var rest = bytes[...]
    var reader = TarReader(limits: limits) { buffer in
      let part = rest.prefix(min(chunk, buffer.count))
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
    while let entry = try reader.next() {
      entries.append(entry)
      var found: [UInt8] = []
      try reader.contents { part in
        part.withUnsafeBufferPointer { found.append(contentsOf: $0) }
      }
      if entry.kind == .file { contents[entry.path.description] = found }
    }
    #expect(reader.offset == UInt64(bytes.count))
  }

  /// Why it can't be read.
  static func trouble(_ bytes: [UInt8], limits: TarLimits = TarLimits()) -> TarError? {
    do {
      _ = try ReadArchive(bytes, limits: limits)
      return nil
    } catch {
      return error as? TarError
    }
  }
}

@Suite("tar")
struct TarTests {
  /// A path too long for a header's name, one too long for name and prefix, a name with any byte.
  static let long =
    "share/" + String(repeating: "d/", count: 30) + String(repeating: "n", count: 90)
  static let longer = String(repeating: "deep/", count: 40) + String(repeating: "x", count: 120)

  private func sample() throws -> [UInt8] {
    var writer = TarWriter(modified: 1_700_000_000)
    writer.addFolder(.init(Array("bin".utf8)))
    writer.addFile(.init(Array("bin/foo".utf8)), mode: 0o755, Array("#!/bin/sh\n".utf8).span)
    writer.addLink(.init(Array("bin/bar".utf8)), to: Array("foo".utf8))
    writer.addLink(
      .init(Array("bin/far".utf8)), to: [UInt8](repeating: UInt8(ascii: "t"), count: 150))
    writer.addFile(.init(Array(Self.long.utf8)), [UInt8](repeating: 7, count: 512).span)
    writer.addFile(.init(Array(Self.longer.utf8)), [UInt8](repeating: 8, count: 100_000).span)
    writer.addFile(.init([0xFF, 0x1B, 0x0A]), Array<UInt8>().span)
    writer.finish()
    return writer.bytes
  }

  @Test(arguments: [1, 7, 512, 100_000])
  func whatIsWrittenIsRead(chunk: Int) throws {
    let archive = try ReadArchive(try sample(), chunk: chunk)
    #expect(
      archive.entries.map(\.path.bytes) == [
        Array("bin".utf8), Array("bin/foo".utf8), Array("bin/bar".utf8), Array("bin/far".utf8),
        Array(Self.long.utf8), Array(Self.longer.utf8), [0xFF, 0x1B, 0x0A],
      ])
    #expect(archive.entries.map(\.mode) == [0o755, 0o755, 0o777, 0o777, 0o644, 0o644, 0o644])
    #expect(archive.entries.map(\.size) == [0, 10, 0, 0, 512, 100_000, 0])
    #expect(archive.entries.allSatisfy { $0.modified == 1_700_000_000 })
    #expect(archive.entries[2].kind == .link(target: Array("foo".utf8)))
    #expect(
      archive.entries[3].kind == .link(target: [UInt8](repeating: UInt8(ascii: "t"), count: 150)))
    #expect(archive.contents["bin/foo"] == Array("#!/bin/sh\n".utf8))
  }

  /// The real tar reads what we write, and finds what went in.
  @Test func tarReadsOurs() async throws {
    let folder = try TestFolder()
    let archive = try folder.write(try sample(), to: "ours.tar")
    let out = try folder.makeFolder("out")
    try await Program.output("tar", "-C", out, "--no-same-owner", "-xf", archive)
    #expect(folder.read("out/bin/foo") == "#!/bin/sh\n")
    #expect(FileManager.default.isExecutableFile(atPath: "\(out)/bin/foo"))
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: "\(out)/bin/bar") == "foo")
    #expect(folder.read("out/\(Self.longer)").utf8.count == 100_000)
    let listing = try await Program.output("tar", "-tvf", archive, "--numeric-owner")
    #expect(listing.contains("0/0"))
  }

  /// We read what the real tar writes, in each of its formats.
  @Test(arguments: ["ustar", "gnu", "pax", "v7", "oldgnu"])
  func oursReadsTars(format: String) async throws {
    let folder = try TestFolder()
    let hasLongNames = format != "v7" && format != "ustar"
    try folder.makeFolder("in/bin")
    try folder.write("hello\n", to: "in/bin/foo", mode: 0o750)
    try folder.write([UInt8](repeating: 9, count: 70_000), to: "in/big")
    let long = hasLongNames ? Self.longer : "short"
    try folder.makeFolder("in/" + (long as NSString).deletingLastPathComponent)
    try folder.write("deep", to: "in/\(long)")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("in/bin/link"), withDestinationPath: "../big")
    link(folder.file("in/big"), folder.file("in/same"))
    try await Program.output(
      "tar", "--format=\(format)", "-C", folder.file("in"), "-cf", folder.file("t.tar"),
      "--sort=name", ".")
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("t.tar"))))
    let archive = try ReadArchive(bytes)
    let kinds = Dictionary(
      uniqueKeysWithValues: archive.entries.map { ($0.path.description, $0.kind) })
    #expect(kinds[""] == .folder)
    #expect(kinds["bin"] == .folder)
    #expect(kinds["bin/link"] == .link(target: Array("../big".utf8)))
    #expect(kinds["same"] == .hardLink(target: EncapPath(Array("big".utf8))))
    #expect(archive.contents["big"] == [UInt8](repeating: 9, count: 70_000))
    #expect(archive.contents["bin/foo"] == Array("hello\n".utf8))
    #expect(archive.entries.contains { $0.path.bytes == Array(long.utf8) && $0.size == 4 })
    #expect(archive.entries.first { $0.path.description == "bin/foo" }?.mode == 0o750)
  }

  /// A stream that ends anywhere before its end is broken off, and nothing else.
  @Test func everyTruncationIsTold() throws {
    let bytes = try sample()
    for count in Array(stride(from: 0, to: 6000, by: 97)) + [
      50_000, bytes.count - 513, bytes.count - 1,
    ] {
      #expect(ReadArchive.trouble(Array(bytes[..<count])) == .truncated(at: UInt64(count)))
    }
    #expect(ReadArchive.trouble(bytes + [UInt8](repeating: 0, count: 9000)) == nil)
  }

  /// Whatever single byte is changed, it ends well: with an error, or with an archive.
  @Test func changedBytesDoNoHarm() throws {
    let bytes = try sample()
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      var changed = bytes
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        let index = Int.random(in: 0..<6 * 512, using: &random)
        changed[index] = UInt8.random(in: 0...255, using: &random)
      }
      _ = ReadArchive.trouble(changed)
    }
  }

  private func archive(_ path: String, type: Character, link: String = "") throws -> [UInt8] {
    var writer = TarWriter()
    writer.addLink(EncapPath(Array(path.utf8)), to: Array(link.utf8))
    writer.finish()
    var bytes = writer.bytes
    bytes[TarHeader.type] = type.asciiValue ?? 0
    let field = TarHeader.checksum
    bytes.replaceSubrange(field, with: Array("        ".utf8))
    let sum = bytes[..<512].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    let text = String(repeating: "0", count: 6 - digits.count) + digits
    bytes.replaceSubrange(field, with: Array(text.utf8) + [0, 0x20])
    return bytes
  }

  @Test(
    arguments: [
      ("/etc/passwd", "0", "", "absolute"), ("../up", "0", "", "“..”"),
      ("a/../../b", "0", "", "“..”"),
      ("a/..", "5", "", "“..”"), ("dev", "3", "", "device"), ("dev", "4", "", "device"),
      ("pipe", "6", "", "FIFO"), ("sparse", "S", "", "sparse"), ("odd", "V", "", "unknown kind"),
      ("hard", "1", "/etc/shadow", "leads outside"), ("hard", "1", "../../etc/shadow", "outside"),
      ("link", "2", "", "to nothing"),
    ] as [(String, Character, String, String)])
  func whatLeadsOutIsRefused(path: String, type: Character, link: String, why: String) throws {
    let trouble = ReadArchive.trouble(try archive(path, type: type, link: link))
    guard case .refused(let named, _) = trouble else {
      Issue.record("\(String(describing: trouble))")
      return
    }
    #expect(named == path)
    #expect(trouble?.description.contains(why) == true, "\(String(describing: trouble))")
  }

  @Test func boundsHold() throws {
    let bytes = try sample()
    var limits = TarLimits()
    limits.entries = 6
    #expect(
      ReadArchive.trouble(bytes, limits: limits) == .tooLarge(what: "entries", limit: 6))
    limits = TarLimits()
    limits.fileBytes = 99_999
    #expect(ReadArchive.trouble(bytes, limits: limits)?.description.contains("99999") == true)
    limits = TarLimits()
    limits.totalBytes = 100_500
    #expect(ReadArchive.trouble(bytes, limits: limits)?.description.contains("100500") == true)
    limits = TarLimits()
    limits.extensionBytes = 100
    #expect(ReadArchive.trouble(bytes, limits: limits)?.description.contains("100") == true)
    limits = TarLimits()
    limits.paddingBytes = 1000
    let padded = bytes + [UInt8](repeating: 0, count: 2000)
    #expect(ReadArchive.trouble(padded, limits: limits)?.description.contains("1000") == true)
  }

  @Test func noArchiveIsTold() {
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 2000)
    #expect(ReadArchive.trouble(text)?.description.contains("no tar archive") == true)
    let gzip: [UInt8] = [0x1F, 0x8B] + text
    #expect(ReadArchive.trouble(gzip)?.description.contains("gzip -dc") == true)
  }
}
