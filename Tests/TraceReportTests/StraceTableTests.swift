import Records
import Testing

@testable import TraceReport

/// Tables of `strace -c`.
@Suite struct StraceTableTests {
  @Test func columnsAsTheyAlwaysWere() throws {
    let output = ParsedOutput(
      """
      ^Cstrace: Process 1576000 detached
      % time     seconds  usecs/call     calls    errors syscall
      ------ ----------- ----------- --------- --------- ------------------
       99.91    1.229840          29     42367         4 futex
        0.02    0.000292          15        19           mmap
        0.01    0.000140          23         6           openat
      ------ ----------- ----------- --------- --------- ------------------
      100.00    1.230272          29     42392         4 total
      """)
    let process = try #require(output.processes.first)
    #expect(process.calls.map(\.name) == ["futex", "mmap", "openat"])
    #expect(
      process.calls.map(\.count) == [42367, 19, 6] && process.calls.map(\.errors) == [4, 0, 0])
    #expect(process.calls[0].nanoseconds == 1_229_840_000)
    #expect(output.parser.hasTable && output.parser.unreadLines == 0)
  }

  /// `-U` and `-w` choose columns and their order.
  @Test func columnsThatWereChosen() throws {
    let output = ParsedOutput(
      """
      syscall          % time     seconds shortest  longest  usecs/call     calls    errors
      ---------------- ------ ----------- -------- -------- ----------- --------- ---------
      clock_nanosleep   31.10    0.050182 0.050182 0.050182       50182         1
      newfstatat         8.60    0.013870 0.000007 0.000099          20       691        81
      total            100.00    0.161337 0.000006 0.050182          62      2578       320
      """)
    let process = try #require(output.processes.first)
    #expect(process.calls.map(\.name) == ["clock_nanosleep", "newfstatat"])
    #expect(process.calls[1].slowestNanoseconds == 99_000 && process.calls[1].errors == 81)
    #expect(process.callCount == 692)
  }

  /// `-C` sums up the calls that stand above: they aren't counted twice.
  @Test func aTableBelowItsCallsAddsNothing() {
    let output = ParsedOutput(
      """
      read(3</x>, ""..., 7) = 7
      read(3</x>, ""..., 8) = 8
      % time     seconds  usecs/call     calls    errors syscall
      ------ ----------- ----------- --------- --------- ----------------
      100.00    0.000023           7         2           read
      ------ ----------- ----------- --------- --------- ----------------
      100.00    0.000023           7         2           total
      """)
    #expect(output.counts == ["read": 2] && !output.parser.hasTable)
    #expect(output.file("/x")?.readBytes == 15 && output.parser.unreadLines == 0)
  }

  @Test(arguments: ["% time", "time flies", "calls errors", "syscall", "% time seconds"])
  func noTables(text: String) {
    #expect(ParsedOutput(text).parser.unreadLines == 1, "\(text)")
  }
}
