import Records
import Testing
import WaitReasons

/// Who waits for whom, and who is not accused.
struct WaitGraphTests {
  private func task(_ name: String, _ pid: Int, _ frames: String, parent: Int = 2) -> String {
    var text = "task:\(name) state:D stack:0 pid:\(pid) ppid:\(parent) flags:0x0\nCall Trace:\n"
    text += " __schedule+0x1/0x2\n schedule+0x1/0x2\n"
    for frame in frames.split(separator: " ") { text += " \(frame)+0x1/0x2\n" }
    return text
  }

  private func pairs(_ report: StackReport) -> [String] {
    report.graph().relations.map {
      "\(report.tasks[$0.waiter].pid ?? 0) \($0.basis.rawValue) \($0.holder.pid ?? 0)"
    }
  }

  private let jbd2 = "wbt_wait submit_bio jbd2_journal_commit_transaction kjournald2 kthread"
  private let waiter = "jbd2_log_wait_commit ext4_sync_file vfs_fsync_range"

  @Test func whoWaitsForTheJournalWaitsForItsThread() {
    let report = StackReport.parse(
      task("db", 10, waiter) + task("jbd2/sda1-8", 20, jbd2) + task("db", 11, waiter))
    #expect(pairs(report) == ["10 likely 20", "11 likely 20"])
  }

  /// The thread itself waits in its commit: still the one.
  @Test func theJournalsThreadNeedsNoOtherReason() {
    let report = StackReport.parse(
      task("db", 10, waiter) + task("jbd2/sda1-8", 20, "jbd2_journal_commit_transaction kjournald2")
    )
    #expect(pairs(report) == ["10 likely 20"])
  }

  @Test func twoJournalsAreOnlyPossible() {
    let report = StackReport.parse(
      task("db", 10, waiter) + task("jbd2/sda1-8", 20, jbd2) + task("jbd2/sdb1-8", 21, jbd2))
    #expect(pairs(report) == ["10 possible 20", "10 possible 21"])
  }

  @Test func withManyCandidatesNobodyIsNamed() {
    var text = task("db", 10, waiter)
    for pid in 20..<30 { text += task("jbd2/sd\(pid)", pid, jbd2) }
    let report = StackReport.parse(text)
    #expect(pairs(report).isEmpty)
    #expect(report.graph().withoutHolder == [0])
  }

  @Test func theKernelsOwnWordIsTaken() {
    for words in [
      "a mutex likely owned by", "an rw-semaphore likely owned by",
      "a semaphore likely last held by",
    ] {
      let report = StackReport.parse(
        task("cat", 10, "__mutex_lock some_lock_taker")
          + "INFO: task cat:10 is blocked on \(words) task my app:20.\n"
          + task("my app", 20, "rpc_wait_bit_killable __rpc_execute"))
      #expect(pairs(report) == ["10 stated 20"], "\(words)")
    }
    let report = StackReport.parse(
      task("cat", 10, "__mutex_lock some_lock_taker")
        + "INFO: task cat:10 is blocked on a mutex, but the owner is not found.\n")
    #expect(pairs(report).isEmpty)
  }

  @Test func aLockThatTwoTasksListIsHeldByTheOneThatDoesNotWaitForIt() {
    let report = StackReport.parse(
      task("postgres", 20, "inode_dio_wait ext4_fallocate")
        + task("iou-wrk", 10, "rwsem_down_read_slowpath down_read ext4_file_write_iter")
        + task("iou-wrk", 11, "rwsem_down_read_slowpath down_read ext4_file_write_iter")
          + """
          Showing all locks held in the system:
          2 locks held by postgres/20:
           #0: ffff88 (sb_writers#8){.+.+}-{0:0}, at: vfs_fallocate+0x1/0x2
           #1: ffff99 (&sb->s_type->i_mutex_key#13){++++}-{3:3}, at: ext4_fallocate+0x1/0x2
          1 lock held by iou-wrk/10:
           #0: ffff99 (&sb->s_type->i_mutex_key#13){++++}-{3:3}, at: ext4_file_write_iter+0x4/0xa
          1 lock held by iou-wrk/11:
           #0: ffff99 (&sb->s_type->i_mutex_key#13){++++}-{3:3}, at: ext4_file_write_iter+0x4/0xa

          """)
    #expect(pairs(report) == ["10 stated 20", "11 stated 20"])
  }

  @Test func aFrozenFileSystemHasAHolderOnlyWhereTheReportShowsOne() {
    let writer = task("dd", 10, "percpu_rwsem_wait __percpu_down_read mnt_want_write path_openat")
    #expect(pairs(StackReport.parse(writer)).isEmpty)
    let freezer = task("fsfreeze", 20, "wait_for_completion sync_inodes_sb freeze_super")
    #expect(pairs(StackReport.parse(writer + freezer)) == ["10 likely 20"])
  }

  @Test func aVforkParentWaitsForItsChild() {
    let report = StackReport.parse(
      task("make", 10, "kernel_clone __do_sys_vfork")
        + task("sh", 20, "rpc_wait_bit_killable __rpc_execute", parent: 10))
    #expect(pairs(report) == ["10 likely 20"])
  }

  /// A worker's device, where its queue names it, tells which log.
  @Test func theDeviceOfAWorkqueueChoosesTheHolder() {
    func worker(_ pid: Int, _ queue: String, _ frames: String) -> String {
      task("kworker/0:\(pid)", pid, frames).replacing(
        "Call Trace", with: "Workqueue: \(queue)\nCall Trace")
    }
    let report = StackReport.parse(
      worker(
        10, "xfs-sync/dm-4 xfs_log_worker",
        "wait_for_completion __flush_workqueue xlog_cil_push_now")
        + worker(
          20, "xfs-cil/dm-4 xlog_cil_push_work", "xlog_state_get_iclog_space xlog_cil_push_work")
        + worker(
          21, "xfs-cil/dm-5 xlog_cil_push_work", "xlog_state_get_iclog_space xlog_cil_push_work"))
    #expect(pairs(report) == ["10 likely 20"])
  }

  @Test func aPageLockAccusesNobody() {
    let report = StackReport.parse(
      task("nfsd", 10, "folio_wait_bit_common __folio_lock extent_write_cache_pages")
        + task("other", 20, "wbt_wait submit_bio btrfs_writepages"))
    #expect(pairs(report).isEmpty)
    #expect(report.graph().withoutHolder == [0])
  }
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = self.firstRange(of: old) else { return self }
    return self[..<range.lowerBound] + new + self[range.upperBound...]
  }
}
