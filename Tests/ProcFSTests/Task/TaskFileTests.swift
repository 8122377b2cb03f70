import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("the small files of a task")
struct TaskFileTests {
  @Test("io holds seven counters of 64 bits")
  func io() throws {
    let io = try #require(TaskText.parse(TaskText.io) { TaskIO.counters($0) })
    #expect(
      io
        == IOCounters(
          readCharacters: 3828, writeCharacters: 93, readCalls: 31, writeCalls: 2,
          readBytes: 4096, writeBytes: .max, cancelledWriteBytes: 8192))
    let bytes = Array(TaskText.io.utf8)
    for length in bytes.indices {
      #expect(TaskText.parse(Array(bytes[..<length]), { TaskIO.counters($0) }) == nil)
    }
  }

  @Test("schedstat tells whether a task ran")
  func runTime() throws {
    let text = "1380011 366967 3\n"
    let time = try #require(TaskText.parse(text) { TaskRunTime($0) })
    #expect(
      time == TaskRunTime(runNanoseconds: 1_380_011, waitNanoseconds: 366_967, slices: 3))
    #expect(TaskText.parse("0 0 0\n") { TaskRunTime($0)?.isEmpty } == true)
    for length in 0..<(text.utf8.count - 1) {
      #expect(TaskText.parse(Array(text.utf8.prefix(length)), { TaskRunTime($0) }) == nil)
    }
  }

  @Test("sched says when a task last ran")
  func schedule() {
    let text = """
      bash (1, #threads: 1)
      -------------------------------
      se.exec_start                                :      22761590.037476
      se.vruntime                                  :          8359.634615

      """
    let nanoseconds: UInt64 = 22_761_590_037_476
    #expect(TaskText.parse(text) { TaskSchedule.lastRunNanoseconds($0) } == nanoseconds)
    for length in 0..<text.utf8.count {
      let cut = TaskText.parse(Array(text.utf8.prefix(length))) {
        TaskSchedule.lastRunNanoseconds($0)
      }
      #expect(cut == nil || cut == nanoseconds)
    }
  }

  @Test("wchan is a function, or unknown")
  func waitChannel() {
    #expect(
      TaskText.parse("hrtimer_nanosleep") { TaskWaitChannel.function($0) } == "hrtimer_nanosleep")
    // Trap 13.
    #expect(TaskText.parse("0") { TaskWaitChannel.function($0) } == nil)
    #expect(TaskText.parse("0\n") { TaskWaitChannel.function($0) } == nil)
    #expect(TaskText.parse("") { TaskWaitChannel.function($0) } == nil)
    let hostile = TaskText.parse("\u{1B}[2J" + String(repeating: "x", count: 5000)) {
      TaskWaitChannel.function($0)
    }
    #expect(hostile?.unicodeScalars.contains("\u{1B}") == false && (hostile?.count ?? 999) < 200)
  }

  @Test("a stack is read with addresses or without")
  func stack() {
    let new = """
      [<0>] folio_wait_bit+0x12/0x34
      [<0>] ext4_sync_file.constprop.0+0x1/0x2 [ext4]
      [<0>] 0xffffffffa0001234

      """
    #expect(
      TaskText.parse(new) { TaskStack.functions($0) } == [
        "folio_wait_bit", "ext4_sync_file.constprop.0",
      ])
    let old = """
      [<ffffffff811d5f5a>] poll_schedule_timeout+0x4a/0x70
      [<ffffffff811d6f0f>] do_sys_poll+0x42f/0x530
      [<ffffffffffffffff>] 0xffffffffffffffff

      """
    #expect(
      TaskText.parse(old) { TaskStack.functions($0) } == ["poll_schedule_timeout", "do_sys_poll"])
    for text in [new, old] {
      let whole = TaskText.parse(text) { TaskStack.functions($0) }
      for length in 0..<text.utf8.count {
        let cut = TaskText.parse(Array(text.utf8.prefix(length))) { TaskStack.functions($0) }
        #expect(whole.starts(with: cut))
      }
    }
    let deep = String(repeating: "[<0>] f+0x1/0x2\n", count: 5000)
    #expect(TaskText.parse(deep) { TaskStack.functions($0).count } == WaitingTask.stackLimit)
  }

  @Test("a system call has a name")
  func systemCall() {
    #expect(TaskText.parse("running\n") { TaskSystemCall($0) } == .running)
    #expect(TaskText.parse("-1 0x7ffd 0x7f\n") { TaskSystemCall($0) } == TaskSystemCall.none)
    #expect(TaskText.parse("230 0x0 0x0\n") { TaskSystemCall($0) } == .number(230))
    // 0xtools #24: what no kernel has is no call.
    #expect(TaskText.parse("1879048192 0x0\n") { TaskSystemCall($0) } == nil)
    #expect(TaskText.parse("23") { TaskSystemCall($0) } == nil)
    #expect(TaskText.parse("") { TaskSystemCall($0) } == nil)
    #expect(TaskSystemCall.number(60_000).name == "60000")
  }

  @Test(
    "names go by the architecture",
    arguments: [
      (0, "read", "io_setup"), (1, "write", "io_destroy"), (17, "pread64", "getcwd"),
      (18, "pwrite64", "lookup_dcookie"), (25, "mremap", "fcntl"), (57, "fork", "close"),
      (63, "uname", "read"), (64, "semget", "write"), (74, "fsync", "signalfd4"),
      (82, "rename", "fsync"), (222, "timer_create", "mmap"), (230, "clock_nanosleep", "mlockall"),
      (261, "futimesat", "prlimit64"), (291, "epoll_create1", "statx"),
      (332, "statx", nil), (435, "clone3", "clone3"), (462, "mseal", "mseal"),
    ] as [(Int, String, String?)])
  func names(number: Int, x86: String, arm: String?) {
    #expect(SystemCallNames.name(number, in: SystemCallNames.x86_64) == x86)
    #expect(SystemCallNames.name(number, in: SystemCallNames.aarch64) == arm)
  }

  @Test("a number without a call has no name", arguments: [-1, 335, 423, 9999])
  func noNames(number: Int) {
    #expect(SystemCallNames.name(number, in: SystemCallNames.x86_64) == nil)
  }

  @Test("status")
  func status() {
    let text =
      "Name:\ta\nTgid:\t77\nPid:\t78\nTracerPid:\t5\nUid:\t1\t1000\t1\t1\nNSpid:\t78\t3\t2\n"
    let status = TaskText.parse(text) { TaskStatus($0) }
    #expect(status.processID == 77 && status.tracerPID == 5 && status.userID == 1000)
    #expect(status.innermostPID == 2)
    for length in 0..<text.utf8.count {
      let cut = TaskText.parse(Array(text.utf8.prefix(length))) { TaskStatus($0) }
      #expect(cut.processID ?? 77 == 77 && cut.userID ?? 1000 == 1000)
      #expect(cut.innermostPID ?? 2 == 2)
    }
  }

  @Test("users of passwd")
  func users() {
    let text = "root:x:0:0::/root:/bin/sh\n:x:5:5::/:\nbad\na:b\npostgres:x:70:70::/:\nx:x:7"
    func name(_ number: UInt32) -> String? {
      TaskText.parse(text) { UserNames.name(of: number, in: $0) }
    }
    #expect(name(0) == "root" && name(70) == "postgres")
    #expect(name(5) == nil && name(7) == nil && name(1) == nil)
  }

  @Test("a lock's descriptor is found by device and inode")
  func lockLine() {
    let text = "pos:\t0\nflags:\t02\nlock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF\n"
    func has(_ file: String) -> Bool {
      let file = Array(file.utf8)
      return TaskText.parse(text) { LockedFile.hasLock(on: file.span, in: $0) }
    }
    #expect(has("00:13:11691"))
    #expect(!has("00:13:1169") && !has("00:13:116911") && !has(""))
  }

  @Test("command lines are bounded, printable and masked")
  func commandLine() {
    let text = "/usr/bin/db\0--password=hunter2\0\u{1B}]0;x\u{7}\0"
    #expect(
      TaskText.parse(text) { TaskCommandLine.text($0, policy: .masked) }
        == "/usr/bin/db --password=*** ␛]0;x␇")
    #expect(TaskText.parse(text) { TaskCommandLine.text($0, policy: .name) } == "/usr/bin/db")
    #expect(
      TaskText.parse(text) { TaskCommandLine.text($0, policy: .full) }
        == "/usr/bin/db --password=hunter2 ␛]0;x␇")
    let long = String(repeating: "x\0", count: 100_000)
    for policy in CommandLinePolicy.allCases {
      let shown = TaskText.parse(long) { TaskCommandLine.text($0, policy: policy) }
      #expect(shown.count <= TaskCommandLine.shownLimit + 1)
    }
  }
}
