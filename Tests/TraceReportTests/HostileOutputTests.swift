import Records
import TestSupport
import Testing

@testable import TraceReport

/// Output that is cut, damaged, huge, or made to do harm.
@Suite struct HostileOutputTests {
  private static let small = """
    strace: Process 15 attached with 2 threads
    [pid 15] 10:00:00.000001 openat(AT_FDCWD</srv>, "a\\"b", O_RDWR|O_CLOEXEC) = 3</srv/a\\"b> <0.000012>
    [pid 16] 10:00:00.000002 write(3</srv/a\\"b>, "\\1\\2"..., 4096 <unfinished ...>
    [pid 15] 10:00:00.000003 clone(flags=CLONE_THREAD) = 17
    [pid 16] 10:00:00.000009 <... write resumed>) = 4096 <0.000007>
    [pid 17] 10:00:00.000010 --- SIGCHLD {si_signo=SIGCHLD} ---
    [pid 17] 10:00:00.000011 poll([{fd=6, events=POLLIN}], 2, 30000) = 1 ([{fd=10, revents=POLLIN}])
    [pid 17] 10:00:00.000012 +++ exited with 0 +++
    % time     seconds  usecs/call     calls    errors syscall
    ------ ----------- ----------- --------- --------- ------------------
     99.91    1.229840          29     42367         4 futex
    COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME
    mysqld 2362 mysql 7uW REG 8,33 281899 2551886 /data/x

    """

  @Test func everyTruncation() {
    let bytes = Array(HostileOutputTests.small.utf8)
    var last: UInt64 = 0
    for end in 0...bytes.count {
      let output = ParsedOutput(Array(bytes[..<end]))
      let count = output.parser.readCalls
      // A call that was cut off is one all the same, once its name and bracket are there.
      #expect(count >= last || last - count <= 1, "\(end)")
      last = max(last, count)
      #expect(output.processes.count <= 3)
    }
    #expect(ParsedOutput(bytes).parser.unreadLines == 0)
  }

  @Test func flippedBytesAndNoise() {
    var random = SeededGenerator(seed: 6)
    let bytes = Array(HostileOutputTests.small.utf8)
    for _ in 0..<Rounds.count(usual: 1500) {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        damaged[Int.random(in: 0..<damaged.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      let output = ParsedOutput(damaged, piece: Int.random(in: 1...300, using: &random))
      #expect(output.parser.lines <= 40)
      let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = ParsedOutput(noise)
    }
  }

  /// A line of 10 MB: both its ends count, and no more of it is held than that.
  @Test func aLineOfTenMegabytes() throws {
    var bytes = Array("7 write(3</big>, \"".utf8)
    bytes += [UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20)
    bytes += Array("\", 10485760) = 10485760 <0.25>\n7 fsync(3</big>) = 0 <0.5>\n".utf8)
    let output = ParsedOutput(bytes)
    let file = try #require(output.file("/big"))
    #expect(file.writeBytes == 10_485_760 && file.syncCalls == 1)
    #expect(file.nanoseconds == 750_000_000 && output.parser.unreadLines == 0)
    let noise = ParsedOutput([UInt8](repeating: 0, count: 10 << 20))
    #expect(noise.parser.lines == 1 && noise.parser.unreadLines == 1)
  }

  @Test func moreProcessesThanAreToldApart() {
    var text = ""
    for pid in 1...(StraceParser.processLimit + 50) { text += "\(pid) close(3</x>) = 0\n" }
    let output = ParsedOutput(text)
    #expect(output.processes.count == StraceParser.processLimit)
    #expect(output.parser.leftOutLines == 50)
  }

  @Test func moreFilesAndDescriptorsThanAreKept() {
    var text = ""
    for number in 0..<20_000 {
      text += "openat(AT_FDCWD, \"/f/\(number)\", O_RDONLY) = \(number)\n"
      text += "fsync(5</hot>) = 0 <0.01>\n"
    }
    let output = ParsedOutput(text)
    #expect(output.processes.first?.files.count == TracedProcess.fileLimit)
    #expect(output.processes.first?.files.first?.path == "/hot")
    // It was forgotten now and then at most, and is counted by its name again.
    #expect((output.file("/hot")?.syncCalls ?? 0) == 20_000)
    #expect(output.counts == ["openat": 20_000, "fsync": 20_000])
  }

  @Test func numbersBeyondAllRanges() {
    let big = String(repeating: "9", count: 40)
    let output = ParsedOutput(
      """
      \(big) read(3, "", 1) = \(big)
      [pid \(big)] read(\(big), "", 1) = -\(big) <\(big).\(big)>
      read(3</x>, "", 9223372036854775807) = 9223372036854775807
      write(3</x>, "", 9223372036854775807) = 9223372036854775807
      read(3</x>, "", 9223372036854775807) = 9223372036854775807
      read(3</x>, "", 9223372036854775807) = 9223372036854775807
      99:99:99 read(3</x>, "", 1) = 1
      clone(flags=0) = 99999999999
      strace: Process \(big) attached with \(big) threads
      strace: Process 12 attached with 999999999999 threads
      """)
    #expect(output.processes.allSatisfy { $0.readBytes > 0 || $0.callCount >= 0 })
    #expect(output.processes.contains { $0.readBytes == .max || $0.readBytes > 1 << 62 })
  }

  /// Neither buffers nor arguments of programs are kept anywhere.
  @Test func contentsAreNotKept() throws {
    let output = ParsedOutput(
      """
      7 execve("/usr/bin/curl", ["curl", "-u", "me:SECRET"], ["TOKEN=SECRET"]) = 0
      7 write(3</x>, "SECRET", 6) = 6
      7 writev(3</x>, [{iov_base="SECRET", iov_len=6}], 1) = 6
      7 sendto(4<socket:[1]>, "SECRET", 6, 0, NULL, 0) = 6
      7 read(5</y>,  <unfinished ...>
      7 <... read resumed>"SECRET", 6) = 6
      7 write(3</x>, "SEC
      7 setxattr("/x", "user.a", "SECRET", 6, 0) = 0
      """)
    #expect(!"\(output.processes)".contains("SECRET") && !"\(output.processes)".contains("TOKEN"))
    var dumped = ""
    dump(output.parser, to: &dumped)
    #expect(!dumped.contains("SECRET"), "a call kept what it was given")
  }

  @Test func nothingReachesATerminal() {
    let output = ParsedOutput(
      "7 openat(AT_FDCWD, \"/tmp/\u{1B}[31m\\33[0m\\7\u{202E}x\", O_RDONLY) = 3\n"
        + "7 \u{1B}]0;x\u{7}read(3, \"\", 1) = 1\nstrace: \u{1B}[2J\n")
    for text in output.processes.flatMap(\.files).map(\.path) + output.parser.complaints {
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E }, "\(text)")
    }
  }
}
