import Foundation
import TestSupport
import Testing

/// kill -9 and failing system calls at every one that changes something: strace(1) puts them there.
/// What comes out is the old state or the new one, never a mix.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.has("strace"), "needs strace(1)"))
struct EncapInterruptionTests {
  /// All that change names; and those that wait for the disk, write or lock.
  private static let calls = [
    "mkdir", "mkdirat", "symlinkat", "renameat", "renameat2", "unlinkat", "write", "fsync",
    "linkat",
  ]

  private static func stage() async throws -> EncapStage {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo", "bin/old", "lib/foo/a"])
    try stage.folder.write("encap 2.1\nlinkdir lib/foo\n", to: "local/encap/foo-1/encapinfo")
    try stage.package("foo-2", ["bin/foo", "share/new", "lib/foo/a"])
    let result = try await stage.run("install", "foo-1")
    #expect(result.code == 0, "\(result)")
    return stage
  }

  /// How often a run makes each call.
  private static func counts(_ stage: EncapStage) async throws -> [String: Int] {
    let log = stage.folder.file("log")
    let result = try await stage.run(
      "install", "foo-2",
      through: ["strace", "-qq", "-o", log, "-e", "trace=\(calls.joined(separator: ","))"])
    #expect(result.code == 0, "\(result)")
    var counts: [String: Int] = [:]
    for line in TestFolder.text(log).split(separator: "\n") {
      counts[String(line.prefix { $0 != "(" }), default: 0] += 1
    }
    return counts
  }

  private static func states() async throws -> (
    stage: EncapStage, counts: [String: Int], old: [String: String], new: [String: String]
  ) {
    let stage = try await stage()
    let old = try stage.tree()
    let done = try stage.copy()
    let counts = try await counts(done)
    let new = try done.tree()
    #expect(old != new)
    // It makes, replaces, exchanges and removes.
    for call in ["mkdirat", "symlinkat", "renameat", "renameat2", "unlinkat"] {
      #expect(counts[call, default: 0] > 0, "\(call): \(counts)")
    }
    return (stage, counts, old, new)
  }

  private static func inject(_ call: String, _ what: String, _ number: Int) -> [String] {
    [
      "strace", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
      "inject=\(call):\(what):when=\(number)",
    ]
  }

  private static func leftovers(_ tree: [String: String]) -> [String] {
    tree.keys.filter { $0.contains(".encap-") }
  }

