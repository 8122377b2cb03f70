import Foundation
import Glibc
import Records
import TestSupport
import Testing

@testable import Sampling

@Suite("reports of processes", .live)
struct ProcessReporterTests {
  @Test func thePastIsHandedOn() throws {
    var reporter = try ProcessReporter()
    let points = (0..<2_000).map { index in
      ProcessReport.Point(
        time: Timestamp(seconds: Int64(index)), intervalNanoseconds: 1_000_000_000, io: .gap,
        cpuNanoseconds: 5)
    }
    let found = reporter.report(pid: getpid(), past: points, watchNanoseconds: 10_000_000)
    let report = try #require(found)
    #expect(report.past == Array(points.suffix(ProcessReport.pastLimit)))
    #expect(report.identity.id.pid == getpid())
    // From reading to reading: the first comes a little after the watch began.
    #expect(report.watched.intervalNanoseconds >= 1_000_000)
    #expect(report.io.value != nil && report.cpuNanoseconds > 0)
  }

  /// One reporter makes many: nothing of one is in the next.
  @Test func eachReportIsOfItsOwnProcess() async throws {
    var reporter = try ProcessReporter()
    let other = try Program(["sleep", "1000"])
    try await until("sleep") { TaskState(pid: other.pid)?.name == "sleep" }
    for _ in 0..<3 {
      let (first, second) = (
        reporter.report(pid: getpid(), watchNanoseconds: 0),
        reporter.report(pid: other.pid, watchNanoseconds: 0)
      )
      let (own, its) = (try #require(first), try #require(second))
      #expect(own.identity.id.pid == getpid() && its.identity.id.pid == other.pid)
      #expect(its.parents.first?.identity.id == own.identity.id)
      #expect(its.executable.value?.hasSuffix("/sleep") == true && its.start != .gap)
    }
    other.send(SIGKILL)
    try await other.end()
    for pid in [other.pid, 0, -1] {
      let none = reporter.report(pid: pid)
      #expect(none == nil)
    }
  }

  /// A thread is told as its process.
  @Test func aThreadsNumberIsItsProcess() throws {
    var reporter = try ProcessReporter()
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
      .compactMap { Int32($0) }
    let other = try #require(threads.first { $0 != getpid() })
    let report = reporter.report(pid: other, watchNanoseconds: 0)
    // A thread of a pool may have ended.
    #expect(report == nil || report?.identity.id.pid == getpid())
  }

  @Test func aKernelThreadHasNoFiles() throws {
    var reporter = try ProcessReporter()
    // kthreadd, but not in a pid namespace.
    guard TaskState(pid: 2)?.name == "kthreadd" else { return }
    let found = reporter.report(pid: 2, watchNanoseconds: 0)
    let report = try #require(found)
    #expect(report.isKernelThread && report.executable == .unsupported)
    #expect(report.identity.commandLine == .known("") && report.parents.isEmpty)
    #expect(report.reachesFirstParent)
  }
}
