import BPFEngine
import Foundation
import Records
import Strace
import TestSupport
import Testing

/// Whether what the programs in the kernel count is what was done.
@Suite("bpf traces: counts", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"))
struct KernelCountTests {
  @Test("every call, byte and error of every thread is counted, with its file")
  func exact() async throws {
    let folder = try TestFolder()
    let load = try LoadGenerator([
      "calls", "--go", "--hold", "--file", folder.file("f"), "--block", "700", "--rounds", "120",
      "--threads", "3", "--fsync",
    ])
    let trace = try await KernelTrace.of([load.pid]) {
      try load.go()
      _ = try await load.truth()
    }
    let process = trace.only
    #expect(process.lostCalls == 0)
    #expect(process.threads == 4)
    // The report is a write of its own, into another file.
    #expect(process.count("write") == 361)
    for name in ["pwrite64", "pread64", "fsync"] { #expect(process.count(name) == 360, "\(name)") }
    #expect(process.bytes("pwrite64") == 360 * 700)
    #expect(process.errors("read", "EBADF") == 360)
    #expect(process.errors("openat", "ENOENT") == 360)
    #expect(process.errorCount == 720)
    #expect(process.syncCalls == 360)
    #expect(process.readBytes == 360 * 700 + 1)
    // Descriptors go from one thread's file to another's all the time.
    for number in 0..<3 {
      let file = try #require(process.file(folder.file("f.\(number).0")))
      #expect(file.writeBytes == 2 * 120 * 700)
      #expect(file.readBytes == 120 * 700)
      #expect(file.syncCalls == 120)
      // open, write, pwrite, pread, fsync, close.
      #expect(file.calls == 6 * 120)
    }
    for call in process.calls {
      #expect(call.latencies.reduce(0, +) == call.count, "\(call.name)")
      #expect(call.slowestNanoseconds <= call.nanoseconds, "\(call.name)")
    }
    let sync = try #require(process.calls("fsync").first)
    #expect(sync.kind == .sync)
    #expect(sync.nanoseconds > 0)
    #expect(sync.slowestPath?.hasPrefix(folder.file("f.")) == true)
    try await load.finish()
  }

  @Test(
    "children are followed, and count with who began them, in the room of those that have ended")
  func children() async throws {
    let folder = try TestFolder()
    let load = try LoadGenerator([
      "fork", "--go", "--hold", "--children", "60", "--parallel", "2", "--bytes", "4096", "--block",
      "1024", "--file", folder.file("f"), "--waited",
    ])
    let sizes = TraceSizes(threads: 8, totals: 1024, files: 256, nameBytes: 1 << 16)
    let trace = try await KernelTrace.of([load.pid], sizes: sizes) {
      try load.go()
      _ = try await load.truth()
    }
    let process = trace.only
    #expect(process.lostCalls == 0)
    #expect(process.count("pwrite64") == 240)
    #expect(process.bytes("pwrite64") == 60 * 4096)
    #expect(process.file(folder.file("f"))?.writeBytes == 60 * 4096)
    // Each child's end is a call, too.
    #expect(process.count("exit_group") == 60)
    #expect(trace.notices.contains { $0.hasPrefix("60 children") })
    try await load.finish()
  }

  @Test("a process that becomes another program goes on being counted")
  func exec() async throws {
    let folder = try TestFolder()
    let load = try TalkingProgram([
      "sh", "-c",
      "read x; exec /bin/dd if=/dev/zero of=\(folder.file("f")) bs=1000 count=50",
    ])
    let trace = try await KernelTrace.of([load.pid], for: 60) {
      #expect(write(load.socket, "\n", 1) == 1)
      let code = try await load.end()
      #expect(code == 0)
    }
    let process = trace.only
    #expect(process.ending == .exited)
    #expect(trace.seconds < 50, "nobody is left, so it ends")
    #expect(process.count("execve") == 1)
    #expect(process.file(folder.file("f"))?.writeBytes == 50_000)
    #expect(process.file("/dev/zero")?.readBytes == 50_000)
    #expect(process.count("exit_group") == 1)
  }

  @Test("several processes are counted apart")
  func apart() async throws {
    let folder = try TestFolder()
    let loads = try (1...3).map { number in
      try LoadGenerator([
        "calls", "--go", "--hold", "--file", folder.file("\(number)"), "--block", "\(number * 10)",
        "--rounds", "\(number * 5)",
      ])
    }
    let trace = try await KernelTrace.of(loads.map(\.pid)) {
      for load in loads { try load.go() }
      for load in loads { _ = try await load.truth() }
    }
    for number in 1...3 {
      let process = trace.processes[number - 1]
      #expect(process.identity.id.pid == loads[number - 1].pid)
      #expect(process.bytes("pwrite64") == UInt64(number * 10 * number * 5))
      #expect(process.files.filter { $0.path.hasPrefix(folder.path) }.count == 1)
    }
  }

  @Test("a process that isn't there (any more) is refused, and the others are traced")
  func gone() async throws {
    let load = try LoadGenerator(["sleepers", "--children", "1", "--hold"])
    let ended = try Program(["true"])
    var tracee = try KernelTrace.tracee(load.pid)
    try await ended.end()
    tracee.id.startTicks += 1
    var engine = try BPFTraceEngine()
    let findings = try engine.run(
      [tracee, Tracee(id: ProcessID(pid: ended.pid, startTicks: 1), name: TaskName())],
      for: 50_000_000, isStopped: { false }, progress: {})
    #expect(findings.outcomes.map { $0.refusal?.reason } == [.isGone, .isGone])
  }

  #if arch(x86_64)
    /// reads a byte from 0, writes it to 1, syncs 1 and ends: an ELF file of 32-bit instructions.
    private static let program32: [UInt8] = {
      let code: [UInt8] =
        [0xB8, 3, 0, 0, 0, 0x31, 0xDB, 0x89, 0xE1, 0xBA, 1, 0, 0, 0, 0xCD, 0x80]  // read(0, esp, 1)
        + [0xB8, 4, 0, 0, 0, 0xBB, 1, 0, 0, 0, 0xCD, 0x80]  // write(1, esp, 1)
        + [0xB8, 118, 0, 0, 0, 0xCD, 0x80]  // fsync(1)
        + [0xB8, 1, 0, 0, 0, 0x31, 0xDB, 0xCD, 0x80]  // exit(0)
      func bytes(_ words: UInt32...) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
      }
      let start: UInt32 = 0x0804_8000
      let headers: UInt32 = 52 + 32
      let size = headers + UInt32(code.count)
      // ET_EXEC for EM_386, with one PT_LOAD that is read and executed; elf(5).
      return [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
        + bytes(0x0003_0002, 1, start + headers, 52, 0, 0, 0x0020_0034, 0x0028_0001, 0)
        + bytes(1, 0, start, start, size, size, 5, 0x1000) + code
    }()

    /// ia32_init of arch/x86/entry/vdso: it is there where such programs can run.
    private static let canRun32 = FileManager.default.fileExists(atPath: "/proc/sys/abi/vsyscall32")

    @Test(
      "a 32-bit program's calls have their own numbers, and their descriptors their own place",
      .enabled(if: canRun32, "this kernel runs no 32-bit programs"))
    func bits32() async throws {
      let folder = try TestFolder()
      let program = try folder.write(Self.program32, to: "program", mode: 0o755)
      let (fifo, out) = (folder.file("fifo"), folder.file("out"))
      #expect(mkfifo(fifo, 0o600) == 0)
      let load = try Program(["sh", "-c", "exec \"$0\" <\"$1\" >\"$2\"", program, fifo, out])
      let writer = open(fifo, O_WRONLY | O_CLOEXEC)
      try await until("it to read", detail: { load.errorText }) {
        TestFolder.text("/proc/\(load.pid)/syscall").hasPrefix("3 0x0 ")
      }
      let silent = try await KernelTrace.of([load.pid], for: 0.1) {}
      #expect(silent.only.calls.map(\.name) == ["read"])
      let process = try await KernelTrace.of([load.pid], for: 60) {
        #expect(write(writer, "x", 1) == 1)
        close(writer)
      }.only
      #expect(process.calls.map(\.name).sorted() == ["exit", "fsync", "read", "write"])
      #expect(process.file(fifo)?.readBytes == 1)
      #expect(process.file(out)?.writeBytes == 1)
      #expect(process.file(out)?.syncCalls == 1)
    }
  #endif

  @Test("calls that a filter refuses are counted, and took no time")
  func refused() async throws {
    let load = try LoadGenerator(["refused", "--go", "--hold", "--rounds", "20"])
    let process = try await KernelTrace.of([load.pid]) {
      try await Task.sleep(for: .milliseconds(50))
      try load.go()
      _ = try await load.truth()
    }.only
    #expect(process.count("getpriority") == 20)
    #expect(process.errors("getpriority", "EPERM") == 20)
    #expect(process.calls("getpriority").first?.nanoseconds == 0)
  }

  @Test("an io_uring is noted")
  func ring() async throws {
    let load = try LoadGenerator(["ring", "--go", "--hold"])
    let before = try await KernelTrace.of([load.pid]) {}
    #expect(!before.only.usesIOUring)
    let during = try await KernelTrace.of([load.pid]) {
      try load.go()
      _ = try await load.truth()
    }
    #expect(during.only.usesIOUring)
    let after = try await KernelTrace.of([load.pid]) {}
    #expect(after.only.usesIOUring)
  }
}
