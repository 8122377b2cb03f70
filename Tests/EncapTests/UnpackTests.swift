import Bytes
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Encap

@Suite("unpack")
struct UnpackTests {
  /// An archive of entries as they are given.
  private func archive(_ build: (inout TarWriter) -> Void) -> [UInt8] {
    var writer = TarWriter(modified: 1_600_000_000)
    build(&writer)
    writer.finish()
    return writer.bytes
  }

  private var sample: [UInt8] {
    archive { tar in
      tar.addFile(.of("encapinfo"), Array("encap 2.1\n".utf8).span)
      tar.addFolder(.of("bin"))
      tar.addFile(.of("bin/foo"), mode: 0o6777, Array("#!/bin/sh\necho foo\n".utf8).span)
      tar.addLink(.of("bin/bar"), to: Array("foo".utf8))
      tar.addLink(.of("lib/up"), to: Array("../bin/foo".utf8))
      tar.addFolder(.of("var/empty"), mode: 0o700)
    }
  }

  private func input(_ bytes: [UInt8]) -> TarReader.Input {
    var rest = bytes[...]
    return { buffer in
      let part = rest.prefix(min(buffer.count, 700))
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
  }

  @discardableResult
  private func unpack(
    _ bytes: [UInt8], as name: String = "foo-1", on stage: EncapStage,
    _ change: (inout Unpacking) -> Void = { _ in }
  ) throws -> Unpacking.Unpacked {
    var unpacking = Unpacking(try #require(EncapPackageName(name)))
    unpacking.patienceMilliseconds = 20_000
    change(&unpacking)
    return try unpacking.run(into: stage.places, input(bytes))
  }

  /// What is in the source, but notes.
  private func packages(_ stage: EncapStage) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: stage.source)
      .filter { $0 != ".encap" }.sorted()
  }

