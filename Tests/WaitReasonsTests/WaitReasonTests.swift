import Records
import Testing
import WaitReasons

/// From stack, wait channel and system call to the reason.
struct WaitReasonTests {
  private func name(_ stack: String) -> String {
    WaitReasons.reason(stack: stack.split(separator: " ").map(String.init)).name
  }

  /// Real stacks of Linux 6.18 (`/proc/PID/stack`, where locks' own frames don't show), and the
  /// same waits as older kernels show them.
  @Test(arguments: [
    // A frozen ext4: create, touch, unlink, append.
    (
      "percpu_rwsem_wait mnt_want_write path_openat do_filp_open do_sys_openat2",
      "frozen filesystem"
    ),
    ("percpu_rwsem_wait mnt_want_write vfs_utimes do_utimes", "frozen filesystem"),
    (
      "schedule percpu_rwsem_wait __percpu_down_read vfs_write ksys_write do_syscall_64",
      "frozen filesystem"
    ),
    (
      "schedule rwsem_down_read_failed __percpu_down_read __sb_start_write mnt_want_write",
      "frozen filesystem"
    ),
    ("__sb_start_write mnt_want_write path_openat", "frozen filesystem"),
    // A per-CPU semaphore that is no file system's.
    ("percpu_rwsem_wait __percpu_down_read copy_process kernel_clone", "cgroup lock"),
    ("percpu_rwsem_wait __percpu_down_read some_new_function ksys_write", "kernel lock"),
    // File locks, as 6.18 and 3.10 show them.
    ("locks_lock_inode_wait __do_sys_flock do_syscall_64", "file lock"),
    ("fcntl_setlk do_fcntl __x64_sys_fcntl do_syscall_64", "file lock"),
    ("flock_lock_file_wait sys_flock system_call_fastpath", "file lock"),
    // vfork.
    ("kernel_clone __do_sys_vfork do_syscall_64", "vfork child"),
    ("wait_for_completion_killable wait_for_vfork_done _do_fork sys_vfork", "vfork child"),
    ("wait_for_completion do_fork sys_vfork stub_vfork", "vfork child"),
    // Direct I/O under a throttle, 6.18 and 2.6.32.
    ("__iomap_dio_rw iomap_dio_rw ext4_file_read_iter vfs_read ksys_read", "block I/O"),
    ("io_schedule __blockdev_direct_IO_newtrunc ext4_direct_IO generic_file_aio_read", "block I/O"),
    ("blkdev_direct_IO blkdev_read_iter vfs_read", "block I/O"),
    // A buffered read: nothing shows that it is a disk …
    ("folio_wait_bit_common filemap_get_pages filemap_read vfs_read ksys_read", "page read"),
    ("folio_wait_bit_common filemap_fault __do_fault do_fault __handle_mm_fault", "page read"),
    // … unless the file system does.
    (
      "folio_wait_bit_common filemap_get_pages filemap_read blkdev_read_iter vfs_read",
      "page read from disk"
    ),
    ("folio_wait_bit_common filemap_get_pages filemap_read nfs_file_read vfs_read", "NFS read"),
    (
      "folio_wait_bit_common filemap_get_pages filemap_read fuse_cache_read_iter vfs_read",
      "FUSE read"
    ),
    (
      "sleep_on_page __wait_on_bit wait_on_page_bit wait_on_page_read do_read_cache_page",
      "page read"
    ),
    // Page locks: nobody knows who has them.
    ("io_schedule folio_wait_bit_common __folio_lock extent_write_cache_pages", "page lock"),
    ("sync_page __wait_on_bit_lock __lock_page find_lock_page ext4_file_read", "page lock"),
    ("folio_wait_bit_common writeback_iter iomap_writepages xfs_vm_writepages", "page wait"),
    // fsync.
    (
      "folio_wait_bit folio_wait_writeback __filemap_fdatawait_range file_write_and_wait_range",
      "page writeback"
    ),
    ("sleep_on_page __wait_on_bit wait_on_page_bit filemap_fdatawait_range", "page writeback"),
    ("folio_wait_bit folio_wait_writeback nfs_wb_folio nfs_release_folio", "NFS writeback"),
    ("jbd2_log_wait_commit jbd2_complete_transaction ext4_sync_file", "ext4 journal commit"),
    ("log_wait_commit journal_stop ext3_sync_file", "ext4 journal commit"),
    // Swap.
    ("folio_wait_bit_common __folio_lock_or_retry do_swap_page __handle_mm_fault", "swap-in"),
    ("sync_page __wait_on_bit_lock __lock_page do_swap_page handle_mm_fault", "swap-in"),
    // Block layer.
    (
      "io_schedule rq_qos_wait wbt_wait __rq_qos_throttle blk_mq_submit_bio",
      "writeback throttling (wbt)"
    ),
    ("io_schedule rq_qos_wait blkcg_iolatency_throttle __rq_qos_throttle", "block I/O throttling"),
    ("io_schedule get_request_wait __make_request generic_make_request", "free block request"),
    ("io_schedule blk_mq_get_tag __blk_mq_alloc_requests", "free block request"),
    ("io_schedule sync_buffer __wait_on_bit __wait_on_buffer ext3_bread", "block I/O"),
    // Servers.
    ("rpc_wait_bit_killable __wait_on_bit out_of_line_wait_on_bit __rpc_execute", "NFS RPC"),
    ("request_wait_answer __fuse_simple_request fuse_lookup_name fuse_lookup", "FUSE reply"),
    ("fuse_dev_do_read fuse_dev_read vfs_read ksys_read", "FUSE server idle"),
    ("wait_for_response compound_send_recv cifs_send_recv SMB2_open", "SMB reply"),
    // Locks: the lock decides, not the file system around it.
    ("rwsem_down_write_slowpath down_write ext4_file_write_iter vfs_write", "inode lock"),
    ("ext4_file_write_iter vfs_write ksys_write", "inode lock"),
    ("__mutex_lock_slowpath mutex_lock some_driver_ioctl ext4_ioctl", "kernel lock"),
    ("__mutex_lock some_driver_ioctl jbd2_log_wait_commit", "kernel lock"),
    // Memory.
    ("schedule_timeout reclaim_throttle shrink_node do_try_to_free_pages", "memory reclaim"),
    ("schedule_timeout io_schedule_timeout balance_dirty_pages", "dirty page throttling"),
    (
      "io_schedule_timeout balance_dirty_pages.isra.22 generic_file_buffered_write",
      "dirty page throttling"
    ),
    // Work items: what they are for.
    ("wait_for_completion __flush_work flush_work xlog_cil_force_lsn", "XFS log force"),
    ("wait_for_completion __flush_work flush_work some_driver_stop", "kernel work item"),
    // Helpers that the table doesn't know lie between.
    ("schedule some_helper another_helper xlog_grant_head_wait", "XFS log space"),
    // Nobody knows.
    ("schedule some_driver_wait another third fourth jbd2_log_wait_commit", "unknown"),
    ("io_schedule ext4_new_feature ext4_file_write_iter", "unknown"),
    ("wait_for_completion ext4_some_future_wait vfs_fsync_range", "unknown"),
    ("schedule", "unknown"), ("", "unknown"),
    // Kernel threads.
    ("worker_thread kthread ret_from_fork", "idle kernel thread"),
    ("some_driver_work process_one_work worker_thread kthread", "unknown"),
  ])
  func stacksAreNamed(stack: String, expected: String) {
    #expect(name(stack) == expected, "\(stack)")
  }

