import Records
import Testing

@testable import TraceReport

/// Children of the one process that is traced, more of them than can be told apart.
struct ChildrenTests {
  /// Each is made, writes a byte and ends. Of every third the call that makes it returns when it has
  /// ended, of every other third when it has begun.
  private static func output(_ count: Int32) -> String {
    var lines: [String] = []
    for child in 1001..<1001 + count {
      let written = "\(child) write(1</x>, \"\"..., 1) = 1 <0.000010>"
      let end = "\(child) +++ exited with 0 +++"
      switch child % 3 {
      case 0:
        lines += [
          "1000 clone(child_stack=NULL, flags=SIGCHLD) = \(child) <0.000100>", written, end,
        ]
      case 1:
        lines += [
          "1000 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>", written,
          "1000 <... clone resumed>) = \(child) <0.000100>", end,
        ]
      default:
        lines += [
          "1000 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>", written, end,
          "1000 <... clone resumed>) = \(child) <0.000100>",
        ]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func foldedTheyCountWithWhoMadeThemHoweverManyThereAre() throws {
    let count: Int32 = 20_000
    let output = ParsedOutput(Self.output(count), process: 1000, foldsChildren: true)
    let process = try #require(output.processes.first)
    #expect(output.processes.count == 1)
    #expect(process.writeBytes == UInt64(count) && process.threads == 1)
    #expect(process.calls.first { $0.name == "clone" }?.count == UInt64(count))
    #expect(process.files.first?.path == "/x" && process.files.first?.writeBytes == UInt64(count))
    #expect(output.parser.processes.first?.children == Int(count))
    #expect(output.parser.leftOutLines == 0 && output.parser.unreadLines == 0)
  }

  /// What has no place of its own any more is left out, and said so: it is nobody else's.
  @Test func toldApartThoseBeyondTheLimitAreNotTheirParents() throws {
    let output = ParsedOutput(Self.output(3000), process: 1000)
    let parent = try #require(output.processes.first)
    #expect(output.processes.count == StraceParser.processLimit)
    #expect(parent.writeBytes == 0 && parent.threads == 1, "\(parent)")
    #expect(output.parser.leftOutLines > 1900)
  }

  /// vfork(2) lets the child go first, and a busy machine until its end.
  @Test(arguments: [false, true])
  func whoHasEndedBeforeTheCallReturnsIsOne(isAnnounced: Bool) {
    let announcement = isAnnounced ? "strace: Process 2 attached\n" : ""
    let child = """
      1 vfork( <unfinished ...>
      \(announcement)2 execve("/bin/cat", ["cat"], 0x1 /* 1 var */) = 0 <0.000100>
      2 exit_group(0)   = ?
      2 +++ exited with 0 +++
      1 <... vfork resumed>) = 2 <0.010000>

      """
    let output = ParsedOutput(child)
    #expect(output.parser.processes.map(\.pid) == [1, 2])
    #expect(output.parser.processes.map(\.parent) == [nil, 1])
    #expect(output.parser.processes.last?.ending == .exited)
  }

  /// A grandchild, and a child's thread.
  @Test func foldedTheirOwnChildrenDoToo() throws {
    let output = ParsedOutput(
      """
      1 clone(child_stack=NULL, flags=SIGCHLD) = 2 <0.000100>
      2 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 3 <0.000100>
      3 write(1</x>, ""..., 7) = 7 <0.000010>
      2 clone(child_stack=NULL, flags=SIGCHLD) = 4 <0.000100>
      4 write(1</x>, ""..., 5) = 5 <0.000010>

      """, process: 1, foldsChildren: true)
    #expect(output.processes.map(\.writeBytes) == [12])
    #expect(output.parser.processes.first?.children == 2)
  }
}
