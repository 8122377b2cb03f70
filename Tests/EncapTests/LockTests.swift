import Foundation
import TestSupport
import Testing

@testable import Encap

@Suite("two at once")
struct LockTests {
  @Test func theSecondIsToldWhoHasIt() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    let first = try stage.prefix()
    try first.begin("upgrade")
    let second = try stage.prefix { $0.patienceMilliseconds = 200 }
    let error = trouble { try second.install("foo") }
    guard case .inUse(_, let holder) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(holder == "culprit-agent encap upgrade (pid \(getpid()))")
    #expect(try stage.tree().isEmpty)
    // Who only looks needs no lock.
    #expect(try stage.prefix().list().count == 1)
    #expect(try stage.prefix().check("foo").count == 1)
    withExtendedLifetime(first) {}
  }

  /// A moment later it is free.
  @Test func theSecondWaits() async throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    let places = stage.places
    let held = stage.folder.file("held")
    let holder = Task.detached {
      let first = try EncapPrefix(places)
      try first.begin("install")
      close(open(held, O_CREAT, 0o644))
      try await Task.sleep(for: .milliseconds(400))
      withExtendedLifetime(first) {}
    }
    try await until("the lock is held") { FileManager.default.fileExists(atPath: held) }
    let status = try await Task.detached {
      var options = EncapOptions()
      options.patienceMilliseconds = 60_000
      return try EncapPrefix(places, options: options).install("foo").status
    }.value
    #expect(status == .success)
    try await holder.value
  }

  /// A script of a package, or what it leaves running, doesn't keep the lock.
  @Test func scriptsDontKeepIt() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(
      .postInstall, of: "foo-1", "sleep 600 & echo $! >\(stage.folder.path)/child")
    #expect(try stage.install("foo").status == .success)
    defer {
      let text = stage.folder.read("child").trimmingCharacters(in: .whitespacesAndNewlines)
      if let child = pid_t(text) { kill(child, SIGKILL) }
    }
    let second = try stage.prefix { $0.patienceMilliseconds = 100 }
    #expect(try second.remove("foo").status == .success)
  }

  @Test func aMissingFolderIsTold() throws {
    let folder = try TestFolder()
    let missing = EncapPlaces(source: folder.file("no/encap"), target: folder.path)
    let error = trouble { try EncapPrefix(missing) }
    #expect(error?.description.contains("make that folder, or name others with --source") == true)
    try folder.makeFolder("encap")
    let targetless = EncapPlaces(source: folder.file("encap"), target: folder.file("gone"))
    #expect(trouble { try EncapPrefix(targetless) }?.description.contains("gone") == true)
  }
}