  /// No stack without a frame of the block layer or of a device's own wait is called a disk.
  @Test(arguments: [
    "rwsem_down_write_slowpath down_write ext4_file_write_iter vfs_write",
    "folio_wait_bit_common __folio_lock extent_write_cache_pages btrfs_writepages",
    "io_schedule folio_wait_bit_common filemap_get_pages filemap_read vfs_read",
    "inode_dio_wait ext4_fallocate vfs_fallocate", "kernel_clone __do_sys_vfork",
    "schedule ext4_evict_inode evict", "io_schedule",
  ])
  func uninterruptibleIsNotDisk(stack: String) {
    let reason = WaitReasons.reason(stack: stack.split(separator: " ").map(String.init))
    #expect(reason.kind != .disk, "\(stack): \(reason.name)")
  }

  @Test func suffixesAndOffsetsAreReadOver() {
    for function in [
      "wbt_wait", "wbt_wait.isra.0", "wbt_wait.constprop.0", "wbt_wait.part.70",
      "wbt_wait.cold", "wbt_wait.llvm.1234567", "wbt_wait+0x98/0xe0",
      "wbt_wait.isra.0.cold+0x1/0x2",
    ] {
      #expect(
        WaitReasons.reason(stack: [function]).name == "writeback throttling (wbt)", "\(function)")
    }
    #expect(WaitReasons.reason(stack: ["wbt_wait.other"]).name == "unknown")
  }

  @Test func theWaitChannelIsAskedNextAndTheSystemCallLast() {
    let stack = ["some_driver_wait"]
    #expect(
      WaitReasons.reason(stack: stack, waitChannel: "jbd2_log_wait_commit").name
        == "ext4 journal commit")
    #expect(
      WaitReasons.reason(stack: ["request_wait_answer"], waitChannel: "jbd2_log_wait_commit").name
        == "FUSE reply")
    #expect(WaitReasons.reason(stack: [], waitChannel: "0") == .unknown)
    #expect(
      WaitReasons.reason(stack: [], waitChannel: "0", systemCall: "vfork").name == "vfork child")
    #expect(WaitReasons.reason(stack: [], systemCall: "flock").kind == .lock)
    #expect(WaitReasons.reason(stack: [], systemCall: "read") == .unknown)
    #expect(WaitReasons.reason(stack: [], waitChannel: "kernel_clone").name == "vfork child")
  }

  @Test(arguments: [
    ("page read", "ext4", "page read from disk"), ("page read", "nfs4", "NFS read"),
    ("page read", "fuse.sshfs", "FUSE read"), ("page read", "some_fs", "page read"),
    ("page writeback", "fuseblk", "FUSE writeback"), ("page writeback", "xfs", "page writeback"),
    ("file lock", "nfs4", "file lock"),
  ])
  func aPageIsMadeExactByItsFileSystem(name: String, type: String, expected: String) throws {
    // A function of a module can't stand alone in a test's macro.
    let entry = WaitReasons.entry(named: name)
    let plain = WaitReason(name: name, kind: try #require(entry).kind)
    #expect(WaitReasons.reason(plain, ofFileSystem: type).name == expected)
  }

  /// Frames that an old unwinder left in front of the scheduler's no longer hold.
  @Test func staleFramesInFrontOfTheSchedulerAreDropped() {
    #expect(name("__schedule jbd2_log_wait_commit schedule request_wait_answer") == "FUSE reply")
  }

  @Test func aLongOrOddStackIsHarmless() {
    let long = Array(repeating: "schedule", count: 10_000)
    #expect(WaitReasons.reason(stack: long) == .unknown)
    for odd in ["", ".", "+", ".isra", "\u{0}", "…", String(repeating: "a.", count: 5_000)] {
      #expect(WaitReasons.reason(stack: [odd], waitChannel: odd, systemCall: odd) == .unknown)
    }
  }
}
