import TestSupport
import Testing

@testable import ProcFS

@Suite(
  "recorded files of tasks of other kernels",
  .enabled(if: RecordedTrees.isThere, "the recorded trees are not there"))
struct RecordedTaskTests {
  /// Whether each file of this name that isn't empty gives something.
  private func check(_ name: String, atLeast least: Int, _ parses: (Span<UInt8>) -> Bool) {
    // One collection has a file that is wrong on purpose.
    let files = RecordedTrees.files(name).filter {
      !RecordedTrees.bytes($0).isEmpty && !$0.hasSuffix("/26233/schedstat")
    }
    #expect(files.count >= least, "\(name): \(files.count)")
    for file in files {
      let isRead = TaskText.parse(RecordedTrees.bytes(file), parses)
      #expect(isRead, "\(file)")
    }
  }

  @Test func io() { check("io", atLeast: 10) { TaskIO.counters($0) != nil } }
  @Test func schedstat() { check("schedstat", atLeast: 10) { TaskRunTime($0) != nil } }
  @Test func syscall() { check("syscall", atLeast: 2) { TaskSystemCall($0) != nil } }
  @Test func cgroup() { check("cgroup", atLeast: 10) { TaskControlGroup($0) != nil } }

  @Test func sched() {
    check("sched", atLeast: 0) { TaskSchedule.lastRunNanoseconds($0) != nil }
  }

  @Test func status() {
    check("status", atLeast: 10) { TaskStatus($0).userID != nil && TaskStatus($0).processID != nil }
  }

  @Test func stacks() {
    check("stack", atLeast: 0) { bytes in
      let functions = TaskStack.functions(bytes)
      return functions.allSatisfy { !$0.contains("+") && !$0.contains(" ") }
    }
  }
}
