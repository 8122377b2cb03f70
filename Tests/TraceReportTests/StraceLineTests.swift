import Testing

@testable import TraceReport

/// What stands in front of a call, and the parts of the call itself.
@Suite struct StraceLineTests {
  private func line(_ text: String, _ body: (Span<UInt8>, StraceLine) -> Void) {
    let bytes = Array(text.utf8)
    body(bytes.span, StraceLine(bytes.span))
  }

  @Test(
    arguments: [
      ("read(3, \"\", 1) = 0", nil), ("[pid 123] read(", 123), ("[pid  6594] read(", 6594),
      ("[pid 123<bash>] read(", 123), ("123  read(", 123), ("123 read(", 123),
      ("4194304 read(", 4_194_304), ("123<python3 -c <x>> read(", 123), ("  77 read(", 77),
      ("> > [pid  1524] read(", 1524), (">> [pid  1524] read(", 1524),
      ("  [  4.019227] strace[262]: [pid   323] read(", 323), ("^Cread(", nil),
      ("123 14:30:11.731864 read(", 123), ("10000 1697048351.000001 read(", 10000),
      ("1697048351 read(", nil), ("123 1697048351 read(", 123),
      ("[pid 123] 1795894887.056407 read(", 123), ("     0.000019 read(", nil),
      ("12356      0.000019 read(", 12356),
      ("12548 1795894890.409273368 (+     0.000085447) read(", 12548), ("0 read(", nil),
      ("\tread(", nil),
    ] as [(String, Int32?)])
  func prefixes(text: String, pid: Int32?) {
    line(text) { bytes, line in
      #expect(line.pid == pid, "\(text)")
      let isAtCall = bytes.matches("read(", at: line.body) || text.hasPrefix("0 ")
      #expect(isAtCall, "\(text): \(line.body)")
    }
  }

  @Test(
    arguments: [
      ("14:30:11 r(", .ofDay(52_211_000_000_000), false),
      ("14:30:11.731864 r(", .ofDay(52_211_731_864_000), true),
      ("00:00:00.000000001 r(", .ofDay(1), true),
      ("1697048351.000001 r(", .absolute(1_697_048_351_000_001_000), true),
      ("1697048351 r(", .absolute(1_697_048_351_000_000_000), false),
      ("     0.000019 r(", .sinceLast(19_000), true),
      ("    12.5 r(", .sinceLast(12_500_000_000), true),
      ("(+     0.000085447) r(", .sinceLast(85_447), true),
      ("1697048351.5 (+     0.25) r(", .absolute(1_697_048_351_500_000_000), true),
    ] as [(String, StraceTime, Bool)])
  func times(text: String, time: StraceTime, hasFraction: Bool) {
    line(text) { _, line in
      #expect(line.stamp == StraceTime.Stamp(time: time, hasFraction: hasFraction), "\(text)")
    }
  }