  @Test func killedAtEachCall() async throws {
    let (stage, counts, old, new) = try await Self.states()
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) {
      for number in 1...count {
        let copy = try stage.copy()
        let name = "\(call) \(number)"
        let killed = try await copy.run(
          "install", "foo-2", through: Self.inject(call, "signal=SIGKILL", number))
        #expect(killed.code != 0 || call == "write", "\(name): \(killed)")
        // The next that changes something, whatever it is, comes to a whole state first.
        let next = try await copy.run("remove", "nothing-of-that-name", "--wait", "60s")
        #expect(next.code == 1, "\(name): \(next)")
        let tree = try copy.tree()
        #expect(tree == old || tree == new, "\(name): \(tree)")
        #expect(Self.leftovers(tree).isEmpty, "\(name)")
        let again = try await copy.run("install", "foo-2")
        #expect(again.code == 0, "\(name): \(again)")
        #expect(try copy.tree() == new, "\(name)")
        #expect(try await copy.run("check").code == 0, "\(name)")
      }
    }
  }

  /// The run that finishes it is killed, too, wherever: the one after that does it.
  @Test func killedOnceMoreWhileItIsFinished() async throws {
    let (stage, _, old, new) = try await Self.states()
    // A plan names its prefix, so each copy is broken off by itself.
    func broken() async throws -> EncapStage {
      let copy = try stage.copy()
      _ = try await copy.run(
        "install", "foo-2", through: Self.inject("renameat2", "signal=SIGKILL", 1))
      return copy
    }
    let counted = try await broken()
    #expect(try await counted.run("check").outputText.contains("interrupted: install of foo-2"))
    let counts = try await Self.counts(counted)
    #expect(try counted.tree() == new)
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) where call != "write" {
      for number in 1...count {
        let copy = try await broken()
        let name = "\(call) \(number)"
        _ = try await copy.run(
          "install", "foo-2", through: Self.inject(call, "signal=SIGKILL", number))
        _ = try await copy.run("remove", "nothing-of-that-name")
        let tree = try copy.tree()
        #expect(tree == old || tree == new, "\(name): \(tree)")
        #expect(Self.leftovers(tree).isEmpty, "\(name)")
        #expect(try await copy.run("install", "foo-2").code == 0, "\(name)")
        #expect(try copy.tree() == new, "\(name)")
      }
    }
  }

  /// A call that fails, as on a full or broken disk: an error, and the old state at once.
  @Test(arguments: ["ENOSPC", "EIO"])
  func failedAtEachCall(error: String) async throws {
    let (stage, counts, old, new) = try await Self.states()
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) where call != "write" {
      for number in 1...count {
        let copy = try stage.copy()
        let name = "\(call) \(number)"
        let failed = try await copy.run(
          "install", "foo-2", through: Self.inject(call, "error=\(error)", number))
        let tree = try copy.tree()
        // After the last step only notes are left to be written.
        #expect(tree == (failed.code == 0 ? new : old), "\(name): \(failed)")
        #expect(failed.code == 0 || failed.errorText.contains("can't"), "\(failed)")
        // Nothing is left that the next run would finish unasked.
        if failed.code != 0 {
          let check = try await copy.run("check")
          #expect(check.code == 0, "\(name): \(check)")
        }
        #expect(Self.leftovers(tree).isEmpty, "\(name)")
        let again = try await copy.run("install", "foo-2")
        #expect(again.code == 0, "\(name): \(again)")
        #expect(try copy.tree() == new, "\(name)")
      }
    }
  }

  /// From one call on all of its kind fail, those that would undo it as well: that is told, and the
  /// next run that can comes to a whole state.
  @Test func failedFromEachCallOn() async throws {
    let (stage, counts, old, new) = try await Self.states()
    var unfinished = 0
    for call in ["mkdirat", "symlinkat", "renameat", "renameat2", "unlinkat"] {
      for number in 1...counts[call, default: 1] {
        let copy = try stage.copy()
        let name = "\(call) \(number)+"
        let failed = try await copy.run(
          "install", "foo-2",
          through: Self.inject(call, "error=EIO", number).dropLast() + [
            "inject=\(call):error=EIO:when=\(number)+"
          ])
        let tree = try copy.tree()
        if failed.errorText.contains("neither finished nor undone") {
          unfinished += 1
          #expect(try await copy.run("check").code == 3, "\(name)")
        } else {
          #expect(tree == (failed.code == 0 ? new : old), "\(name): \(failed)")
        }
        _ = try await copy.run("remove", "nothing-of-that-name")
        let next = try copy.tree()
        #expect(next == old || next == new, "\(name): \(next)")
        #expect(Self.leftovers(next).isEmpty, "\(name)")
      }
    }
    #expect(unfinished > 0)
  }

  /// The archive is unpacked, or nothing of it is there.
  @Test func unpackingKilledAtEachCall() async throws {
    let stage = try EncapStage()
    try stage.package("foo-2", ["bin/foo", "share/new"])
    try await Program.output(
      "tar", "-C", stage.source, "-cf", stage.folder.file("t.tar"), "foo-2")
    let archive = try [UInt8](Data(contentsOf: URL(fileURLWithPath: stage.folder.file("t.tar"))))
    try FileManager.default.removeItem(atPath: stage.source)
    let log = stage.folder.file("log")
    let whole = try stage.copy()
    _ = try await whole.run(
      "unpack", "foo-2",
      through: ["strace", "-qq", "-o", log, "-e", "trace=\(Self.calls.joined(separator: ","))"],
      input: archive)
    let calls = TestFolder.text(log).split(separator: "\n").map { String($0.prefix { $0 != "(" }) }
    #expect(calls.count > 20)
    for call in Set(calls).sorted() {
      for number in 1...calls.count(where: { $0 == call }) {
        let copy = try stage.copy()
        _ = try await copy.run(
          "unpack", "foo-2", through: Self.inject(call, "signal=SIGKILL", number), input: archive)
        let package = "\(copy.source)/foo-2"
        if FileManager.default.fileExists(atPath: package) {
          #expect(TestFolder.text("\(package)/share/new") == "foo-2 share/new\n")
          #expect(TestFolder.text("\(package)/bin/foo") == "foo-2 bin/foo\n")
        }
        let again = try await copy.run("unpack", "foo-2", input: archive)
        #expect(again.code == 0, "\(call) \(number): \(again)")
        #expect(try await copy.run("install", "foo").code == 0)
        let notes = try FileManager.default.contentsOfDirectory(atPath: "\(copy.source)/.encap")
        #expect(!notes.contains { $0.hasPrefix("unpack-") }, "\(call) \(number): \(notes)")
        #expect(try await copy.run("check").code == 0)
      }
    }
  }
}
