import BPFEngine
import Foundation
import Records
import TestSupport
import Testing

/// Calls that are under way when a trace begins or ends, and that it ends when it should.
@Suite("bpf traces: time", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"))
struct KernelTimeTests {
  @Test("a process that sits in one call all the time is named, with its file")
  func oneCall() async throws {
    let folder = try TestFolder()
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let cat = try Program(["cat", fifo])
    let writer = open(fifo, O_WRONLY | O_CLOEXEC)
    defer { close(writer) }
    try await until("cat to read") {
      TestFolder.text("/proc/\(cat.pid)/syscall").hasPrefix("0 0x")
    }
    let trace = try await KernelTrace.of([cat.pid], for: 1) {}
    let read = try #require(trace.only.calls("read").first)
    #expect(trace.only.calls.count == 1)
    #expect(read.count == 1)
    #expect(read.slowestPath == fifo)
    #expect(read.nanoseconds >= 900_000_000 && read.nanoseconds <= trace.only.nanoseconds)
    #expect(trace.only.file(fifo)?.calls == 1)
    #expect(trace.only.ending == .detached)
  }

  #if arch(x86_64)
    private static let sleepNumber = "230 "
  #else
    private static let sleepNumber = "115 "
  #endif

  @Test("a call that began before the trace counts from there on; one that it ends in counts, too")
  func underWay() async throws {
    let folder = try TestFolder()
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let reader = try Program(["sh", "-c", "read x <\"$0\"; exec sleep 60", fifo])
    let writer = open(fifo, O_WRONLY | O_CLOEXEC)
    try await until("it to read") {
      TestFolder.text("/proc/\(reader.pid)/syscall").hasPrefix("0 0x")
    }
    try await Task.sleep(for: .milliseconds(500))
    let trace = try await KernelTrace.of([reader.pid]) {
      try await Task.sleep(for: .milliseconds(300))
      #expect(write(writer, "\n", 1) == 1)
      close(writer)
      // clock_nanosleep
      try await until("it to sleep") {
        TestFolder.text("/proc/\(reader.pid)/syscall").hasPrefix(Self.sleepNumber)
      }
    }
    let process = trace.only
    let read = try #require(process.calls("read").first { $0.slowestPath == fifo })
    #expect(read.slowestNanoseconds >= 290_000_000)
    // Not the half second before it.
    #expect(read.slowestNanoseconds <= process.nanoseconds)
    #expect(process.file(fifo)?.readBytes == 1)
    let sleep = try #require(process.calls("clock_nanosleep").first)
    #expect(sleep.count == 1)
    #expect(sleep.kind == .wait)
    #expect(sleep.nanoseconds + read.nanoseconds <= process.nanoseconds)
  }

  @Test(
    "who waits for a frozen disk is named",
    .enabled(if: Machine.canFreeze, "needs root and loop devices"))
  func frozen() async throws {
    let frozen = try await FrozenDisk.make()
    let trace = try await KernelTrace.of([frozen.victim], for: 0.5) {}
    try await frozen.release()
    let call = try #require(trace.only.calls.first)
    #expect(["openat", "write"].contains(call.name))
    #expect(call.nanoseconds >= 400_000_000)
    if call.name == "write" { #expect(call.slowestPath == frozen.disk.path + "/file") }
  }

  @Test(
    "it ends on time, and at once when it is told to, beside a process that does nothing but call")
  func onTime() async throws {
    let dd = try Program(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000000"])
    defer { dd.send(SIGKILL) }
    let whole = try await KernelTrace.of([dd.pid], for: 1) {}
    #expect(whole.seconds >= 1)
    #expect(whole.seconds < 10)
    #expect(whole.only.nanoseconds >= 1_000_000_000)
    #expect(whole.only.nanoseconds < 5_000_000_000)
    #expect(whole.only.bytes("read") > 0)
    let cut = try await KernelTrace.of([dd.pid]) {}
    #expect(cut.seconds < 10)
  }
}