  @Test(arguments: [
    "24:00:00 r(", "12:60:00 r(", "12:00 r(", "1.2.3 r(", "99999999999 r(", "12: r(",
  ])
  func noTimes(text: String) {
    line(text) { _, line in #expect(line.stamp == nil, "\(text)") }
  }

  /// Name, arguments, ending, result, length.
  @Test(
    arguments: [
      ("read(3, \"a)b = 7\", 8) = 4096 <0.000123>", "read|3|\"a)b = 7\"|8", "4096", 123_000),
      ("close(5)                = 0", "close|5", "0", nil),
      ("getpid() = 7", "getpid|", "7", nil),
      (
        "openat(AT_FDCWD</tmp/a (b>, \"x\\\"y\", O_RDONLY) = 3</tmp/a (b/x>",
        "openat|AT_FDCWD</tmp/a (b>|\"x\\\"y\"|O_RDONLY", "3</tmp/a (b/x>", nil
      ),
      (
        "write(4<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 9) = 9 <1.5>",
        "write|4<TCP:[127.0.0.1:1->127.0.0.1:2]>|\"\"...|9", "9", 1_500_000_000
      ),
      ("read(3</dev/null<char 1:3>>, \"\", 1) = 0", "read|3</dev/null<char 1:3>>|\"\"|1", "0", nil),
      (
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 12",
        "wait4|-1|[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]|0", "12", nil
      ),
      (
        "access(\"/x\", F_OK)      = -1 ENOENT (No such file or directory) <0.000043>",
        "access|\"/x\"|F_OK", "-1 ENOENT (No such file or directory)", 43_000
      ),
      (
        "poll([{fd=6, events=POLLIN}], 2, 30000) = 1 ([{fd=10, revents=POLLIN}])",
        "poll|[{fd=6, events=POLLIN}]|2|30000", "1 ([{fd=10, revents=POLLIN}])", nil
      ),
      (
        "read(0, 0x7f, 1)              = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        "read|0|0x7f|1", "? ERESTARTSYS (To be restarted if SA_RESTART is set)", nil
      ),
      (
        "mmap(NULL, 8, 1<<3, MAP_PRIVATE, -1, 0) = 0x7fde0c567000",
        "mmap|NULL|8|1<<3", "0x7fde0c567000", nil
      ),
      (
        "restart_syscall(<... resuming interrupted poll ...>) = 1",
        "restart_syscall|<... resuming interrupted poll ...>", "1", nil
      ),
      (
        "syscall_0xbad(0x1) = -1 ENOSYS (Function not implemented)", "syscall_0xbad|0x1",
        "-1 ENOSYS (Function not implemented)", nil
      ),
      ("????() = ?", "????|", "?", nil),
      ("exit_group(0)     = ?", "exit_group|0", "?", nil),
      ("fsync(3) = 0 (INJECTED) <0.000000001>", "fsync|3", "0 (INJECTED)", 1),
    ] as [(String, String, String, UInt64?)])
  func calls(text: String, parts: String, result: String, duration: UInt64?) throws {
    let bytes = Array(text.utf8)
    let span = bytes.span
    let read = span.straceCall(from: 0)
    let call = try #require(read)
    func piece(_ range: Range<Int>) -> String {
      String(decoding: bytes[range], as: UTF8.self).drop { $0 == " " }.description
    }
    var found = [piece(call.name)]
    for index in 0..<call.argumentCount { found.append(piece(call.arguments[index])) }
    #expect(call.ending == .returned, "\(text)")
    // Four arguments are kept.
    #expect(found.prefix(4).joined(separator: "|") == parts, "\(text)")
    #expect(piece(call.result) == result, "\(text)")
    #expect(call.duration == duration, "\(text)")
  }

  @Test(arguments: [
    ("fsync(3 <unfinished ...>", StraceCall.Ending.unfinished),
    ("pread(586,  <unfinished ...>", .unfinished),
    (
      "openat(AT_FDCWD</tmp>, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC <unfinished ...>",
      .unfinished
    ),
    ("select(0, NULL, {1, 0}^C <unfinished ...>", .unfinished),
    ("read(0,  <detached ...>", .detached),
    ("execve(\"/x\", [\"x\"], 0x7 /* 3 vars */ <pid changed to 12 ...>", .unfinished),
    ("clone(Process 21721 attached", .cut), ("read(3, \"abc", .cut), ("poll([{fd=6, ", .cut),
  ])
  func openCalls(text: String, ending: StraceCall.Ending) {
    let bytes = Array(text.utf8)
    let found = bytes.span.straceCall(from: 0)?.ending
    #expect(found == ending, "\(text)")
  }

  @Test(arguments: ["", "(", "x", "1x() = 0", "a b() = 0", "/lib/x.so(read+0x1) [0x2]"])
  func noCalls(text: String) {
    let bytes = Array(text.utf8)
    let isNone = bytes.span.straceCall(from: 0) == nil
    #expect(isNone, "\(text)")
  }

  @Test func pathsAreUnescaped() {
    for (text, plain) in [
      (#"a\"b"#, "a\"b"), (#"\303\251"#, "é"), (#"\x3c\76\n"#, "<>\n"), (#"\0\1x"#, "\u{0}\u{1}x"),
      (#"back\\slash\"#, "back\\slash\\"),
    ] {
      let bytes = Array(text.utf8)
      let unescaped = bytes.span.unescaped(0..<bytes.count)
      #expect(String(decoding: unescaped, as: UTF8.self) == plain, "\(text)")
    }
  }
}