  private func leftovers(_ stage: EncapStage) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(stage.source)/.encap")
      .filter { $0.hasPrefix("unpack-") }
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    lstat(path, &status)
    return status.st_mode & 0o7777
  }

  @Test func aPackageIsMadeOfAnArchive() throws {
    let stage = try EncapStage()
    let unpacked = try unpack(sample, on: stage)
    #expect(unpacked.archive == SHA256.hex(SHA256.digest(sample.span)))
    #expect(unpacked.files == 2 && unpacked.bytes == 29 && !unpacked.wasThere)
    let package = "\(stage.source)/foo-1"
    // Nobody else may write it, and nobody becomes somebody else by running it.
    #expect(mode("\(package)/bin/foo") == 0o755)
    #expect(mode("\(package)/var/empty") == 0o700)
    #expect(mode(package) == 0o755)
    var status = stat()
    lstat("\(package)/bin/foo", &status)
    #expect(status.st_mtim.tv_sec == 1_600_000_000)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: "\(package)/lib/up") == "../bin/foo"
    )
    #expect(try stage.install("foo").status == .success)
    #expect(TestFolder.text("\(stage.target)/lib/up").contains("echo foo"))
    #expect(try leftovers(stage).isEmpty)
  }

  @Test func setuidStaysWhereItIsAskedFor() throws {
    let stage = try EncapStage()
    try unpack(sample, on: stage) { $0.keepsSetuid = true }
    #expect(mode("\(stage.source)/foo-1/bin/foo") == 0o6755)
  }

  /// As the old archives have it, and GNU tar: the package's own folder at the top.
  @Test func itsOwnFolderMayBeAtTheTop() async throws {
    let stage = try EncapStage()
    try stage.folder.makeFolder("in/foo-1/bin")
    try stage.folder.write("x", to: "in/foo-1/bin/a")
    link(stage.folder.file("in/foo-1/bin/a"), stage.folder.file("in/foo-1/bin/b"))
    for (name, words) in [("foo-1", ["foo-1"]), ("foo-2", ["-C", "foo-1", "."])] {
      try await Program.output(
        "tar", "-C", stage.folder.file("in"), "-cf", stage.folder.file("t.tar"), words[0],
        words.count > 1 ? words[1] : "--", words.count > 2 ? words[2] : "foo-1")
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: stage.folder.file("t.tar"))))
      try unpack(bytes, as: name, on: stage)
      #expect(TestFolder.text("\(stage.source)/\(name)/bin/a") == "x")
      #expect(TestFolder.text("\(stage.source)/\(name)/bin/b") == "x")
    }
  }

  @Test func theSourceIsMadeAndGoesAgain() throws {
    let folder = try TestFolder()
    let stage = try EncapStage(in: folder)
    try stage.delete(stage.source)
    #expect(trouble { try unpack(Array(sample.dropLast(1500)), on: stage) } != nil)
    #expect(!FileManager.default.fileExists(atPath: stage.source))
    try unpack(sample, on: stage)
    try stage.install("foo")
    try stage.remove("foo")
    #expect(FileManager.default.fileExists(atPath: stage.source))
    _ = try stage.prefix().remove("foo", purging: true)
    #expect(!FileManager.default.fileExists(atPath: stage.source))
    #expect(try stage.tree().isEmpty)
    // One that was there before stays.
    try folder.makeFolder("local/encap")
    try unpack(sample, on: stage)
    _ = try stage.prefix().remove("foo", purging: true)
    #expect(FileManager.default.fileExists(atPath: stage.source))
  }

  @Test func theSameOnceMoreIsFine() throws {
    let stage = try EncapStage()
    try unpack(sample, on: stage)
    #expect(try unpack(sample, on: stage).wasThere)
    try stage.write("\(stage.source)/foo-1/bin/foo", "#!/bin/sh\necho xoo\n")
    let changed = trouble { try unpack(sample, on: stage) }
    #expect(changed?.description.contains("was changed since (changed: bin/foo") == true)
    try stage.write("\(stage.source)/foo-1/bin/foo", "#!/bin/sh\necho foo\n")
    let other = archive { $0.addFile(.of("bin/foo"), Array("other".utf8).span) }
    let error = trouble { try unpack(other, on: stage) }
    #expect(error?.description.contains("remove --purge foo-1") == true)
    #expect(TestFolder.text("\(stage.source)/foo-1/bin/foo").contains("echo foo"))
    #expect(try leftovers(stage).isEmpty)
    try stage.package("hand-1", ["bin/x"])
    #expect(trouble { try unpack(sample, as: "hand-1", on: stage) } != nil)
  }

  @Test func aWrongSumLeavesNothing() throws {
    let stage = try EncapStage()
    let right = SHA256.hex(SHA256.digest(sample.span))
    let wrong = String(repeating: "0", count: 64)
    let error = trouble { try unpack(sample, on: stage) { $0.expectedDigest = wrong } }
    #expect(error == .checksum(expected: wrong, found: right))
    #expect(try packages(stage).isEmpty && leftovers(stage).isEmpty)
    try unpack(sample, on: stage) { $0.expectedDigest = right.uppercased() }
    #expect(try packages(stage) == ["foo-1"])
  }

  /// A stream that breaks off, wherever, leaves nothing.
  @Test func aTruncatedStreamLeavesNothing() throws {
    let stage = try EncapStage()
    for count in stride(from: 0, to: sample.count, by: 311) {
      let error = trouble { try unpack(Array(sample.prefix(count)), on: stage) }
      #expect(error == .archive(.truncated(at: UInt64(count))))
    }
    #expect(try packages(stage).isEmpty && leftovers(stage).isEmpty)
  }

  @Test(arguments: [
    "/etc/passwd", "../../../etc/passwd", "..", "bin/../../x", "foo/..", "a/b/../../../x",
  ])
  func linksThatMayLeadOutAreRefused(target: String) throws {
    let stage = try EncapStage()
    let bytes = archive { tar in
      tar.addFile(.of("bin/x"), Array("x".utf8).span)
      tar.addLink(.of("bin/link"), to: Array(target.utf8))
    }
    let error = trouble { try unpack(bytes, on: stage) }
    // Up to the package's own root and not above: that one stays inside.
    if target == ".." { return #expect(error == nil) }
    #expect(error?.description.contains("lead out") == true, "\(String(describing: error))")
    #expect(try packages(stage).isEmpty && leftovers(stage).isEmpty)
  }

  /// Nothing is written through a link of the archive itself.
  @Test func nothingIsWrittenThroughALink() throws {
    let stage = try EncapStage()
    try stage.folder.makeFolder("outside")
    for path in ["link/x", "link"] {
      let bytes = archive { tar in
        tar.addFolder(.of("real"))
        tar.addLink(.of("link"), to: Array("real".utf8))
        if path == "link/x" {
          tar.addFile(.of(path), Array("x".utf8).span)
        } else {
          tar.addFolder(.of(path))
        }
      }
      #expect(trouble { try unpack(bytes, on: stage) } != nil)
    }
    // A file in the place of a link replaces that, and not what it leads to.
    let bytes = archive { tar in
      tar.addFile(.of("bin/a"), Array("a".utf8).span)
      tar.addLink(.of("bin/b"), to: Array("a".utf8))
      tar.addFile(.of("bin/b"), Array("b".utf8).span)
    }
    try unpack(bytes, on: stage)
    #expect(TestFolder.text("\(stage.source)/foo-1/bin/a") == "a")
    #expect(TestFolder.text("\(stage.source)/foo-1/bin/b") == "b")
  }

  @Test func whatIsOutsideOfItsOwnFolderIsRefused() throws {
    let stage = try EncapStage()
    let bytes = archive { tar in
      tar.addFile(.of("foo-1/bin/a"), Array("a".utf8).span)
      tar.addFile(.of("foo-2/bin/a"), Array("a".utf8).span)
    }
    let error = trouble { try unpack(bytes, on: stage) }
    #expect(error?.description.contains("outside of foo-1/") == true)
    #expect(try packages(stage).isEmpty)
  }

  @Test func boundsHold() throws {
    let stage = try EncapStage()
    for change: @Sendable (inout Unpacking) -> Void in [
      { $0.limits.entries = 3 }, { $0.limits.fileBytes = 5 }, { $0.limits.totalBytes = 20 },
    ] {
      guard case .archive(.tooLarge) = trouble({ try unpack(sample, on: stage, change) }) else {
        Issue.record("it was taken")
        return
      }
    }
    #expect(try packages(stage).isEmpty && leftovers(stage).isEmpty)
  }

  /// What came in the archive is known: a file that was changed later is found.
  @Test func whatIsChangedLaterIsFound() throws {
    let stage = try EncapStage()
    try unpack(sample, on: stage)
    try stage.install("foo")
    #expect(try stage.prefix().check("foo").flatMap(\.drift).isEmpty)
    #expect(try stage.prefix().list("foo")[0].archive == SHA256.hex(SHA256.digest(sample.span)))
    let file = "\(stage.source)/foo-1/bin/foo"
    try stage.write(file, "#!/bin/sh\necho bar\n")
    try stage.delete("\(stage.source)/foo-1/bin/bar")
    let drift = try stage.prefix().check("foo").flatMap(\.drift)
    #expect(drift.contains { $0.kind == .changed && $0.path == .of("bin/foo") })
    #expect(drift.contains { $0.kind == .lost && $0.path == .of("bin/bar") })
    chmod(file.hasPrefix("/") ? file : "\(stage.target)/\(file)", 0o4777)
    #expect(
      try stage.prefix().check("foo").flatMap(\.drift).contains {
        $0.kind == .changed && $0.path == .of("bin/foo")
      })
    try stage.delete(file)
    #expect(
      try stage.prefix().check("foo").flatMap(\.drift).contains {
        $0.kind == .lost && $0.path == .of("bin/foo")
      })
  }

  @Test func theManifestIsReadAsItIsWritten() throws {
    var manifest = PackageManifest(archive: String(repeating: "a", count: 64))
    manifest.files = [
      .init(
        path: EncapPath([0x20, 0xFF]), size: 3, mode: 0o755, digest: SHA256.digest([1].span))
    ]
    manifest.links = [.of("bin/x"): [0x0A, 0x25]]
    let text = Array(manifest.text.utf8)
    #expect(PackageManifest(text) == manifest)
    #expect(PackageManifest(Array(text.dropLast(3))) == nil || PackageManifest([]) == nil)
    #expect(PackageManifest(Array("nonsense\n".utf8)) == nil)
  }

  /// What a killed unpacking left is cleared by the next change; one that is at work is left alone.
  @Test func leftoversAreCleared() throws {
    let stage = try EncapStage()
    try stage.package("bar-1", ["bin/bar"])
    try stage.write("\(stage.source)/.encap/unpack-dead/bin/x", "x")
    try stage.write("\(stage.source)/.encap/trash-dead/bin/x", "x")
    let sample = sample
    var rest = sample[...]
    var hasLooked = false
    let unpacking = Unpacking(try #require(EncapPackageName("foo-1")))
    _ = try unpacking.run(into: stage.places) { buffer in
      if rest.count < sample.count, !hasLooked {
        hasLooked = true
        // In the middle of it another change is made.
        let outcome = try? stage.install("bar")
        #expect(outcome?.status == .success)
      }
      let part = rest.prefix(min(buffer.count, 512))
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
    #expect(hasLooked)
    #expect(try packages(stage) == ["bar-1", "epkg.log", "foo-1"])
    let notes = try FileManager.default.contentsOfDirectory(atPath: "\(stage.source)/.encap")
    #expect(!notes.contains { $0.hasPrefix("unpack-") || $0.hasPrefix("trash-") })
  }

  /// A package with more files than are waited for one by one.
  @Test func manyFiles() throws {
    let stage = try EncapStage()
    let bytes = archive { tar in
      for number in 0..<300 { tar.addFile(.of("share/\(number % 7)/\(number)"), [7].span) }
    }
    #expect(try unpack(bytes, on: stage).files == 300)
    #expect(try stage.install("foo").steps.count == 308)
    #expect(try stage.prefix().check().flatMap(\.drift).isEmpty)
  }
}
