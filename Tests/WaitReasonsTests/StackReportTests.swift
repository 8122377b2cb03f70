import Foundation
import Records
import Testing
import WaitReasons

/// Pasted text, as it really comes.
struct StackReportTests {
  /// A task in every form the kernel had for it.
  @Test(arguments: [
    // 5.11 and newer.
    "task:my app (x) state:D stack:0     pid:4711 tgid:4711 ppid:12 flags:0x00004000",
    "task:my app (x)      state:D stack:    0 pid: 4711 ppid:    12 flags:0x00000000",
    // Before.
    "my app (x)     D    0  4711     12 0x80004000",
    "my app (x)      D ffff88007fc13780     0  4711     12 0x00000000",
    // 2.6.32.
    "my app (x)      D 0000000000000001     0  4711     12 0x00000080",
  ])
  func headersOfEveryKernel(header: String) throws {
    for prefix in [
      "", "[ 3194.579069] ", "[538847.101197] ", "[  +0.008801] ", "[Tue Aug 25 16:41:16 2020] ",
      "Jun 12 12:04:40 host kernel: [216427.246183] ", "2026-11-23T03:12:04+01:00 db1 kernel: ",
      "Nov 23 15:15:18 xps-7390 kernel: [ 3687.522152][   T55] ", "<4>[  12.5] ", "> > ",
      "6,1234,5678,-;", "\u{A0}",
    ] {
      let text = """
        \(prefix)\(header)
        \(prefix)Call Trace:
        \(prefix) <TASK>
        \(prefix) __schedule+0x2e3/0x740
        \(prefix) ? wake_up_q+0x70/0x70
        \(prefix) schedule+0x42/0xb0
        \(prefix) jbd2_log_wait_commit+0xb4/0xf4 [jbd2]
        \(prefix) entry_SYSCALL_64_after_hwframe+0x44/0xa9
        \(prefix) </TASK>
        """
      let tasks = StackReport.parse(text).tasks
      try #require(tasks.count == 1, "\(prefix)")
      #expect(tasks[0].name == "my app (x)", "\(prefix)")
      #expect(tasks[0].pid == 4711)
      #expect(tasks[0].parent == 12)
      #expect(tasks[0].state == .uninterruptible)
      #expect(tasks[0].reason.name == "ext4 journal commit", "\(prefix)")
      #expect(tasks[0].stack.count == 4, "\(prefix)\(tasks[0].stack)")
    }
  }

  @Test func headlineAndHeaderAreOneTask() throws {
    let report = StackReport.parse(
      """
      INFO: task kworker/u131:12+flush-8:0:19320 blocked for more than 368 seconds.
            Not tainted 6.12.28 #1-NixOS
      "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
      task:kworker/u131:12 state:D stack:0 pid:19320 tgid:19320 ppid:2 flags:0x00004000
      Workqueue: writeback wb_workfn (flush-253:0)
      Call Trace:
       wbt_wait+0x1/0x2
      INFO: task a:b c:99 blocked in I/O wait for more than 120 seconds.
      """)
    try #require(report.tasks.count == 2)
    #expect(report.tasks[0].name == "kworker/u131:12+flush-8:0")
    #expect(report.tasks[0].seconds == 368)
    #expect(report.tasks[0].workqueue == "writeback wb_workfn (flush-253:0)")
    #expect(report.tasks[1].name == "a:b c")
    #expect(report.tasks[1].pid == 99)
    #expect(report.tasks[1].reason == .unknown)
  }

  @Test func aTaskThatIsReportedAgainIsOneTask() throws {
    let once = """
      INFO: task nix:21146 blocked for more than %s seconds.
      Call Trace:
       schedule+0x1/0x2
       wbt_wait+0x1/0x2
       ret_from_fork+0x1/0x2

      """
    let text =
      once.replacingOccurrences(of: "%s", with: "122")
      + once.replacingOccurrences(of: "%s", with: "368")
    let tasks = StackReport.parse(text).tasks
    #expect(tasks.count == 1)
    #expect(tasks.first?.seconds == 368)
    let moved = text + once.replacingOccurrences(of: "wbt_wait", with: "md_super_wait")
    #expect(StackReport.parse(moved).tasks.count == 2)
  }

