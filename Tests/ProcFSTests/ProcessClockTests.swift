import Foundation
import TestSupport
import Testing

@testable import ProcFS

@Suite("the clock of a process", .live)
struct ProcessClockTests {
  @Test func itGoesWhileWeRun() throws {
    let before = try #require(ProcessClock.nanoseconds(of: getpid()))
    var sum = 0
    for number in 0..<1_000_000 { sum &+= number ^ sum }
    let after = try #require(ProcessClock.nanoseconds(of: getpid()))
    #expect(after > before, "\(sum)")
  }

  @Test func itStandsStillWhileASleeperSleeps() async throws {
    let sleeper = try Program(["sleep", "60"])
    try await until("it to sleep") {
      TaskState(pid: sleeper.pid)?.wchan.contains("nanosleep") ?? false
    }
    let before = try #require(ProcessClock.nanoseconds(of: sleeper.pid))
    try await Task.sleep(for: .milliseconds(50))
    #expect(before > 0 && ProcessClock.nanoseconds(of: sleeper.pid) == before)
    sleeper.send(SIGKILL)
    try await sleeper.end()
    #expect(ProcessClock.nanoseconds(of: sleeper.pid) == nil)
  }

  /// It is what `schedstat` says of its only task.
  @Test func itIsTheSumOfItsTasks() async throws {
    let sleeper = try Program(["sleep", "60"])
    try await until("it to sleep") {
      TaskState(pid: sleeper.pid)?.wchan.contains("nanosleep") ?? false
    }
    let clock = try #require(ProcessClock.nanoseconds(of: sleeper.pid))
    let text = TestFolder.text("/proc/\(sleeper.pid)/schedstat")
    #expect(text.hasPrefix("\(clock) "), "\(text)")
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }
}
