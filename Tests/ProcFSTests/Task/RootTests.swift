import Foundation
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("reading below a root")
struct RootTests {
  @Test("paths are built, and never cut")
  func paths() {
    func text(_ path: ProcPath) -> String { path.withCString { String(cString: $0) } }
    #expect(text(ProcPath(pid: 12, "stat")) == "12/stat")
    #expect(text(ProcPath(pid: 1_234_567, tid: 7, "io")) == "1234567/task/7/io")
    #expect(text(TaskFileRequest(pid: 5, tid: 6, file: .wchan).path) == "5/task/6/wchan")
    #expect(text(TaskFileRequest(pid: 5, file: .cmdline).path) == "5/cmdline")
    #expect(!ProcPath(String(repeating: "a", count: 128)).isValid)
    #expect(ProcPath(String(repeating: "a", count: 127)).isValid)
    #expect(!ProcPath("a\0b").isValid)
    #expect(!ProcPath(pid: -1, "stat").isValid)
  }

  @Test("files are read whole, bounded, and again")
  func files() throws {
    let folder = try TestFolder()
    let text = String(repeating: "0123456789", count: 1000)
    try folder.write(text, to: "big")
    let root = try ProcRoot(folder.path)
    let isLive = root.isLive
    #expect(!isLive)
    var buffer = ReadBuffer(capacity: 16, limit: 1 << 16)
    let outcome1 = root.read("big", into: &buffer)
    #expect(outcome1 == .bytes)
    #expect(buffer.array == Array(text.utf8) && !buffer.isTruncated)
    var small = ReadBuffer(capacity: 16, limit: 100)
    let outcome2 = root.read("big", into: &small)
    #expect(outcome2 == .bytes)
    #expect(small.array == Array(text.utf8.prefix(100)) && small.isTruncated)
    guard let held = root.open(ProcPath("big")).file() else { throw TestTrouble("can't open") }
    for _ in 0..<2 {
      let outcome3 = held.read(into: &buffer)
      #expect(outcome3 == .bytes)
      #expect(buffer.count == text.utf8.count)
    }
    let outcome4 = root.read("nothing", into: &buffer)
    #expect(outcome4 == .vanished)
    #expect(buffer.count == 0)
    let outcome5 = root.read("big/below", into: &buffer)
    #expect(outcome5 == .vanished)
    #expect(
      root.read(ProcPath(String(repeating: "x", count: 200)), into: &buffer)
        == .failed(ENAMETOOLONG))
    #expect(throws: ProcError.open(path: "/nowhere", errno: ENOENT)) { try openRoot("/nowhere") }
  }

  /// A value that can't be copied can't be what an expression gives.
  private func openRoot(_ path: String) throws { _ = try ProcRoot(path) }

  @Test("absence says why")
  func absence() {
    #expect(ReadOutcome.denied.reading { 1 } == .denied)
    #expect(ReadOutcome.vanished.reading { 1 } == .gap)
    #expect(ReadOutcome.bytes.reading { nil as Int? } == .gap)
    #expect(ReadOutcome.bytes.reading { 1 } == .known(1))
    #expect(ReadOutcome(errno: EACCES) == .denied && ReadOutcome(errno: ESRCH) == .vanished)
    #expect(ReadOutcome(errno: EOPNOTSUPP).reading { 1 } == .disabled)
  }

  @Test("a listing longer than the buffer is whole")
  func listing() throws {
    let folder = try TestFolder()
    for number in 0..<300 { try folder.write("", to: "\(number)") }
    for name in ["a1", "1a", "99999999999", "-1", "."] where name != "." {
      try folder.write("", to: name)
    }
    let root = try ProcRoot(folder.path)
    var buffer = ReadBuffer(capacity: 512, limit: 512)
    var numbers: Set<Int32> = []
    let outcome6 = root.listNumbers(ProcPath(), using: &buffer) { numbers.insert($0) }
    #expect(outcome6 == .bytes)
    #expect(numbers == Set(0..<300))
    var names = 0
    let outcome7 = root.list(ProcPath(), using: &buffer) { _ in names += 1 }
    #expect(outcome7 == .bytes)
    #expect(names == 304)
    let outcome8 = root.list(ProcPath("none"), using: &buffer) { _ in }
    #expect(outcome8 == .vanished)
  }

  @Test("held files keep to their budget and are closed")
  func heldFiles() throws {
    let folder = try TestFolder()
    try folder.write("x", to: "a")
    let root = try ProcRoot(folder.path)
    var buffer = ReadBuffer()
    let before = ProcessTree.descriptors(of: getpid()).count { $0.hasSuffix("/a") }
    do {
      var files = HeldFiles(limit: 3)
      var held: [HeldFiles.File] = []
      for _ in 0..<5 { held.append(files.open(ProcPath("a"), in: root)) }
      let count = files.count
      #expect(held.count { $0 != .none } == 3 && count == 3)
      let outcome9 = files.readRecord(held[0], into: &buffer)
      #expect(outcome9 == .bytes)
      files.close(&held[0])
      files.close(&held[0])
      let rest = files.count
      #expect(rest == 2 && held[0] == .none)
      let another = files.open(ProcPath("a"), in: root)
      #expect(another != .none)
    }
    #expect(ProcessTree.descriptors(of: getpid()).count { $0.hasSuffix("/a") } == before)
  }

  /// Trap 2: a held file stands for the process it was opened for.
  @Test("a process that was reaped has vanished, and not its number's next owner")
  func reaped() async throws {
    let program = try Program(["sleep", "60"])
    let root = try ProcRoot()
    var files = HeldFiles(limit: 1)
    var buffer = ReadBuffer()
    let file = files.open(ProcPath(pid: program.pid, "schedstat"), in: root)
    let outcome10 = files.readRecord(file, into: &buffer)
    #expect(outcome10 == .bytes)
    program.send(SIGKILL)
    try await program.end()
    let outcome11 = files.readRecord(file, into: &buffer)
    #expect(outcome11 == .vanished)
  }
}
