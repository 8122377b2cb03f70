import Foundation
import TestSupport
import Testing

@testable import Encap

/// Disks that are full or may not be written: an error, and the old state.
@Suite("disks", .enabled(if: Machine.canFreeze, "needs root, loop devices and ext4"))
struct DiskTests {
  private func stage(on disk: LoopDisk) throws -> EncapStage {
    let stage = try EncapStage(source: "mount/encap", target: "mount", in: disk.folder)
    try stage.delete("lost+found")
    try stage.package("foo-1", ["bin/foo", "share/foo/old"])
    try stage.package("foo-2", ["bin/foo"] + (0..<400).map { "share/foo/new-\($0)" })
    try stage.install("foo-1")
    return stage
  }

  /// Takes all but so many of the disk's inodes.
  private func fill(_ stage: EncapStage, leaving free: UInt) throws {
    var status = statvfs()
    try stage.write("ballast/", "")
    #expect(statvfs(stage.target, &status) == 0)
    for number in 0..<(status.f_ffree - free) {
      close(open("\(stage.target)/ballast/\(number)", O_CREAT | O_WRONLY, 0o644))
    }
  }

  /// The disk is full at some step in the middle; or before the plan is written down.
  @Test func aFullDiskLeavesTheOldState() async throws {
    let disk = try await LoopDisk.make(megabytes: 8)
    let stage = try stage(on: disk)
    try fill(stage, leaving: 100)
    let before = try stage.tree()
    for free in [100, 50, 5, 1, 0] {
      var status = statvfs()
      statvfs(stage.target, &status)
      for number in 0..<max(0, Int(status.f_ffree) - free) {
        try stage.write("ballast/more-\(free)-\(number)", "")
      }
      let error = trouble { try stage.install("foo-2") }
      guard case .system(_, _, ENOSPC) = error else {
        Issue.record("\(free) free: \(String(describing: error))")
        break
      }
      #expect(error?.description.contains("make room") == true)
      let after = try stage.tree()
      #expect(
        after.filter { !$0.key.hasPrefix("ballast") }
          == before.filter { !$0.key.hasPrefix("ballast") },
        "\(free) free")
      #expect(try stage.prefix().interruption() == nil)
    }
    // With room for it, it works.
    try stage.delete("ballast")
    #expect(try stage.install("foo-2").status == .success)
    #expect(try stage.prefix().check().flatMap(\.drift).isEmpty)
    try await disk.release()
  }

  /// Old versions can be removed where nothing more can be written.
  @Test func oldVersionsGoAlsoFromAFullDisk() async throws {
    let disk = try await LoopDisk.make(megabytes: 8)
    let stage = try stage(on: disk)
    try fill(stage, leaving: 0)
    #expect(try stage.prefix().collect(keeping: 0).removed.map(\.description) == ["foo-2"])
    try await disk.release()
  }

  @Test func aFullDiskLeavesNothingUnpacked() async throws {
    let disk = try await LoopDisk.make(megabytes: 8)
    let stage = try stage(on: disk)
    var tar = TarWriter()
    for number in 0..<20 {
      let bytes = [UInt8](repeating: UInt8(number), count: 1 << 20)
      tar.addFile(.of("share/\(number)"), bytes.span)
    }
    tar.finish()
    var rest = tar.bytes[...]
    let unpacking = Unpacking(try #require(EncapPackageName("big-1")))
    let error = trouble {
      try unpacking.run(into: stage.places) { buffer in
        let part = rest.prefix(buffer.count)
        buffer.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        return part.count
      }
    }
    guard case .system(_, _, ENOSPC) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: "\(stage.source)/big-1"))
    let notes = try FileManager.default.contentsOfDirectory(atPath: "\(stage.source)/.encap")
    #expect(!notes.contains { $0.hasPrefix("unpack-") || $0.hasPrefix("package-") })
    try await disk.release()
  }

  /// The prefix is read-only, the folder of packages isn't: no script runs, nothing is written.
  @Test func aReadOnlyPrefixIsTold() async throws {
    let disk = try await LoopDisk.make(megabytes: 8)
    let stage = try EncapStage(source: "encap", target: "mount", in: disk.folder)
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(.preInstall, of: "foo-1", "touch \(disk.folder.path)/ran")
    try await Program.output("mount", "-o", "remount,ro", disk.path)
    let error = trouble { try stage.install("foo") }
    guard case .system(_, _, EROFS) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains("remount,rw") == true)
    #expect(!FileManager.default.fileExists(atPath: disk.folder.file("ran")))
    #expect(try stage.prefix().interruption() == nil)
    try await Program.output("mount", "-o", "remount,rw", disk.path)
    #expect(try stage.install("foo").status == .success)
    try await disk.release()
  }
}
