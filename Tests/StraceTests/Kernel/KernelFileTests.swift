import Bytes
import Foundation
import Records
import TestSupport
import Testing

/// Whether files are called by their names, whatever these are.
@Suite("bpf traces: files", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"))
struct KernelFileTests {
  /// Traces a script of bash from its first line of input on, and waits for its end.
  private func trace(
    _ script: String, _ words: [String] = [], under prefix: [String] = []
  ) async throws -> TracedProcess {
    let shell = try TalkingProgram(
      prefix + ["bash", "-c", "read x; \(script); echo over", "bash"] + words)
    try await until("the script to wait") {
      // Who is before it may still be at work: unshare(1) becomes bash.
      TestFolder.text("/proc/\(shell.pid)/comm") == "bash\n"
        && TestFolder.text("/proc/\(shell.pid)/syscall").hasPrefix("0 0x0 ")
    }
    return try await KernelTrace.of([shell.pid], for: 60) {
      #expect(write(shell.socket, "\n", 1) == 1)
      let code = try await shell.end()
      #expect(code == 0, "\(shell.errorText)")
    }.only
  }

  @Test(
    "names of all kinds",
    arguments: [
      "plain", "with blank", "line\nbreak", "\u{1b}[31mred", "back\\slash \"quote\" <3>", "ümläut",
      String(repeating: "n", count: 255), "(deleted)",
    ])
  func names(name: String) async throws {
    let folder = try TestFolder()
    let path = folder.file(name)
    let process = try await trace("printf hello >\"$1\"; printf 22 >>\"$1\"", [path])
    let file = try #require(process.file(Printable.text(path, limit: TracedFile.pathLimit)))
    #expect(file.writeBytes == 7)
  }

  @Test("a path of a hundred folders is told whole, of a longer one the end")
  func deep() async throws {
    let folder = try TestFolder()
    let known = folder.path + String(repeating: "/d", count: 100)
    let deeper = known + String(repeating: "/e", count: 100)
    try FileManager.default.createDirectory(atPath: deeper, withIntermediateDirectories: true)
    let process = try await trace(
      "printf 1 >\"$1/f\"; printf 22 >\"$2/g\"", [known, deeper])
    #expect(process.file(known + "/f")?.writeBytes == 1)
    let cut = try #require(process.files.first { $0.path.hasPrefix("…/") })
    #expect(cut.path.hasSuffix("/d/d/d" + String(repeating: "/e", count: 100) + "/g"))
    #expect(cut.writeBytes == 2)
  }

  @Test(
    "a descriptor that was no file's yet means the file that is opened on it",
    .enabled(if: Machine.has("python3"), "needs python3"))
  func openedLater() async throws {
    let folder = try TestFolder()
    try folder.write(String(repeating: "x", count: 1000), to: "f")
    let script = """
      import os, sys
      os.read(0, 1)
      free = os.dup(0)
      os.close(free)
      for _ in range(3):
        try: os.read(free, 10)
        except OSError: pass
      if os.open(sys.argv[1], os.O_RDONLY) != free: os._exit(3)
      for _ in range(5): os.read(free, 10)
      os._exit(0)
      """
    let program = try TalkingProgram(["python3", "-c", script, folder.file("f")])
    try await until("it to read") {
      TestFolder.text("/proc/\(program.pid)/syscall").hasPrefix("0 0x0 ")
    }
    let trace = try await KernelTrace.of([program.pid]) {
      #expect(write(program.socket, "\n", 1) == 1)
      let code = try await program.end()
      #expect(code == 0)
    }
    #expect(trace.only.errors("read", "EBADF") == 3)
    #expect(trace.only.file(folder.file("f"))?.readBytes == 50)
  }

  @Test("a descriptor that is used again means the new file from then on")
  func reuse() async throws {
    let folder = try TestFolder()
    let process = try await trace(
      """
      for i in 1 2 3 4 5; do
        exec 7>"$1/a"; printf 1 >&7; exec 7>"$1/b"; printf 22 >&7; exec 7>&-
        exec 8>"$1/c" 7>&8; printf 333 >&7; exec 7>&- 8>&-
      done
      """, [folder.path])
    #expect(process.file(folder.file("a"))?.writeBytes == 5)
    #expect(process.file(folder.file("b"))?.writeBytes == 10)
    #expect(process.file(folder.file("c"))?.writeBytes == 15)
  }

  @Test("files that live for one write only, and are deleted before they are closed")
  func shortLived() async throws {
    let folder = try TestFolder()
    let load = try LoadGenerator([
      "calls", "--go", "--hold", "--file", folder.file("t"), "--block", "64", "--rounds", "60",
      "--children", "30", "--threads", "2", "--unlink",
    ])
    let process = try await KernelTrace.of([load.pid]) {
      try load.go()
      _ = try await load.truth()
    }.only
    for thread in 0..<2 {
      for file in 0..<30 {
        let found = try #require(process.file(folder.file("t.\(thread).\(file)")))
        // Twice two writes; open and close are noted with the file, too.
        #expect(found.writeBytes == 256, "\(found.path)")
        #expect(found.calls == 10, "\(found.path)")
      }
    }
  }

  @Test("a file that is deleted already")
  func deleted() async throws {
    let folder = try TestFolder()
    let process = try await trace(
      "exec 7>\"$1\"; rm \"$1\"; printf 22 >&7", [folder.file("gone")])
    #expect(process.file(folder.file("gone"))?.writeBytes == 2)
  }

  @Test("a bind mount inside a mount namespace is told by where it is mounted")
  func bindMount() async throws {
    let folder = try TestFolder()
    try folder.makeFolder("there/in")
    try folder.makeFolder("here")
    let process = try await trace(
      "mount --bind \"$1/there\" \"$1/here\"; printf 22 >\"$1/here/in/f\"; printf 1 >\"$1/there/g\"",
      [folder.path], under: ["unshare", "--mount", "--propagation", "private"])
    #expect(process.file(folder.file("here/in/f"))?.writeBytes == 2)
    #expect(process.file(folder.file("there/g"))?.writeBytes == 1)
  }

  @Test("sockets, pipes, terminals and files without a name are called as /proc/PID/fd does")
  func others() async throws {
    let cat = try TalkingProgram(["sh", "-c", "exec cat | cat >/dev/null"])
    let socket = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(cat.pid)/fd/0")
    // The shell, and the two that it begins: those read.
    let children = try await eventually("both cats") {
      let list = TestFolder.text("/proc/\(cat.pid)/task/\(cat.pid)/children")
        .split(separator: " ").compactMap { pid_t($0) }
      let areCats = list.allSatisfy { TestFolder.text("/proc/\($0)/comm") == "cat\n" }
      return list.count == 2 && areCats ? list : nil
    }
    let pipe = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(children[1])/fd/0")
    let trace = try await KernelTrace.of(children, for: 60) {
      #expect(write(cat.socket, "hello\n", 6) == 6)
      cat.closeInput()
      let code = try await cat.end()
      #expect(code == 0)
    }
    #expect(socket.hasPrefix("socket:["))
    #expect(trace.processes[0].file(socket)?.readBytes == 6)
    #expect(trace.processes[0].calls("read").contains { $0.kind == .network && $0.bytes == 6 })
    #expect(trace.processes[0].file(pipe)?.writeBytes == 6)
    #expect(trace.processes[1].file(pipe)?.readBytes == 6)
    #expect(trace.processes[1].calls("read").contains { $0.kind == .pipe && $0.bytes == 6 })
    #expect(trace.processes[1].file("/dev/null")?.writeBytes == 6)
  }
}