  @Test func plainStacksOneAfterTheOther() throws {
    let report = StackReport.parse(
      """
      [<0>] percpu_rwsem_wait+0x15f/0x1d0
      [<0>] mnt_want_write+0x96/0xc0
      [<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e
      [<ffffffffa0150d1c>] rpc_wait_bit_killable+0x24/0xb0 [sunrpc]
      [<ffffffffa0150e85>] __rpc_execute+0xf5/0x1d0 [sunrpc]
      [<ffffffff8100b072>] system_call_fastpath+0x16/0x1b
      [<ffffffffffffffff>] 0xffffffffffffffff
      [<0>] folio_wait_bit_common+0x110/0x310
      [<0>] __folio_lock+0x17/0x30

      [<0>] kernel_clone+0x1af/0x3e0
      [<0>] __do_sys_vfork+0x43/0x70
      """)
    #expect(
      report.tasks.map(\.reason.name) == [
        "frozen filesystem", "NFS RPC", "page lock", "vfork child",
      ])
  }

  /// `head -v`, a loop with `echo`, a shell's prompt: whose stack it is.
  @Test func theTitleOfAPlainStackNamesItsTask() {
    for title in [
      "==> /proc/4711/stack <==", "/proc/4711/stack:", "# cat /proc/4711/stack",
      "$ sudo cat /proc/17/task/4711/stack",
    ] {
      let tasks = StackReport.parse("\(title)\n[<0>] fcntl_setlk+0x1a2/0x3c0\n").tasks
      #expect(tasks.map(\.pid) == [4711], "\(title)")
      #expect(tasks.first?.reason.name == "file lock")
    }
  }

  /// Other architectures, and crash(8).
  @Test(arguments: [
    "[c000000003e7b8b0] [c00000000013d1a4] jbd2_log_wait_commit+0x1/0x2 (unreliable)",
    "[<80b2a3c4>] (jbd2_log_wait_commit) from [<80b2b000>] (ext4_sync_file+0x1/0x2)",
    " jbd2_log_wait_commit from ext4_sync_file+0x1/0x2",
    "([<0000000000112233>] jbd2_log_wait_commit+0x1/0x2)",
    " #1 [ffff88007c] jbd2_log_wait_commit at ffffffff8105b1a1", "jbd2_log_wait_commit",
    "[<0>] jbd2_log_wait_commit",
  ])
  func framesOfEveryKind(line: String) {
    #expect(StackReport.parse(line).tasks.first?.reason.name == "ext4 journal commit")
  }

  /// What is no frame of a waiting task.
  @Test(arguments: [
    "(b) processes hung in _xfs_log_force_lsn+0x20e/0x350 [xfs]. This",
    "RIP: 0010:jbd2_log_wait_commit+0x1/0x2",
    " #0: 00000000c1b69c21 (rcu_read_lock){....}, at: jbd2_log_wait_commit+0x15/0x169",
    "WARNING: CPU: 0 PID: 2530 at drivers/md/md.c:8180 md_write_inc+0x15/0x40 [md_mod]",
    " ? jbd2_log_wait_commit+0x1/0x2", "I think that jbd2_log_wait_commit is slow", "", "\n\n\n",
    "hello",
  ])
  func proseAndDoubtsAreNoStack(line: String) {
    #expect(StackReport.parse(line).tasks.isEmpty, "\(line)")
  }

  @Test func aTraceOfRunningCodeIsNoWait() {
    let report = StackReport.parse(
      """
      CPU: 19 PID: 11323 Comm: mount Kdump: loaded Tainted: G
      Call Trace:
       dump_stack+0x19/0x1b
       xfs_buf_iowait+0x27/0xb0 [xfs]
      INFO: task mount:11341 blocked for more than 120 seconds.
      Call Trace:
       xfs_buf_iowait+0x27/0xb0 [xfs]
      """)
    #expect(report.tasks.map(\.pid) == [11341])
    let running = StackReport.parse(
      "task:spin state:R stack:0 pid:5 ppid:1 flags:0x0\nCall Trace:\n wbt_wait+0x1/0x2\n")
    #expect(running.tasks.first?.reason == .unknown)
  }

  /// A mailer broke lines in two.
  @Test func linesThatAMailerBrokeAreRead() throws {
    let report = StackReport.parse(
      """
      Nov 12 16:45:02 h kernel: [27678.931613] INFO: task
      kworker/50:0:20430 blocked for more than 120 seconds.
      Nov 12 16:45:02 h kernel: [27678.931804] Call Trace:
      Nov 12 16:45:02 h kernel: [27678.931814]  schedule+0x2c0/0x870
      Nov 12 16:45:02 h kernel: [27678.931847]  ?
      wbt_wait+0xb0/0xb0
      Nov 12 16:45:02 h kernel: [27678.931850]
      xlog_grant_head_wait+0x7b/0x210 [xfs]
      """)
    let task = try #require(report.tasks.last)
    #expect(report.tasks.count == 1)
    #expect(task.pid == 20430)
    #expect(task.name == "kworker/50:0")
    #expect(task.stack == ["schedule", "xlog_grant_head_wait"])
  }

  // MARK: - Hostile input

  @Test func hostileBytesAreHarmless() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "INFO: task ", " blocked for more than ", "task:", " state:", "pid:", "Call Trace:", "[<0>] ",
      "+0x1/0x2", "schedule", "] ", "[", "(", ")", "kernel: ", "0x", "\u{1B}[2J", "\n", "\r", "\0",
      "99999999999999999999", "#0: ", ", at: ", " locks held by ", "/proc/", "/stack", "?", ":",
      ".",
      " is blocked on a mutex likely owned by task ", "𝕏", "\u{C2}\u{A0}", "PID: ", "COMMAND: \"",
      "D 0 1 2 0x0", "running task",
    ]
    for _ in 0..<2_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<60, using: &random) {
        if Bool.random(using: &random) {
          bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
        } else {
          bytes.append(UInt8.random(in: 0...255, using: &random))
        }
      }
      let report = StackReport.parse(bytes)
      let text = ExplainText().text(report)
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F })
      report.writeJSON { line in
        #expect((try? JSONSerialization.jsonObject(with: Data(line))) != nil)
      }
    }
  }

  @Test func everythingIsBounded() {
    let name = String(repeating: "n", count: 100_000)
    let named = StackReport.parse("INFO: task \(name):5 blocked for more than 9 seconds.\n")
    #expect((named.tasks.first?.name?.count ?? 0) <= 64)
    let frames = String(repeating: " some_function+0x1/0x2\n", count: 10_000)
    let deep = StackReport.parse("task:a state:D stack:0 pid:1 ppid:0 flags:0x0\n\(frames)")
    #expect(deep.tasks.first?.stack.count == WaitingTask.stackLimit)
    var many = ""
    for pid in 1...(StackReport.taskLimit + 10) {
      many += "task:a state:D stack:0 pid:\(pid) ppid:0 flags:0x0\n wbt_wait+0x1/0x2\n"
    }
    let report = StackReport.parse(many)
    #expect(report.tasks.count == StackReport.taskLimit)
    #expect(report.tasksLeftOut == 10)
    let long = StackReport.parse(
      [UInt8](repeating: UInt8(ascii: "x"), count: StackReport.textLimit + 1))
    #expect(long.isCut && long.tasks.isEmpty)
  }
}
