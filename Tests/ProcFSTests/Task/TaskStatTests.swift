import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("stat of a task")
struct TaskStatTests {
  @Test("fields are those of proc_pid_stat(5)")
  func fields() throws {
    let stat = try #require(TaskText.parse(TaskText.stat()) { TaskStat($0) })
    #expect(stat.id == 4321 && stat.parentPID == 4000)
    #expect(stat.name == TaskName("bash") && stat.state == .sleeping)
    #expect(stat.flags == 4_194_304 && !stat.isKernelThread)
    #expect(stat.reapedMinorFaults == 22222 && stat.majorFaults == 3)
    #expect(stat.userTicks == 150 && stat.systemTicks == 75)
    #expect(stat.threads == 7 && stat.startTicks == 98765)
    #expect(stat.processor == 3 && stat.blockDelayTicks == 17)
  }

  /// Trap 1: the name may hold anything; the last `)` ends it.
  @Test(
    "a hostile name takes nothing over",
    arguments: [
      ") R 1 (", "a b c d", "(", ")", "))))))", "\n", "\u{1B}[31m", "a) Z 1 2 3 4 5 6", "", ") D 1",
    ])
  func hostileName(name: String) throws {
    let stat = try #require(TaskText.parse(TaskText.stat(name: name, state: "D")) { TaskStat($0) })
    #expect(stat.name == TaskText.parse(name) { TaskName($0) })
    #expect(stat.state == .uninterruptible && stat.parentPID == 4000 && stat.startTicks == 98765)
  }

  @Test("a name needs not be text")
  func binaryName() throws {
    let name: [UInt8] = [0xFF, 0xC0, 0x80, 0x29, 0x20, 0xF5]
    let stat = try #require(TaskText.parse(TaskText.stat(name: name)) { TaskStat($0) })
    #expect(stat.name.bytes == name && stat.startTicks == 98765)
  }

  @Test("a truncation gives nothing, or the same")
  func truncations() throws {
    for name in ["bash", ") R 1 (", "a b"] {
      let bytes = TaskText.stat(name: name)
      let whole = try #require(TaskText.parse(bytes) { TaskStat($0) })
      for length in bytes.indices {
        guard let stat = TaskText.parse(Array(bytes[..<length]), { TaskStat($0) }) else { continue }
        #expect(stat.startTicks == whole.startTicks && stat.parentPID == whole.parentPID)
        #expect(stat.name == whole.name && stat.state == whole.state)
        #expect(stat.blockDelayTicks == nil || stat.blockDelayTicks == whole.blockDelayTicks)
      }
    }
  }

  @Test(
    "what is no such line is none",
    arguments: [
      "", " ", "(", ")", "1", "1 (", "1 ()", "1 () ", "x (a) S 1", "-1 (a) S 1 1", "1 (a)S 1 1",
      "99999999999 (a) S 1", "1 )(", "\n\n\n",
    ])
  func garbage(text: String) {
    #expect(TaskText.parse(text) { TaskStat($0) } == nil)
  }

  @Test("numbers out of range don't trap")
  func extremes() {
    let most = String(UInt64.max)
    let line = "1 (a) S " + Array(repeating: most, count: 49).joined(separator: " ") + "\n"
    #expect(TaskText.parse(line) { TaskStat($0) }?.startTicks == .max)
    let beyond = line.replacing("18446744073709551615", with: "99999999999999999999")
    #expect(TaskText.parse(beyond) { TaskStat($0) } == nil)
    let negative = "1 (a) S " + Array(repeating: "-1", count: 49).joined(separator: " ") + "\n"
    #expect(TaskText.parse(negative) { TaskStat($0) }?.parentPID == -1)
  }

  @Test(
    "recorded kernels", .enabled(if: RecordedTrees.isThere, "the recorded trees are not there"))
  func recorded() throws {
    let files = RecordedTrees.files("stat")
    #expect(files.count > 500)
    var unreadable: [String] = []
    for file in files {
      let bytes = RecordedTrees.bytes(file)
      guard let stat = TaskText.parse(bytes, { TaskStat($0) }) else {
        unreadable.append(file)
        continue
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let fields = text[(text.lastIndex(of: ")") ?? text.endIndex)...].split(separator: " ")
      #expect(fields.count > 21 && String(stat.startTicks) == fields[20], "\(file)")
      #expect(String(stat.threads) == fields[18] && stat.state != .unknown, "\(file)")
    }
    // Simulated machines have empty files, too; whatever holds a line is read.
    for file in unreadable {
      let text = String(decoding: RecordedTrees.bytes(file), as: UTF8.self)
      // One collection has a thread count beyond 32 bits.
      let isOdd = file.hasSuffix("/26232/stat")
      #expect(isOdd || !text.contains(") ") || text.split(separator: " ").count < 22, "\(file)")
    }
  }
}
