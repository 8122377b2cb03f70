import Foundation
import Records
import TestSupport
import Testing

@testable import Strace

/// Raw output may hold anything, so it is for nobody else; and the disk that it is kept on may hang.
@Suite(.live) struct KeptOutputTests {
  private func tracee(_ name: String, _ pid: Int32 = 4711) -> Tracee {
    Tracee(id: ProcessID(pid: pid, startTicks: 1), name: TaskName(Array(name.utf8).span))
  }

  private func failure(_ folder: String) -> String {
    do throws(TraceFailure) {
      _ = try KeptOutput(in: folder, waitingBytes: 1000).finish()
      return ""
    } catch {
      return error.description
    }
  }

  @Test func aFolderOfOthersIsRefused() throws {
    let folder = try TestFolder()
    try folder.makeFolder("open", mode: 0o777)
    try folder.makeFolder("group", mode: 0o770)
    try folder.makeFolder("seen", mode: 0o750)
    try folder.makeFolder("ours", mode: 0o700)
    try folder.write("", to: "file")
    symlink(folder.file("ours"), folder.file("link"))
    for name in ["open", "group", "seen"] {
      #expect(failure(folder.file(name)).contains("others can look"), "\(name)")
    }
    for name in ["file", "link", "link/", "file/x", "no/such"] {
      #expect(failure(folder.file(name)).contains(name), "\(name)")
    }
    #expect(failure(folder.file("ours")).isEmpty && failure(folder.file("new")).isEmpty)
    if Machine.isRoot {
      chown(folder.file("ours"), 65534, 65534)
      #expect(failure(folder.file("ours")).contains("another user's"))
    }
  }

  @Test(arguments: [
    ("postgres", "postgres"), ("../../etc/passwd", "_._.._etc_passwd"), (".x", "_x"),
    ("a b\u{1B}[m", "a_b__m"), ("", ""), ("kworker/0:1", "kworker_0_1"), ("wörk", "w__rk"),
  ])
  func namesAreHarmless(name: String, shown: String) {
    #expect(KeptOutput.fileName(tracee(name)) == "\(shown)-4711.strace")
  }

  @Test func nothingIsWrittenOverOrFollowed() throws {
    let folder = try TestFolder()
    let target = try folder.write("mine", to: "target")
    try folder.makeFolder("kept", mode: 0o700)
    symlink(target, folder.file("kept/link-4711.strace"))
    try folder.write("old", to: "kept/file-4711.strace")
    let kept = try KeptOutput(in: folder.file("kept"), waitingBytes: 1000)
    for name in ["link", "file"] {
      #expect(throws: TraceFailure.self) { try kept.open(for: tracee(name)) }
    }
    #expect(kept.finish().isEmpty)
    #expect(folder.read("target") == "mine" && folder.read("kept/file-4711.strace") == "old")
  }

  @Test func whatWasSaidIsThereAndWhoSaidNothingHasNoFile() throws {
    let folder = try TestFolder()
    let kept = try KeptOutput(in: folder.file("kept"), waitingBytes: 1 << 20)
    let (talker, mute) = (tracee("talker"), tracee("mute", 4712))
    try kept.open(for: talker)
    try kept.open(for: mute)
    for number in 0..<100 {
      let line = Array("\(number)\n".utf8)
      kept.append(line.span, of: talker)
    }
    #expect(kept.finish().isEmpty)
    #expect(
      folder.read("kept/talker-4711.strace") == (0..<100).map { "\($0)\n" }.joined())
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("kept"))
    #expect(names == ["talker-4711.strace"])
  }

  /// Nobody waits for it: neither who is traced, nor the trace at its end.
  @Test(.enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)))
  func aDiskThatHangsHoldsUpNobody() async throws {
    let disk = try await LoopDisk.make()
    let kept = try KeptOutput(
      in: "\(disk.path)/kept", waitingBytes: 100_000, patienceMilliseconds: 200)
    try kept.open(for: tracee("x"))
    try disk.freeze()
    let bytes = [UInt8](repeating: 0x61, count: 1000)
    let start = Monotonic.now
    for _ in 0..<300 { kept.append(bytes.span, of: tracee("x")) }
    let notices = kept.finish()
    #expect(Monotonic.now - start < 10)
    #expect(notices.count == 1 && notices[0].contains("not all"), "\(notices)")
    try disk.thaw()
    try await disk.release()
  }
}
