import Foundation
import Records
import TestSupport
import Testing
import WaitReasons

/// Real hung-task reports of mailing lists, with what the people there found out. The expected
/// answers were written from their verdicts (TRUTH.tsv, verdict.md).
@Suite(.enabled(if: Machine.hasCorpus("stacks"), "needs the shared corpora beside the package"))
struct StackCorpusTests {
  /// What a task of a report must be said to wait for.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// The task, by pid or name; with neither the first whose stack has `frame`.
    var pid: Int32?
    var frame: String
    var reason: String
    var kind: WaitClass

    var testDescription: String { "\(name), \(frame)" }
  }

  static let cases: [Case] = [
    // The I/O is complete at the device: the task waits for itself. Not the disk.
    Case(
      name: "03-fallocate-iouring-dio", pid: 57606, frame: "inode_dio_wait",
      reason: "direct I/O in flight", kind: .unknown),
    Case(
      name: "03-fallocate-iouring-dio", pid: 58874, frame: "ext4_file_write_iter",
      reason: "inode lock", kind: .lock),
    // The superblock's bio is throttled by wbt in another array.
    Case(
      name: "04-md-raid1-wbt", pid: 205, frame: "md_super_wait", reason: "md superblock write",
      kind: .mappedDevice),
    Case(
      name: "04-md-raid1-wbt", pid: 207, frame: "wbt_wait", reason: "writeback throttling (wbt)",
      kind: .writeback),
    // All wait for the log; a reader waits for an inode's lock, not for the disk.
    Case(
      name: "07-xfs-log-sunit-rmw", pid: 9623, frame: "xlog_state_get_iclog_space",
      reason: "XFS log buffer", kind: .filesystemLog),
    Case(
      name: "07-xfs-log-sunit-rmw", pid: 20430, frame: "xlog_cil_force_lsn",
      reason: "XFS log force", kind: .filesystemLog),
    Case(
      name: "07-xfs-log-sunit-rmw", pid: 58843, frame: "xfs_ilock", reason: "inode lock",
      kind: .lock),
    Case(
      name: "08-xfs-rbd-log-io", pid: 5938, frame: "_xfs_log_force_lsn", reason: "XFS log force",
      kind: .filesystemLog),
    // A pasted /proc/PID/stack of umount.
    Case(
      name: "08-xfs-rbd-log-io", pid: nil, frame: "xfs_unmountfs", reason: "XFS log force",
      kind: .filesystemLog),
    Case(
      name: "09-xfs-log-space-slow-storage", pid: 21146, frame: "folio_wait_writeback",
      reason: "page writeback", kind: .writeback),
    // A page's bit, whose the stack doesn't show.
    Case(
      name: "09-xfs-log-space-slow-storage", pid: 19320, frame: "writeback_iter",
      reason: "page wait", kind: .unknown),
    // The device doesn't complete writes of the log's recovery.
    Case(
      name: "10-xfs-mount-hwraid", pid: 11341, frame: "xfs_buf_delwri_submit",
      reason: "XFS buffer I/O", kind: .disk),
    // No disk at all.
    Case(
      name: "12-nfsd-mutex-rpcbind", pid: 3400, frame: "write_versions", reason: "nfsd mutex",
      kind: .lock),
    Case(
      name: "14-nfs-loopback-shrinker", pid: 1, frame: "alloc_shrinker_info",
      reason: "shrinker lock", kind: .lock),
    Case(
      name: "14-nfs-loopback-shrinker", pid: 234577, frame: "unregister_shrinker",
      reason: "shrinker lock", kind: .lock),
    Case(
      name: "14-nfs-loopback-shrinker", pid: 234575, frame: "nfsd_pool_stats_open",
      reason: "nfsd mutex", kind: .lock),
    // Reclaim that waits for the NFS server on the same machine.
    Case(
      name: "15-nfs-kcompactd", pid: 58, frame: "nfs_wb_folio", reason: "NFS writeback",
      kind: .networkFileSystem),
    // The outermost name is nfsd's; what it waits for is the journal.
    Case(
      name: "17-nfsd-flush-regression", pid: 1237, frame: "jbd2_log_wait_commit",
      reason: "ext4 journal commit", kind: .filesystemLog),
    Case(
      name: "18-btrfs-5.2-writeback", pid: 1752, frame: "lock_extent_buffer_for_io",
      reason: "btrfs metadata writeback", kind: .writeback),
    Case(
      name: "18-btrfs-5.2-writeback", pid: 3504, frame: "btrfs_log_inode_parent",
      reason: "btrfs log mutex", kind: .lock),
    Case(
      name: "19-btrfs-autodefrag", pid: 514885, frame: "btrfs_start_ordered_extent",
      reason: "btrfs ordered extent", kind: .writeback),
    Case(
      name: "21-btrfs-balance-loop", pid: nil, frame: "write_all_supers",
      reason: "btrfs commit work", kind: .filesystemLog),
    Case(
      name: "21-btrfs-balance-loop", pid: nil, frame: "btrfs_cancel_balance",
      reason: "btrfs balance", kind: .process),
    // “folio lock held by another process, cannot tell”.
    Case(
      name: "22-btrfs-nfsd-folio", pid: 5136, frame: "__folio_lock", reason: "page lock",
      kind: .lock),
    Case(
      name: "23-dmcrypt-qat", pid: 8, frame: "crypt_convert", reason: "dm-crypt cipher",
      kind: .crypto),
    Case(
      name: "25-bcache-allocator", pid: 9015, frame: "bch_bucket_alloc", reason: "bcache bucket",
      kind: .mappedDevice),
    Case(
      name: "26-dm-thin-abba", pid: 63, frame: "unregister_shrinker", reason: "shrinker lock",
      kind: .lock),
    Case(
      name: "26-dm-thin-abba", pid: 2646, frame: "dm_thin_find_block",
      reason: "dm-thin metadata lock", kind: .lock),
    Case(
      name: "28-raid6-luks-bitmap", pid: 433, frame: "md_bitmap_startwrite", reason: "md bitmap",
      kind: .mappedDevice),
    Case(
      name: "28-raid6-luks-bitmap", pid: 443, frame: "raid5_get_active_stripe",
      reason: "md stripe", kind: .mappedDevice),
    Case(
      name: "28-raid6-luks-bitmap", pid: nil, frame: "balance_dirty_pages",
      reason: "dirty page throttling", kind: .writeback),
    Case(
      name: "29-wbt-iostat-race", pid: 68, frame: "wbt_wait", reason: "writeback throttling (wbt)",
      kind: .writeback),
    Case(
      name: "29-wbt-iostat-race", pid: nil, frame: "jbd2_log_wait_commit",
      reason: "ext4 journal commit", kind: .filesystemLog),
    Case(
      name: "31-raid6-journal-cpu", pid: 14183, frame: "md_write_start", reason: "md write start",
      kind: .mappedDevice),
    Case(
      name: "31-raid6-journal-cpu", pid: 910, frame: "wbt_wait",
      reason: "writeback throttling (wbt)", kind: .writeback),
    // It runs, and hangs nowhere.
    Case(
      name: "31-raid6-journal-cpu", pid: nil, frame: "ops_run_io", reason: "unknown",
      kind: .unknown),
    Case(
      name: "33-rpi-mb-optimize-scan", pid: 22272, frame: "sync_inodes_sb",
      reason: "sync of a file system", kind: .writeback),
  ]

  static func report(_ name: String) throws -> StackReport {
    let path = "\(Machine.corpora)/stacks/\(name)/stack.txt"
    let bytes = try #require(FileManager.default.contents(atPath: path))
    return StackReport.parse([UInt8](bytes))
  }

  @Test(arguments: cases)
  func theDecisiveWaiterIsNamedAsPeopleFoundIt(_ expected: Case) throws {
    let report = try Self.report(expected.name)
    let task = try #require(
      report.tasks.first {
        $0.stack.contains(expected.frame) && (expected.pid == nil || $0.pid == expected.pid)
      }, "\(expected.name): no task in \(expected.frame)")
    #expect(task.reason.name == expected.reason, "\(task.stack)")
    #expect(task.reason.kind == expected.kind)
  }

  @Test func everyCaseOfTheCorpusIsCovered() throws {
    let truth = TestFolder.text("\(Machine.corpora)/stacks/TRUTH.tsv")
    let names = truth.split(separator: "\n").dropFirst().compactMap {
      $0.split(separator: "\t").first.map(String.init)
    }
    #expect(names.count == 22)
    // 05 has only a warning's headline: no task waits there.
    #expect(Set(names) == Set(Self.cases.map(\.name) + ["05-perc5-controller"]))
    #expect(try Self.report("05-perc5-controller").tasks.isEmpty)
  }

  /// Of all tasks that the kernel reported as hung, with a stack, most are named.
  @Test func mostTasksOfTheCorpusAreNamed() throws {
    var named = 0
    var all = 0
    for name in Set(Self.cases.map(\.name)) {
      for task in try Self.report(name).tasks where task.pid != nil && !task.stack.isEmpty {
        all += 1
        if task.reason != .unknown { named += 1 }
        #expect(task.name != nil, "\(name): \(task)")
        #expect(task.state == .uninterruptible || task.name == nil, "\(name): \(task)")
      }
    }
    #expect(all > 200, "\(all)")
    #expect(Double(named) > Double(all) * 0.98, "\(named) of \(all)")
  }

  @Test func headersGiveTheirFields() throws {
    let report = try Self.report("28-raid6-luks-bitmap")
    let first = try #require(report.tasks.first)
    #expect(first.pid == 433)
    #expect(first.name == "kworker/u64:4")
    #expect(first.parent == 2)
    #expect(first.seconds == 122)
    #expect(first.workqueue == "kcryptd/253:4 kcryptd_crypt [dm_crypt]")
    #expect(first.stack.contains("add_stripe_bio"))
    #expect(!first.stack.contains("finish_wait"), "a frame that the kernel doubts")
    let spaces = try Self.report("18-btrfs-5.2-writeback")
    #expect(spaces.tasks.contains { $0.name == "mozStorage #2" && $0.pid == 3504 })
  }

  // MARK: - Who waits for whom

  @Test func twoTasksThatWaitForEachOtherAreADeadlock() throws {
    let report = try Self.report("26-dm-thin-abba")
    let graph = report.graph()
    #expect(graph.relations.count == 2)
    #expect(graph.cycles.map { $0.map { report.tasks[$0].pid } } == [[63, 2646]])
  }

  @Test func theAllocatorOfBcacheWaitsForItself() throws {
    let report = try Self.report("25-bcache-allocator")
    let graph = report.graph()
    #expect(
      graph.relations.contains {
        $0.waiter == $0.holderPlace && report.tasks[$0.waiter].pid == 9015
      })
  }

  @Test func theHolderOfNfsdsMutexIsTheOneInsideIt() throws {
    let report = try Self.report("14-nfs-loopback-shrinker")
    let graph = report.graph()
    let waiters = graph.relations.filter { report.tasks[$0.waiter].reason.name == "nfsd mutex" }
    #expect(waiters.count >= 7)
    #expect(waiters.allSatisfy { $0.holder.pid == 234577 && $0.basis == .likely })
    // Who holds the shrinkers' lock isn't in the report.
    #expect(graph.withoutHolder.contains { report.tasks[$0].pid == 1 })
    #expect(!graph.relations.contains { report.tasks[$0.waiter].pid == 1 })
  }

  /// “cannot tell”: nobody is accused.
  @Test(arguments: ["12-nfsd-mutex-rpcbind", "22-btrfs-nfsd-folio", "17-nfsd-flush-regression"])
  func nobodyIsAccusedWhereTheReportDoesNotShowIt(name: String) throws {
    let graph = try Self.report(name).graph()
    #expect(graph.relations.isEmpty)
    #expect(!graph.withoutHolder.isEmpty)
  }

  // MARK: - Damage

  /// Every truncation of the small reports, and of larger ones in steps, is read without harm,
  /// and never shows more tasks than the whole.
  @Test(arguments: [
    "08-xfs-rbd-log-io", "12-nfsd-mutex-rpcbind", "15-nfs-kcompactd", "26-dm-thin-abba",
    "21-btrfs-balance-loop", "10-xfs-mount-hwraid",
  ])
  func everyTruncationIsHarmless(name: String) throws {
    let path = "\(Machine.corpora)/stacks/\(name)/stack.txt"
    let bytes = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    let whole = StackReport.parse(bytes).tasks.count
    for length in stride(from: 0, to: bytes.count, by: bytes.count > 700 ? bytes.count / 150 : 1) {
      let report = StackReport.parse(Array(bytes[..<length]))
      #expect(report.tasks.count <= whole + 1, "\(length)")
      _ = report.graph()
    }
  }
}
