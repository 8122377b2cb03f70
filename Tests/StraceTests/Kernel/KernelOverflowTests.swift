import BPFEngine
import Foundation
import Records
import TestSupport
import Testing

/// More than the kernel's tables have room for.
@Suite("bpf traces: room", .live, .enabled(if: Machine.canTrace, "needs root, and BPF with BTF"))
struct KernelOverflowTests {
  private static let rounds: UInt64 = 300

  /// Four threads, forty files each.
  private func trace(_ sizes: TraceSizes) async throws -> KernelTrace {
    let folder = try TestFolder()
    let load = try LoadGenerator([
      "calls", "--go", "--hold", "--file", folder.file("f"), "--block", "100", "--rounds",
      "\(Self.rounds)", "--children", "40", "--threads", "4",
    ])
    return try await KernelTrace.of([load.pid], sizes: sizes) {
      try load.go()
      _ = try await load.truth()
    }
  }

  /// Calls of the C library besides; more where threads wait for each other on a busy machine.
  private static let spare: UInt64 = 2000

  @Test("calls on more files than there is room for are counted, and told as lost to their files")
  func files() async throws {
    let trace = try await trace(
      TraceSizes(threads: 64, totals: 4096, files: 8, nameBytes: 1 << 16))
    let process = trace.only
    #expect(process.count("pwrite64") == 4 * Self.rounds)
    #expect(process.bytes("pwrite64") == 4 * Self.rounds * 100)
    #expect(process.errors("read", "EBADF") == 4 * Self.rounds)
    #expect(process.lostCalls > 0)
    #expect(process.lostCalls < process.callCount)
  }

  @Test("what finds no room at all is lost, and the sum is right")
  func totals() async throws {
    let trace = try await trace(TraceSizes(threads: 64, totals: 8, files: 8, nameBytes: 1 << 16))
    let process = trace.only
    #expect(process.lostCalls > 0)
    // open, write, pwrite, pread, close and the two that fail.
    let made = 4 * Self.rounds * 7
    #expect(process.callCount < made)
    #expect(process.callCount + process.lostCalls >= made)
    #expect(process.callCount + process.lostCalls < made + process.callCount + Self.spare)
  }

  @Test("calls of more threads than can be followed are lost, and told")
  func threads() async throws {
    let trace = try await trace(
      TraceSizes(threads: 2, totals: 4096, files: 1024, nameBytes: 1 << 16))
    let process = trace.only
    #expect(process.count("pwrite64") < 4 * Self.rounds)
    #expect(process.callCount + process.lostCalls >= 4 * Self.rounds * 7)
    #expect(process.callCount + process.lostCalls < 4 * Self.rounds * 7 + Self.spare)
    #expect(trace.notices.contains { $0.contains("more than can be followed") })
  }

  @Test("tables are emptied while the trace goes on: nothing is lost of thousands of files")
  func emptied() async throws {
    var trace = try await traceOfManyFiles()
    // Where the machine lets nobody empty them for a while, calls are lost, and told; not each time.
    for _ in 0..<4 where trace.only.lostCalls > 0 { trace = try await traceOfManyFiles() }
    #expect(trace.only.lostCalls == 0)
    #expect(trace.only.count("pwrite64") == 3000)
    #expect(trace.only.files.count == TracedProcess.fileLimit)
    #expect(trace.only.file("fd 3") == nil)
  }

  private func traceOfManyFiles() async throws -> KernelTrace {
    let folder = try TestFolder()
    let load = try LoadGenerator([
      "calls", "--go", "--hold", "--file", folder.file("f"), "--block", "10", "--rounds", "1500",
      "--children", "1500", "--threads", "2", "--fsync",
    ])
    let sizes = TraceSizes(threads: 64, totals: 8192, files: 2048, nameBytes: 1 << 18)
    return try await KernelTrace.of([load.pid], sizes: sizes) {
      try load.go()
      _ = try await load.truth()
    }
  }
}
