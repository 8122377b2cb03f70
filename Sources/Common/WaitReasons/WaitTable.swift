import Records

// The one table of wait reasons: kernel functions (of stacks and wait channels) and system calls,
// the reason that each shows, what to tell people, and where they should look next.
//
// Names are those of Linux 2.6.32 to 6.18, old beside new, without compiler suffixes. Most were
// looked up in the symbols of 6.18 and in the reports under corpora/stacks; a name that a kernel
// doesn't have does no harm, but a function that changed its meaning would. So only functions that
// wait themselves, or take one certain lock, may stand here: no mere callers.

/// A wait reason, and what shows it.
public struct WaitEntry: Sendable {
  /// Of the fixed vocabulary: `ext4 journal commit`.
  public let name: String
  public let kind: WaitClass
  /// What it means, for people; ends with a full stop.
  public let sentence: String
  /// A command or a place to look.
  public let nextStep: String

  /// Functions that wait for this. Up to `WaitReasons.unknownFramesPassed` functions that the
  /// table doesn't know may lie between them and the scheduler.
  let waits: String
  /// Functions that show it only as the innermost frame outside the scheduler.
  let first: String
  /// Functions that take this lock, where the frame inside them is a lock's.
  let locks: String
  /// Functions that take it as a per-CPU reader-writer semaphore.
  let perCPULocks: String
  /// Functions that wait for this, where the frame inside them waits for a bit of a page.
  let pages: String
  /// Functions that hold what is waited for while they run: they show the holder in a report.
  let heldIn: String

  init(
    _ name: String, _ kind: WaitClass, _ sentence: String, next nextStep: String,
    waits: String = "", first: String = "", locks: String = "", perCPULocks: String = "",
    pages: String = "", heldIn: String = ""
  ) {
    self.name = name
    self.kind = kind
    self.sentence = sentence
    self.nextStep = nextStep
    self.waits = waits
    self.first = first
    self.locks = locks
    self.perCPULocks = perCPULocks
    self.pages = pages
    self.heldIn = heldIn
  }
}

/// A frame that is looked through: it says how a task waits, and not what for.
enum WaitPrimitive: CaseIterable {
  case scheduler
  case workItem
  case lock
  case perCPULock
  case pageBit
  case pageLock
  case pageWriteback
  case blockThrottle

  var functions: String {
    switch self {
    case .scheduler:
      """
      __schedule schedule schedule_timeout schedule_timeout_uninterruptible
      schedule_timeout_killable schedule_timeout_interruptible schedule_timeout_idle
      schedule_preempt_disabled schedule_hrtimeout schedule_hrtimeout_range
      schedule_hrtimeout_range_clock io_schedule io_schedule_timeout __switch_to context_switch
      preempt_schedule preempt_schedule_common __cond_resched _cond_resched
      wait_for_completion wait_for_completion_io wait_for_completion_timeout
      wait_for_completion_io_timeout wait_for_completion_killable
      wait_for_completion_killable_timeout wait_for_completion_interruptible
      wait_for_completion_interruptible_timeout wait_for_completion_state wait_for_common
      wait_for_common_io __wait_for_common do_wait_for_common bit_wait bit_wait_io
      bit_wait_timeout bit_wait_io_timeout __wait_on_bit out_of_line_wait_on_bit
      out_of_line_wait_on_bit_timeout __wait_on_bit_lock out_of_line_wait_on_bit_lock wait_woken
      prepare_to_wait prepare_to_wait_event finish_wait sleep_on sleep_on_common
      cv_wait_common __cv_wait __cv_wait_io __cv_wait_sig __cv_timedwait __cv_timedwait_io
      __cv_timedwait_common closure_sync __closure_sync
      """
    case .workItem:
      """
      flush_work __flush_work flush_workqueue __flush_workqueue drain_workqueue
      flush_delayed_work cancel_work_sync __cancel_work_sync __cancel_work_timer
      cancel_delayed_work_sync
      """
    case .lock:
      """
      mutex_lock __mutex_lock __mutex_lock_slowpath __mutex_lock_common mutex_lock_nested
      mutex_lock_killable mutex_lock_killable_nested __mutex_lock_killable_slowpath
      mutex_lock_interruptible mutex_lock_interruptible_nested
      __mutex_lock_interruptible_slowpath mutex_lock_io mutex_lock_io_nested ww_mutex_lock
      ww_mutex_lock_interruptible __ww_mutex_lock mutex_optimistic_spin
      down_read down_read_nested down_read_killable down_read_interruptible down_write
      down_write_nested down_write_killable down_write_killable_nested __down_read __down_write
      __down_write_nested __down_read_common __down_write_common rwsem_down_read_slowpath
      rwsem_down_write_slowpath rwsem_down_read_failed rwsem_down_read_failed_killable
      rwsem_down_write_failed rwsem_down_write_failed_killable rwsem_down_failed_common
      __rwsem_down_read_failed_common __rwsem_down_write_failed_common
      call_rwsem_down_read_failed call_rwsem_down_read_failed_killable
      call_rwsem_down_write_failed call_rwsem_down_write_failed_killable rwsem_optimistic_spin
      down down_timeout down_killable down_interruptible __down ___down_common __down_common
      __down_killable __down_interruptible __down_timeout rt_mutex_lock __rt_mutex_lock
      rt_mutex_slowlock __rt_mutex_slowlock __rt_mutex_slowlock_locked rt_mutex_slowlock_block
      rwbase_read_lock rwbase_write_lock
      """
    case .perCPULock: "percpu_rwsem_wait __percpu_down_read percpu_down_read percpu_down_write"
    case .pageBit:
      """
      folio_wait_bit_common folio_wait_bit folio_wait_bit_killable wait_on_page_bit_common
      wait_on_page_bit wait_on_page_bit_killable wait_on_page_bit_killable_timeout sleep_on_page
      sleep_on_page_killable sync_page sync_page_killable put_and_wait_on_page_locked
      folio_put_wait_locked
      """
    case .pageLock:
      """
      __folio_lock __folio_lock_killable __folio_lock_async __folio_lock_or_retry __lock_page
      __lock_page_killable __lock_page_async __lock_page_or_retry __lock_page_nosync
      """
    case .pageWriteback:
      """
      folio_wait_writeback folio_wait_writeback_killable folio_wait_stable
      wait_on_page_writeback wait_for_stable_page
      """
    case .blockThrottle: "rq_qos_wait rq_qos_throttle __rq_qos_throttle"
    }
  }

  /// The reason where no frame further out says more; `nil`: nobody knows.
  var fallback: String? {
    switch self {
    case .scheduler: nil
    case .workItem: "kernel work item"
    case .lock, .perCPULock: "kernel lock"
    case .pageBit: "page wait"
    case .pageLock: "page lock"
    case .pageWriteback: "page writeback"
    case .blockThrottle: "block I/O throttling"
    }
  }
}

/// What carries the pages of a file, as the functions of its file system show it. Pages look the
/// same in every file system: who waits for one to be read waits for a disk, a server, or a
/// program (FUSE).
struct PageCarrier {
  /// How its functions' names begin.
  var prefixes: [String]
  /// Types of file systems, as mounts name them.
  var types: [String]
  /// The reason in place of `page read`, and in place of `page writeback`.
  var read: String
  var writeback: String

  /// Whether it carries file systems of this type; `fuse.sshfs` is `fuse`.
  func carries(_ type: String) -> Bool {
    let plain = type.split(separator: ".").first.map(String.init) ?? type
    return types.contains(plain)
  }

  static let all: [PageCarrier] = [
    PageCarrier(
      prefixes: ["fuse_"], types: ["fuse", "fuseblk", "virtiofs"], read: "FUSE read",
      writeback: "FUSE writeback"),
    PageCarrier(
      prefixes: ["nfs_", "nfs4_"], types: ["nfs", "nfs4"], read: "NFS read",
      writeback: "NFS writeback"),
    PageCarrier(
      prefixes: ["cifs_", "smb2_", "ceph_", "v9fs_", "afs_", "netfs_", "ll_", "gfs2_", "ocfs2_"],
      types: ["cifs", "smb3", "ceph", "9p", "afs", "lustre"],
      read: "network file system read", writeback: "network file system writeback"),
    PageCarrier(
      prefixes: [
        "ext4_", "ext3_", "ext2_", "xfs_", "btrfs_", "f2fs_", "blkdev_", "fat_", "exfat_",
        "ntfs_", "ntfs3_", "jfs_", "reiserfs_", "nilfs_", "erofs_", "squashfs_", "isofs_", "udf_",
        "iomap_read", "mpage_read", "submit_bio",
      ],
      types: [
        "ext4", "ext3", "ext2", "xfs", "btrfs", "f2fs", "bdev", "devtmpfs", "vfat", "exfat",
        "ntfs3", "jfs", "reiserfs", "nilfs2", "erofs", "squashfs", "iso9660", "udf",
      ],
      read: "page read from disk", writeback: "page writeback"),
  ]
}

enum WaitTable {
  static let entries: [WaitEntry] =
    disk + journals + writeback + memory + networkFileSystems + fuse + locks + mappedDevices
    + frozen + processes + sleeps

  /// The reason of a system call, where there is neither stack nor a wait channel that the table
  /// knows: only calls that wait for one thing.
  static let systemCalls: [String: String] = [
    "vfork": "vfork child", "flock": "file lock", "wait4": "child exit", "waitid": "child exit",
    "nanosleep": "timer", "clock_nanosleep": "timer", "futex": "futex",
  ]

  // MARK: - Disk

  static let disk: [WaitEntry] = [
    WaitEntry(
      "block I/O", .disk,
      "It sent a request to a block device and waits until the device has carried it out.",
      next: "See which device is slow: iostat -x 1 (await, aqu-sz); errors: dmesg | tail.",
      waits: """
        submit_bio_wait bio_await blk_wait_io blk_execute_rq blkdev_issue_flush blkdev_issue_discard
        blkdev_issue_zeroout __blkdev_issue_discard __blkdev_direct_IO_simple __blkdev_direct_IO
        blkdev_direct_IO blkdev_direct_write dio_await_one dio_await_completion
        do_blockdev_direct_IO __blockdev_direct_IO __blockdev_direct_IO_newtrunc
        blkdev_direct_IO_simple __iomap_dio_rw iomap_dio_rw iomap_dio_bio_iter __wait_on_buffer
        wait_on_buffer sync_buffer sleep_on_buffer __sync_dirty_buffer sync_dirty_buffer
        __bread_gfp __bread __bread_slow bh_submit_read __bh_read ext4_wait_block_bitmap
        ext4_read_inode_bitmap ext4_read_bh ext4_sb_bread bdev_getblk
        read_extent_buffer_pages wait_dev_flush scsi_execute scsi_execute_cmd
        scsi_execute_req scsi_mode_sense nvme_submit_sync_cmd __nvme_submit_sync_cmd
        nvme_execute_rq mmc_wait_for_req_done mmc_wait_for_req mmc_wait_for_cmd
        mmc_blk_rw_wait ata_exec_internal ata_exec_internal_sg zio_wait
        """),
    WaitEntry(
      "XFS buffer I/O", .disk,
      "It waits until the device below XFS has read or written metadata.",
      next: "See whether that device answers at all: iostat -x 1; dmesg | tail; "
        + "cat /sys/block/*/inflight.",
      waits: "xfs_buf_iowait xfs_buf_iorequest xfs_bwrite xfs_buf_delwri_submit _xfs_buf_iowait"),
    WaitEntry(
      "free block request", .disk,
      "The block device's queue is full: it waits until an earlier request is done.",
      next: "See what fills the queue: iostat -x 1 (aqu-sz); culprit-agent top ranks who writes.",
      waits: """
        blk_mq_get_tag blk_mq_get_request __blk_mq_alloc_requests blk_mq_alloc_request get_request
        get_request_wait blk_get_request __get_request blk_mq_get_new_requests
        """),
    WaitEntry(
      "block I/O throttling", .disk,
      "A control group's limit or latency target holds its block I/O back.",
      next: "See the limits: cat /sys/fs/cgroup/CGROUP/io.max, io.latency, io.stat "
        + "(blkio.throttle.* in cgroup v1).",
      waits: """
        blk_throtl_bio __blk_throtl_bio blkcg_iolatency_throttle ioc_rqos_throttle
        blkcg_maybe_throttle_current blkcg_maybe_throttle_blkg
        """),
    WaitEntry(
      "block queue frozen", .disk,
      "The block device's queue is stopped for a change (elevator, resize, error handling).",
      next: "Look for who changes the device: dmesg | tail; echo w > /proc/sysrq-trigger shows it.",
      waits: """
        blk_queue_enter __bio_queue_enter bio_queue_enter blk_mq_freeze_queue_wait
        blk_mq_freeze_queue blk_mq_quiesce_queue blk_freeze_queue
        blk_mq_wait_quiesce_done
        """),
    WaitEntry(
      "SCSI error handling", .disk,
      "The disk's controller is recovering from an error; all its I/O waits.",
      next: "See the errors: dmesg | grep -iE 'scsi|ata|reset|abort'.",
      waits: "scsi_block_when_processing_errors ata_port_wait_eh "),
    WaitEntry(
      "page read from disk", .disk,
      "It waits until a page of a file has been read in from the device of the file system.",
      next: "See which device is slow: iostat -x 1 (r_await); free memory: free -m."),
  ]

  // MARK: - Journals and transactions

  static let journals: [WaitEntry] = [
    WaitEntry(
      "ext4 journal commit", .filesystemLog,
      "It waits until ext4's journal has committed the transaction that holds its changes.",
      next: "See who calls fsync so often, and how long the device takes for a flush: "
        + "culprit-agent suspects; iostat -x 1 (f_await); cat /proc/fs/jbd2/*/info.",
      waits: """
        jbd2_log_wait_commit log_wait_commit jbd2_complete_transaction ext4_fc_commit
        jbd2_fc_begin_commit ext4_fc_wait_committing_inode jbd2_journal_commit_transaction
        journal_commit_transaction jbd2_journal_force_commit
        jbd2_journal_submit_inode_data_buffers
        journal_force_commit wait_transaction_switching
        """, heldIn: "jbd2_journal_commit_transaction journal_commit_transaction"),
    WaitEntry(
      "ext4 journal transaction", .filesystemLog,
      "It wants to change the file system, and the journal lets no one in until it has committed.",
      next: "Look at the jbd2 thread of that file system: what it waits for is the cause.",
      waits: """
        wait_transaction_locked add_transaction_credits start_this_handle do_get_write_access
        jbd2_journal_get_write_access journal_get_write_access jbd2_journal_lock_updates
        jbd2_journal_wait_updates
        """, locks: "ext4_journal_check_start",
      heldIn: "jbd2_journal_commit_transaction journal_commit_transaction"),
    WaitEntry(
      "ext4 journal space", .filesystemLog,
      "The journal is full: it waits until older changes have been written to their places.",
      next: "Give the journal more room (tune2fs -J size=…), or find the slow device: iostat -x 1.",
      waits: """
        __jbd2_log_wait_for_space __log_wait_for_space jbd2_log_do_checkpoint log_do_checkpoint
        jbd2_journal_flush
        """, locks: "__jbd2_log_wait_for_space jbd2_log_do_checkpoint jbd2_journal_flush",
      heldIn: "jbd2_log_do_checkpoint"),
    WaitEntry(
      "XFS log force", .filesystemLog,
      "It waits until XFS has written its log to disk up to the change it made.",
      next: "See how long log writes and flushes take: iostat -x 1 (f_await, w_await); "
        + "xfs_info MOUNT shows log size and sunit.",
      waits: """
        _xfs_log_force _xfs_log_force_lsn __xfs_log_force_lsn xfs_log_force xfs_log_force_lsn
        xfs_log_force_seq xlog_force_lsn xlog_wait_on_iclog xlog_cil_force_lsn xlog_cil_force_seq
        xlog_cil_push_now xlog_cil_flush xfs_iunpin_wait __xfs_iunpin_wait xfs_buf_wait_unpin
        xfs_extent_busy_flush xfs_log_quiesce
        """, heldIn: "xlog_cil_push_work xlog_cil_push"),
    WaitEntry(
      "XFS log buffer", .filesystemLog,
      "All in-memory log buffers of XFS are being written: it waits for a free one.",
      next: "The log's device is slow: iostat -x 1 (f_await); a log stripe unit that doesn't fit "
        + "costs reads: xfs_info MOUNT (log sunit).",
      waits: "xlog_state_get_iclog_space xlog_write_get_more_iclog_space"),
    WaitEntry(
      "XFS log space", .filesystemLog,
      "The log is full: it waits until older metadata has been written to its place.",
      next: "See the log's size (xfs_info MOUNT) and how slow the device is: iostat -x 1.",
      waits: """
        xlog_grant_head_wait xlog_grant_head_check xlog_grant_log_space
        xlog_regrant_write_log_space xfs_log_reserve xfs_log_regrant xfs_ail_push_all_sync
        xlog_cil_throttle xlog_wait
        """),
    WaitEntry(
      "btrfs transaction commit", .filesystemLog,
      "It waits until another task has committed a btrfs transaction.",
      next: "Look for who makes btrfs commit (snapshots, fsync, balance): culprit-agent suspects; "
        + "btrfs balance status MOUNT.",
      waits: """
        wait_current_trans wait_current_trans_commit_start btrfs_wait_for_commit wait_for_commit
        wait_log_commit btrfs_commit_transaction_async
        """, heldIn: "btrfs_commit_transaction"),
    WaitEntry(
      "btrfs commit work", .filesystemLog,
      "It commits a btrfs transaction itself: it waits until others have left it, or until the "
        + "superblocks are on the devices.",
      next: "See how slow the devices are (iostat -x 1), and what fills the transactions: "
        + "btrfs balance status MOUNT; culprit-agent top.",
      waits: """
        write_all_supers wait_dev_supers barrier_all_devices btrfs_wait_pending_ordered
        wait_for_writer
        """, first: "btrfs_commit_transaction"),
    WaitEntry(
      "file system checkpoint", .filesystemLog,
      "The file system writes a checkpoint of itself, and changes wait until it is done.",
      next: "See how slow the device is: iostat -x 1.",
      waits: """
        f2fs_issue_checkpoint f2fs_write_checkpoint f2fs_wait_on_all_pages nilfs_construct_segment
        nilfs_segctor_sync reiserfs_wait_on_write_block queue_log_writer do_journal_end
        txg_wait_synced txg_wait_synced_impl txg_wait_open zil_commit zil_commit_impl
        zil_commit_waiter lmLogSync txEnd gfs2_log_reserve gfs2_log_flush
        """),
  ]

  // MARK: - Writeback

  static let writeback: [WaitEntry] = [
    WaitEntry(
      "dirty page throttling", .writeback,
      "It makes pages dirty faster than they are written out, so the kernel makes it wait.",
      next: "See how much is dirty: grep -E 'Dirty|Writeback' /proc/meminfo; the limits: "
        + "sysctl vm.dirty_ratio vm.dirty_bytes; culprit-agent top ranks who writes.",
      waits: """
        balance_dirty_pages balance_dirty_pages_ratelimited balance_dirty_pages_ratelimited_nr
        balance_dirty_pages_ratelimited_flags throttle_vm_writeout dmu_tx_delay dmu_tx_wait
        """),
    WaitEntry(
      "page writeback", .writeback,
      "It waits until a page that was on its way out has been written.",
      next: "See how much is on its way: grep Writeback: /proc/meminfo; how slow the device is: "
        + "iostat -x 1 (w_await).",
      waits: """
        f2fs_wait_on_page_writeback wait_on_page_writeback_range
        iomap_ioend_wait xfs_ioend_wait ext4_end_io_wait
        """,
      pages: """
        __filemap_fdatawait_range filemap_fdatawait_range filemap_fdatawait filemap_fdatawait_keep_errors
        filemap_fdatawait_range_keep_errors file_fdatawait_range file_write_and_wait_range
        wait_on_page_writeback_range f2fs_wait_on_page_writeback
        """),
    WaitEntry(
      "sync of a file system", .writeback,
      "It waits until the flusher threads have written out the dirty pages of a file system.",
      next: "See how much is left (grep -E 'Dirty|Writeback' /proc/meminfo) and how fast the "
        + "device takes it: iostat -x 1.",
      waits: """
        wb_wait_for_completion writeback_inodes_sb writeback_inodes_sb_nr __writeback_inodes_sb_nr
        try_to_writeback_inodes_sb sync_inodes_sb wait_sb_inodes bdi_sync_writeback bdi_sched_wait
         inode_wait_for_writeback __inode_wait_for_writeback
        inode_sleep_on_writeback cgroup_writeback_umount
        """, heldIn: "wb_writeback"),
    WaitEntry(
      "writeback throttling (wbt)", .writeback,
      "The block layer holds background writes back, so that reads stay quick.",
      next: "See the writes in flight: iostat -x 1; to try without the throttle: "
        + "echo 0 > /sys/block/DISK/queue/wbt_lat_usec.",
      waits: "wbt_wait __wbt_wait"),
    WaitEntry(
      "btrfs ordered extent", .writeback,
      "It waits until btrfs has written out data of the file and recorded where it lies.",
      next: "See who rewrites such files (autodefrag, balance, large writes): mount | grep btrfs; "
        + "culprit-agent top.",
      waits: """
        btrfs_start_ordered_extent btrfs_start_ordered_extent_nowriteback
        btrfs_wait_ordered_range btrfs_wait_ordered_extents
        btrfs_wait_ordered_roots btrfs_wait_on_delayed_iputs btrfs_run_ordered_operations
        btrfs_lock_and_flush_ordered_range
        """),
    WaitEntry(
      "btrfs metadata writeback", .writeback,
      "It waits until btrfs has written out a block of metadata.",
      next: "Look at the tasks in btrfs_commit_transaction, and at the device: iostat -x 1.",
      waits: """
        lock_extent_buffer_for_io btrfs_write_and_wait_transaction btrfs_wait_marked_extents __btrfs_wait_marked_extents
        wait_on_extent_buffer_writeback btrfs_wait_extents
        """, pages: "__btrfs_wait_marked_extents"),
    WaitEntry(
      "btrfs space reservation", .writeback,
      "It waits until btrfs has made room for its metadata by flushing.",
      next: "See how full the metadata chunks are: btrfs filesystem usage MOUNT.",
      waits: """
        handle_reserve_ticket wait_reserve_ticket __reserve_bytes btrfs_reserve_metadata_bytes
        __reserve_metadata_bytes reserve_metadata_bytes
        btrfs_async_run_delayed_root
        """),
  ]

  // MARK: - Memory

  static let memory: [WaitEntry] = [
    WaitEntry(
      "swap-in", .memory, "It waits until memory of its own has been read back from swap.",
      next: "See who uses swap: vmstat 1 (si so); grep VmSwap /proc/*/status.",
      waits: """
        swap_readpage swap_read_folio swap_readpage_bdev_sync swap_read_folio_bdev_sync
        swapin_readahead swap_cluster_readahead swap_vma_readahead swapin_folio
        """,
      first: "do_swap_page read_swap_cache_async __read_swap_cache_async",
      pages: """
        do_swap_page swap_readpage swap_read_folio swapin_readahead swap_cluster_readahead
        swap_vma_readahead read_swap_cache_async shmem_swapin shmem_swapin_page
        shmem_swapin_folio shmem_getpage_gfp shmem_get_folio_gfp unuse_pte_range
        """),
    WaitEntry(
      "memory reclaim", .memory,
      "There is too little free memory: it waits until the kernel has freed some.",
      next: "See who eats the memory: ps aux --sort -rss | head; cat /proc/pressure/memory; "
        + "limits: cat /sys/fs/cgroup/CGROUP/memory.events.",
      waits: """
        throttle_direct_reclaim reclaim_throttle congestion_wait wait_iff_congested
        too_many_isolated
        mem_cgroup_wait_acct_move
        """,
      first:
        "shrink_inactive_list try_to_free_pages balance_pgdat __alloc_pages_slowpath mempool_alloc mempool_alloc_noprof"
    ),
    WaitEntry(
      "cgroup memory limit", .memory,
      "Its control group is over its memory limit, so it is slowed down or stopped.",
      next: "Compare memory.current with memory.high and memory.max under /sys/fs/cgroup/CGROUP.",
      waits: """
        mem_cgroup_handle_over_high __mem_cgroup_handle_over_high mem_cgroup_oom_synchronize
        """),
    WaitEntry(
      "page migration", .memory,
      "It touched a page that is being moved (compaction, NUMA), and waits until that is done.",
      next: "See who moves pages: grep -E 'compact|migrate|numa' /proc/vmstat twice.",
      waits: "migration_entry_wait __migration_entry_wait migration_entry_wait_on_locked"
        + " migration_entry_wait_huge pmd_migration_entry_wait migrate_misplaced_folio"),
    WaitEntry(
      "host page fault", .memory,
      "This is a virtual machine, and its host must bring a page in first.",
      next: "Look at the host of this machine: it is short of memory.",
      waits: "kvm_async_pf_task_wait kvm_async_pf_task_wait_schedule"),
  ]

  // MARK: - Network file systems

  static let networkFileSystems: [WaitEntry] = [
    WaitEntry(
      "NFS RPC", .networkFileSystem, "It waits for an NFS server's answer.",
      next: "See whether the server answers: nfsstat -c; mount | grep nfs; rpcinfo -t SERVER nfs; "
        + "cat /proc/self/mountstats.",
      waits: """
        rpc_wait_bit_killable __rpc_wait_for_completion_task rpc_wait_for_completion_task
        __rpc_execute rpc_execute rpc_run_task rpc_call_sync nfs_wait_bit_killable
        nfs_wait_bit_uninterruptible nfs_wait_client_init_complete nfs_wait_on_request
        nfs_wait_on_sequence nfs4_handle_exception nfs4_delay nfs4_wait_clnt_recover
        nfs4_client_recover_expired_lease nfs_iocounter_wait nfs_async_iocounter_wait
          nfs4_drain_slot_tbl
         wait_on_commit nfs_wait_atomic_killable pnfs_update_layout
        nfs_file_direct_write nfs_file_direct_read nfs_direct_wait
        """),
    WaitEntry(
      "NFS read", .networkFileSystem,
      "It waits until an NFS server has sent the page of a file.",
      next: "See whether the server answers: nfsstat -c; cat /proc/self/mountstats."),
    WaitEntry(
      "NFS writeback", .networkFileSystem,
      "It waits until an NFS server has taken pages that are on their way to it.",
      next: "See whether the server answers, and whether it is this very machine (a loop-back "
        + "mount can wait for itself): mount | grep nfs; nfsstat -c.",
      waits: """
        nfs_wb_folio nfs_wb_page nfs_wb_page_cancel nfs_wb_folio_cancel nfs_wb_all
        nfs_lock_and_join_requests nfs_commit_inode nfs_page_group_lock
        """),
    WaitEntry(
      "NFS file lock", .lock, "It waits for a lock that the NFS server has given to somebody else.",
      next: "Ask the server who holds it: cat /proc/locks there.",
      waits: "nlmclnt_block nlmclnt_lock nlmclnt_proc nfs4_retry_setlk nfs4_proc_lock"
        + " nfs4_set_lock_task_retry"),
    WaitEntry(
      "SMB reply", .networkFileSystem, "It waits for an SMB (CIFS) server's answer.",
      next: "See whether the server answers: cat /proc/fs/cifs/DebugData; dmesg | grep -i cifs.",
      waits: """
        wait_for_free_credits wait_for_response  compound_send_recv
        cifs_send_recv SendReceive SendReceive2 SendReceiveBlockingLock cifs_strict_readv
        cifs_wait_mtu_credits smb2_wait_mtu_credits cifs_reconnect_tcon smb2_reconnect
        cifs_wait_for_server_reconnect
        """),
    WaitEntry(
      "Ceph reply", .networkFileSystem, "It waits for a Ceph server (MDS or OSD).",
      next: "Look at the cluster: ceph -s; what is open: cat /sys/kernel/debug/ceph/*/osdc, mdsc.",
      waits: """
        ceph_mdsc_wait_request ceph_mdsc_do_request ceph_osdc_wait_request wait_request_timeout
        ceph_get_caps __ceph_get_caps ceph_sync_read ceph_sync_write ceph_direct_read_write
        ceph_wait_on_conflict_unlink ceph_mdsc_sync  ceph_osdc_sync
        """),
    WaitEntry(
      "network file system", .networkFileSystem,
      "It waits for the server of a network file system.",
      next: "See which it is (mount) and whether its server answers: ping, ss -tn, dmesg | tail.",
      waits: """
        p9_client_rpc p9_client_zc_rpc p9_virtio_zc_request afs_wait_for_call_to_complete
        afs_wait_for_operation afs_do_sync_operation netfs_wait_for_read netfs_wait_for_write
        netfs_wait_for_pause netfs_wait_for_outstanding_io netfs_wait_for_request ptlrpc_set_wait
        ptlrpc_queue_wait ldlm_completion_ast cl_sync_io_wait cl_io_loop osc_extent_wait
        """),
    WaitEntry(
      "network file system read", .networkFileSystem,
      "It waits until a server has sent the page of a file.",
      next: "See whether the server answers: mount; ss -tn; dmesg | tail."),
    WaitEntry(
      "network file system writeback", .networkFileSystem,
      "It waits until a server has taken pages that are on their way to it.",
      next: "See whether the server answers: mount; ss -tn; dmesg | tail."),
  ]

  // MARK: - FUSE

  static let fuse: [WaitEntry] = [
    WaitEntry(
      "FUSE reply", .fuse, "It waits for the program behind a FUSE file system to answer.",
      next: "See which file system it is (mount -t fuse, fuseblk), and what its program does: "
        + "cat /sys/fs/fuse/connections/*/waiting; culprit-agent suspects.",
      waits: """
        request_wait_answer __fuse_request_send fuse_request_send __fuse_simple_request
        fuse_simple_request fuse_get_req __fuse_get_req fuse_get_req_nofail_nopages
        fuse_set_nowrite fuse_sync_writes virtio_fs_enqueue_req
        """),
    WaitEntry(
      "FUSE read", .fuse,
      "It waits until the program behind a FUSE file system has delivered the page of a file.",
      next: "Look at that program: mount -t fuse; cat /sys/fs/fuse/connections/*/waiting."),
    WaitEntry(
      "FUSE writeback", .fuse,
      "It waits until the program behind a FUSE file system has taken pages to be written.",
      next: "Look at that program: mount -t fuse; cat /sys/fs/fuse/connections/*/waiting.",
      waits: "fuse_wait_on_page_writeback fuse_wait_on_folio_writeback fuse_flush_writepages"),
    WaitEntry(
      "FUSE server idle", .unknown, "It serves a FUSE file system and waits for something to do.",
      next: "Nothing to do here: it waits for others' requests.",
      first: "fuse_dev_do_read fuse_dev_read fuse_uring_cmd"),
  ]

  // MARK: - Locks

  static let locks: [WaitEntry] = [
    WaitEntry(
      "file lock", .lock,
      "It waits for a lock on a file (flock or fcntl) that another process holds.",
      next: "See who holds it: culprit-agent suspects, or cat /proc/locks (“->” marks who waits).",
      waits: """
        flock_lock_inode_wait flock_lock_file_wait flock_lock_inode locks_lock_inode_wait
        posix_lock_inode_wait posix_lock_file_wait posix_lock_inode fcntl_setlk fcntl_setlk64
        do_lock_file_wait locks_mandatory_area __do_sys_flock
        """, first: "__x64_sys_flock __se_sys_flock sys_flock SyS_flock"),
    WaitEntry(
      "file lease", .lock, "It wants to open a file on which another process holds a lease.",
      next: "See who holds it: grep LEASE /proc/locks.",
      waits: "__break_lease break_lease"),
    WaitEntry(
      "page lock", .lock,
      "It waits for a page of memory that some task has locked, and the stack doesn't show which.",
      next: "Look at the other tasks in D: one of them may hold it, or be waiting below it. "
        + "Who reads or writes the page keeps it locked.",
      pages: "folio_lock lock_page lock_delalloc_folios lock_delalloc_pages"),
    WaitEntry(
      "buffer lock", .lock,
      "It waits for a block buffer that some task has locked, mostly for I/O in flight.",
      next: "Look at the device: iostat -x 1; and at the other tasks in D.",
      waits: "__lock_buffer lock_buffer"),
    WaitEntry(
      "inode lock", .lock,
      "It waits for the lock of one file or directory that another task holds.",
      next: "Look for a task that works on the same file or directory: it may wait for the disk "
        + "while it holds the lock (culprit-agent suspects; ls -l /proc/PID/fd).",
      waits: "__wait_on_freeing_inode find_inode_fast ilookup5 iget_locked wait_on_inode",
      locks: """
        inode_lock inode_lock_nested inode_lock_shared lock_two_nondirectories lock_rename
        lock_two_directories lookup_slow __lookup_slow lookup_one_unlocked walk_component do_last
        path_openat open_last_lookups do_lookup real_lookup do_unlinkat do_rmdir filename_create
        start_creating start_removing  start_dirop done_path_create iterate_dir vfs_readdir
        chown_common chmod_common do_truncate vfs_setxattr vfs_removexattr vfs_utimes
        utimes_common generic_file_write_iter generic_file_aio_write
        ext4_file_write_iter ext4_buffered_write_iter ext4_dio_write_iter ext4_file_read_iter
        ext4_dio_read_iter ext4_file_write blkdev_llseek ext4_fallocate ext4_llseek ext4_map_blocks
        ext4_da_map_blocks ext4_setattr ext4_sync_file ext4_page_mkwrite
        ext4_truncate ext4_punch_hole xfs_ilock xfs_ilock_nowait xfs_ilock_iocb
        xfs_ilock_iocb_for_write xfs_ilock_attr_map_shared xfs_ilock_data_map_shared
        xfs_file_buffered_write xfs_file_dio_write_aligned xfs_file_dio_read
        xfs_file_fallocate xfs_iolock_two_inodes_and_break_layout btrfs_inode_lock
        btrfs_delete_subvolume btrfs_file_write_iter btrfs_buffered_write btrfs_direct_write
        btrfs_do_write_iter btrfs_fallocate btrfs_sync_file f2fs_file_write_iter nfs_start_io_read
        nfs_start_io_write nfs_start_io_direct blkdev_write_iter blkdev_fallocate
        fuse_file_write_iter fuse_cache_write_iter ovl_write_iter ovl_inode_lock
        """),
    WaitEntry(
      "file position lock", .lock,
      "Another thread reads or writes through the same open file, and it waits for its turn.",
      next: "Look at the other threads of the process: one waits inside read or write.",
      locks: "__fdget_pos fdget_pos "),
    WaitEntry(
      "memory map lock", .lock,
      "It waits for the lock of a process's address space that another thread or reader holds.",
      next: "Look at the other threads of the process: one of them maps, unmaps or faults slowly.",
      locks: """
        mmap_read_lock mmap_read_lock_killable mmap_write_lock mmap_write_lock_killable
        lock_mm_and_find_vma do_user_addr_fault __do_page_fault do_page_fault vm_mmap_pgoff
        vm_munmap __vm_munmap __do_sys_munmap __x64_sys_munmap __do_sys_brk __x64_sys_brk
        do_mprotect_pkey do_madvise __do_sys_mremap exit_mm exit_mmap __access_remote_vm
        access_remote_vm get_cmdline proc_pid_cmdline_read get_mm_cmdline m_start
        proc_maps_read dup_mmap dup_mm userfaultfd_release khugepaged_scan_mm_slot
        collapse_huge_page acct_collect task_numa_work vma_start_write __vma_start_write
        sys_mmap_pgoff
        """),
    WaitEntry(
      "nfsd mutex", .lock,
      "It waits for nfsd's mutex, which a task that configures or stops the NFS server holds.",
      next: "Look for rpc.nfsd or a systemd unit that starts or stops nfsd: ps -eo pid,stat,args "
        + "| grep nfsd; rpcbind must answer: rpcinfo -p.",
      locks: """
        write_versions write_threads write_ports write_pool_threads write_maxblksize nfsd_svc
        nfsd_nrthreads nfsd_nrpools nfsd_pool_stats_open nfsd_pool_stats_release
        nfsd_get_nrthreads nfsd_set_nrthreads nfsd_umount write_gracetime write_leasetime
        write_recoverydir nfsd_nl_threads_set_doit nfsd_nl_threads_get_doit
        nfsd_nl_listener_set_doit nfsd_nl_version_set_doit
        """, heldIn: "nfsd_svc nfsd_destroy_serv nfsd_last_thread nfsd_shutdown_threads"),
    WaitEntry(
      "shrinker lock", .lock,
      "It waits for the lock of the memory shrinkers, which a slow shrinker may hold for long.",
      next: "Look for a task inside shrink_slab: what it waits for is the cause.",
      locks: """
        alloc_shrinker_info expand_shrinker_info free_shrinker_info register_shrinker
        register_shrinker_prepared unregister_shrinker prealloc_shrinker free_prealloced_shrinker
        shrinker_register shrinker_free prealloc_memcg_shrinker reparent_shrinker_deferred
        """, heldIn: "shrink_slab shrink_slab_memcg shrink_slab_node"),
    WaitEntry(
      "superblock lock", .lock,
      "It waits for the lock of a file system that is being mounted, unmounted, synced or frozen.",
      next: "Look for a mount, umount, sync or fsfreeze that doesn't end.",
      locks: """
        iterate_supers grab_super get_super get_super_thawed user_get_super super_lock
        super_lock_excl deactivate_super  lock_super thaw_super
        thaw_super_locked freeze_bdev sync_supers trylock_super __iterate_supers
        """, heldIn: "generic_shutdown_super"),
    WaitEntry(
      "block device lock", .lock,
      "It waits to open, close or rescan a block device, which another task is doing.",
      next:
        "Look for a task inside blkdev_get, blkdev_put or a partition scan: its device is slow.",
      locks: """
        blkdev_get __blkdev_get blkdev_get_by_dev blkdev_get_by_path blkdev_put __blkdev_put
        bdev_open bdev_release blkdev_open blkdev_reread_part bdev_disk_changed
        blkdev_common_ioctl loop_control_ioctl lo_ioctl lo_open lo_release del_gendisk
        """),
    WaitEntry(
      "XFS buffer lock", .lock,
      "It waits for a metadata buffer of XFS that another task has locked, mostly for its I/O.",
      next: "Look for tasks in XFS buffer I/O or log waits: one of them has it.",
      locks: "xfs_buf_lock xfs_buf_find_lock _xfs_buf_find xfs_buf_find xfs_buf_lookup"),
    WaitEntry(
      "btrfs tree lock", .lock, "It waits for a node of a btrfs tree that another task has locked.",
      next: "Look at the other btrfs tasks: one of them works below that node.",
      waits: """
        btrfs_tree_lock btrfs_tree_read_lock __btrfs_tree_lock __btrfs_tree_read_lock
        btrfs_lock_root_node btrfs_read_lock_root_node btrfs_read_lock_root_node_atomic
        """,
      locks: """
        btrfs_tree_lock btrfs_tree_lock_nested btrfs_tree_read_lock btrfs_tree_read_lock_nested
        __btrfs_tree_lock __btrfs_tree_read_lock btrfs_lock_root_node btrfs_read_lock_root_node
        """),
    WaitEntry(
      "btrfs extent lock", .lock,
      "It waits for a range of a btrfs file that another task has locked.",
      next: "Look for who writes, reflinks or defragments the same file.",
      waits: """
        lock_extent lock_extent_bits __lock_extent btrfs_lock_extent_bits wait_extent_bit
        """),
    WaitEntry(
      "btrfs log mutex", .lock,
      "It waits for the log of a btrfs subvolume that another task is writing (fsync).",
      next: "Look for the task in btrfs_sync_log or btrfs_commit_transaction: it holds it.",
      locks: "btrfs_log_inode_parent btrfs_log_inode btrfs_sync_log start_log_trans"
        + " btrfs_pin_log_trans"),
    WaitEntry(
      "dm-thin metadata lock", .lock,
      "It waits for the metadata lock of a thin pool that another task holds.",
      next: "Look at the pool's worker (dm-thin): dmsetup status; dmesg | grep -i thin.",
      locks: """
        dm_thin_find_block dm_thin_insert_block dm_thin_remove_range dm_thin_remove_block
        dm_pool_commit_metadata dm_pool_alloc_data_block dm_pool_get_free_block_count
        dm_pool_block_is_shared dm_pool_inc_data_range dm_thin_aborted_changes
        dm_pool_abort_metadata dm_pool_issue_prefetches dm_thin_find_mapped_range
        """,
      heldIn: """
        __destroy_persistent_data_objects dm_pool_abort_metadata __commit_transaction
        dm_thin_insert_block dm_thin_remove_range
        """),
    WaitEntry(
      "device-mapper lock", .lock, "It waits for a device-mapper device that is being changed.",
      next: "Look for a dmsetup or lvm command that doesn't end: dmsetup info (state SUSPENDED).",
      locks: """
        dm_get_live_table_for_ioctl dev_suspend do_resume dm_suspend dm_resume dm_swap_table
        dm_hash_remove_all dm_lock_md_type dm_get_md dm_blk_open dm_pool_register_metadata_threshold
        dm_bufio_read dm_bufio_get dm_bufio_new dm_bufio_prefetch dm_bufio_lock new_read
        """),
    WaitEntry(
      "md array lock", .lock, "It waits for a RAID array that is being changed or checked.",
      next: "See what the array does: cat /proc/mdstat; mdadm --detail /dev/mdN.",
      locks: "mddev_lock md_ioctl md_attr_store md_attr_show md_seq_show md_open md_check_recovery"
        + " rdev_attr_store"),
    WaitEntry(
      "cgroup lock", .lock,
      "It waits for the lock under which control groups are made and removed.",
      next: "Look for who makes or removes control groups (systemd, a container runtime).",
      waits: "cgroup_lock_and_drain_offline",
      locks: """
        cgroup_kn_lock_live cgroup_lock_and_drain_offline cgroup_mkdir cgroup_rmdir
        proc_cgroup_show proc_cgroupstats_show cgroup_release_agent cgroup_procs_write
        css_killed_work_fn css_release_work_fn css_free_rwork_fn cgroup1_get_tree
        """,
      perCPULocks:
        "cgroup_can_fork cgroup_css_set_fork copy_process cgroup_threadgroup_change_begin"
        + " exit_signals cgroup_attach_lock cgroup_procs_write_start __cgroup_procs_write"),
    WaitEntry(
      "network configuration lock (rtnl)", .lock,
      "It waits for the lock under which network devices are configured.",
      next: "Look for who configures the network (ip, NetworkManager, docker) and doesn't end.",
      locks:
        "rtnl_lock rtnl_lock_killable rtnetlink_rcv rtnetlink_rcv_msg dev_ioctl addrconf_verify_work"
        + " netdev_run_todo register_netdev unregister_netdev linkwatch_event"),
    WaitEntry(
      "kernel lock", .lock, "It waits for a lock inside the kernel that another task holds.",
      next: "Look at the other tasks in D: the one that waits for something else holds it. "
        + "Linux 6.16 and newer name the owner in dmesg."),
  ]

  // MARK: - Software RAID, device mapper, crypto

  static let mappedDevices: [WaitEntry] = [
    WaitEntry(
      "md superblock write", .mappedDevice,
      "A RAID array writes its superblock or bitmap, and waits until its disks have taken it.",
      next: "See the array and its slowest disk: cat /proc/mdstat; iostat -x 1.",
      waits: """
        md_super_wait md_bitmap_wait_writes bitmap_wait_writes write_sb_page md_update_sb
        md_bitmap_daemon_work
        """),
    WaitEntry(
      "md write start", .mappedDevice,
      "It writes to a RAID array, which must first mark its superblock as dirty.",
      next: "See what the array's own thread (mdN_raid…) waits for: cat /proc/mdstat; "
        + "cat /proc/PID/stack of that thread.",
      waits: "md_write_start md_flush_request md_handle_request md_make_request"),
    WaitEntry(
      "md bitmap", .mappedDevice,
      "It writes to a RAID array, and the write-intent bitmap has no room for one more write there.",
      next: "See whether the array moves at all: cat /proc/mdstat; iostat -x 1; "
        + "cat /sys/block/mdN/inflight.",
      waits: "md_bitmap_startwrite bitmap_startwrite"),
    WaitEntry(
      "md stripe", .mappedDevice,
      "All stripe buffers of a RAID 5/6 array are in use.",
      next:
        "See what the array does (cat /proc/mdstat) and its /sys/block/mdN/md/stripe_cache_size "
        + "and stripe_cache_active.",
      waits: """
        raid5_get_active_stripe get_active_stripe __raid5_get_active_stripe r5l_do_reclaim
        raid5_quiesce
        """,
      first: "raid5_make_request make_request reshape_request raid5_sync_request"),
    WaitEntry(
      "md barrier", .mappedDevice,
      "A RAID 1 or 10 array is being resynchronised or frozen, and I/O there waits.",
      next: "See the resync: cat /proc/mdstat; its limits: sysctl dev.raid.speed_limit_max.",
      waits:
        "wait_barrier _wait_barrier wait_read_barrier raise_barrier freeze_array wait_blocked_dev"
        + " md_wait_for_blocked_rdev"),
    WaitEntry(
      "md suspend or resync", .mappedDevice, "A RAID array is suspended, or its resync waits.",
      next: "See what the array does: cat /proc/mdstat; mdadm --detail /dev/mdN.",
      waits: "mddev_suspend __mddev_suspend md_do_sync md_reap_sync_thread stop_sync_thread"),
    WaitEntry(
      "device-mapper I/O", .mappedDevice,
      "It waits for I/O of a device-mapper device (LVM, thin pool, snapshot, cache).",
      next: "See the device and what lies below it: dmsetup status; lsblk; iostat -x 1.",
      waits: """
        dm_wait_for_completion dm_wait_event sync_io dm_io __wait_for_free_buffer
        __get_unclaimed_buffer dm_bufio_write_dirty_buffers dm_bufio_issue_flush
         dm_kcopyd_client_destroy __origin_write wait_for_in_progress  dm_internal_suspend_fast
        dm_wait_for_bios_completion
        """, first: "__dm_suspend dm_suspend"),
    WaitEntry(
      "bcache bucket", .mappedDevice,
      "It waits until bcache has a free bucket in its cache.",
      next: "Look at the bcache_allocator thread: cat /proc/PID/stack; "
        + "/sys/fs/bcache/*/cache_available_percent.",
      waits: "bch_bucket_alloc bch_bucket_alloc_set __bch_bucket_alloc_set bch_allocator_thread"
        + " bch_open_buckets_alloc", heldIn: "bch_allocator_thread"),
    WaitEntry(
      "bcache I/O", .mappedDevice, "It waits for bcache's own I/O.",
      next: "See the cache device and the backing device: iostat -x 1; bcache-super-show.",
      waits: "bch_btree_node_read bch_prio_write bch_journal_meta bch_journal_wait"
        + " bch_btree_node_get  "),
    WaitEntry(
      "DRBD", .mappedDevice, "It waits for DRBD: its own disk, or the other node.",
      next: "See the connection: drbdadm status; cat /proc/drbd.",
      waits:
        "drbd_al_begin_io drbd_al_begin_io_commit drbd_md_sync_page_io wait_until_done_or_force_detached"
        + " drbd_adm_suspend_io complete_master_bio inc_ap_bio"),
    WaitEntry(
      "dm-crypt cipher", .crypto,
      "dm-crypt waits until the cipher's driver has encrypted or decrypted a block.",
      next: "See which driver does it: cat /proc/crypto (hardware offload may lose requests); "
        + "dmsetup table --target crypt.",
      waits: "crypt_convert crypt_convert_block_skcipher crypt_convert_block_aead"),
    WaitEntry(
      "crypto request", .crypto, "It waits until a cipher's driver has carried out a request.",
      next: "See which driver does it: cat /proc/crypto; errors: dmesg | tail.",
      waits: """
        crypto_wait_req fscrypt_crypt_block fscrypt_crypt_data_unit af_alg_wait_for_data
         blk_crypto_fallback_encrypt_bio
        """),
  ]

  // MARK: - Frozen

  static let frozen: [WaitEntry] = [
    WaitEntry(
      "frozen filesystem", .frozen,
      "It wants to write to a file system that is frozen (fsfreeze, a snapshot, a backup).",
      next:
        "Find who froze it (backup, snapshot, hypervisor agent), or thaw it: fsfreeze -u MOUNT.",
      waits: """
        __sb_start_write sb_start_write sb_start_pagefault sb_start_intwrite vfs_check_frozen
        xfs_wait_for_freeze sb_wait_write mnt_want_write mnt_want_write_file
        """,
      locks: "__sb_start_write",
      perCPULocks: """
        __sb_start_write sb_start_write mnt_want_write mnt_get_write_access mnt_want_write_file
        __mnt_want_write_file mnt_want_write_path file_start_write kiocb_start_write
        do_iter_write do_iter_readv_writev vfs_iter_write vfs_write vfs_writev do_writev
        do_splice_direct splice_file_range vfs_fallocate vfs_copy_file_range ksys_fallocate
        path_openat open_last_lookups do_last do_open filename_create do_unlinkat do_rmdir
        do_renameat2 do_truncate do_ftruncate do_sys_ftruncate vfs_truncate chown_common
        do_fchownat ksys_fchown chmod_common touch_atime file_update_time do_utimes
        vfs_utimes path_setxattr path_setxattrat setxattr removexattr aio_write io_write
        io_fallocate ext4_page_mkwrite xfs_filemap_fault xfs_write_fault xfs_filemap_page_mkwrite
        __xfs_filemap_fault btrfs_page_mkwrite filemap_page_mkwrite block_page_mkwrite
        iomap_page_mkwrite ext4_journal_check_start __ext4_journal_start_sb ext4_evict_inode
        ext4_fileattr_set xfs_trans_alloc start_transaction btrfs_start_transaction
        btrfs_ioctl do_sys_openat2 do_page_mkwrite ovl_want_write do_filp_open
        """, heldIn: "freeze_super"),
    WaitEntry(
      "freezing of a file system", .frozen,
      "It freezes a file system and waits until the writes under way are done.",
      next: "Look for the writers that don't end: culprit-agent suspects.",
      waits: "freeze_super", locks: "freeze_super", perCPULocks: "freeze_super sb_wait_write"),
    WaitEntry(
      "frozen task", .frozen,
      "The task itself is frozen: by the freezer of its control group, or for a suspend.",
      next: "See the control group: cat /sys/fs/cgroup/CGROUP/cgroup.freeze (v1: freezer.state); "
        + "a paused container is frozen so.",
      waits: "__refrigerator refrigerator try_to_freeze __try_to_freeze do_freezer_trap"
        + " cgroup_enter_frozen  "),
  ]

  // MARK: - Other processes

  static let processes: [WaitEntry] = [
    WaitEntry(
      "vfork child", .process,
      "It called vfork, and waits until its child has started another program or ended.",
      next: "Look at the child: ps --ppid PID -o pid,stat,wchan,args. No disk is involved.",
      waits: "wait_for_vfork_done",
      first: "do_fork _do_fork kernel_clone __do_sys_vfork sys_vfork"),
    WaitEntry(
      "child exit", .process, "It waits for a child process to end.",
      next: "Look at its children: ps --ppid PID -o pid,stat,wchan,args.",
      waits: "do_wait kernel_wait4 kernel_wait "),
    WaitEntry(
      "ptrace stop", .process, "It is stopped by a debugger or tracer.",
      next: "See who traces it: grep TracerPid /proc/PID/status.",
      waits: "ptrace_stop ptrace_notify do_signal_stop do_jobctl_trap ptrace_check_attach"
        + " wait_task_inactive"),
    WaitEntry(
      "core dump", .process, "A thread of its process dumps core, and it waits until that is done.",
      next: "See where cores go: cat /proc/sys/kernel/core_pattern; that disk or program is slow.",
      waits:
        "coredump_wait coredump_task_exit do_coredump vfs_coredump dump_emit wait_for_dump_helpers"),
    WaitEntry(
      "exec or exit of threads", .process,
      "It waits until the other threads of its process have ended.",
      next: "Look at them: ls /proc/PID/task; one of them is in D.",
      waits: "de_thread begin_new_exec flush_old_exec zap_pid_ns_processes exec_mm_release"),
    WaitEntry(
      "userfaultfd handler", .process,
      "It touched memory that another process fills in on demand (live migration, snapshots).",
      next: "Look at the process that serves the userfaultfd.",
      waits: "handle_userfault"),
    WaitEntry(
      "helper program", .process,
      "The kernel has started a helper program, and it waits for its end.",
      next: "See which: ps --ppid 2 -o pid,args; request-key, modprobe, core_pattern.",
      waits: "call_usermodehelper_exec call_usermodehelper __request_module request_key_and_link"
        + " call_sbin_request_key wait_for_key_construction"),
    WaitEntry(
      "kernel thread stop", .process, "It waits until a kernel thread or worker has ended.",
      next: "Look for the kernel thread in D that is to stop.",
      waits: "kthread_stop kthread_park __kthread_create_on_node destroy_workqueue"),
    WaitEntry(
      "btrfs balance", .process, "It waits until a running btrfs balance has stopped.",
      next: "See how far it is: btrfs balance status MOUNT.",
      waits: "btrfs_cancel_balance btrfs_pause_balance", heldIn: "__btrfs_balance btrfs_balance"),
  ]

  // MARK: - Other sleeps: named, but of no class

  static let sleeps: [WaitEntry] = [
    WaitEntry(
      "unknown", .unknown, "The stack doesn't show what it waits for.",
      next: "Look at it several times: cat /proc/PID/stack /proc/PID/wchan /proc/PID/syscall; "
        + "and at the other tasks in D."),
    WaitEntry(
      "page wait", .unknown,
      "It waits for a page that is locked, read or written; the stack doesn't show which.",
      next: "Look at the other tasks in D, and at the devices: iostat -x 1."),
    WaitEntry(
      "page read", .unknown,
      "It waits until a page of a file has been read in; the stack doesn't show from where.",
      next: "See which file system it is (ls -l /proc/PID/fd; mount) and its device: iostat -x 1.",
      pages: """
        filemap_read filemap_get_pages filemap_update_page filemap_read_folio filemap_create_folio
        filemap_fault generic_file_read_iter generic_file_buffered_read
        generic_file_buffered_read_get_pages generic_file_aio_read do_generic_file_read
        do_read_cache_page do_read_cache_folio read_cache_page read_cache_folio
        wait_on_page_read filemap_get_read_batch read_mapping_page mapping_read_folio_gfp
        """),
    WaitEntry(
      "direct I/O in flight", .unknown,
      "It waits until all direct I/O on the file is complete: at the device, or in the task that "
        + "sent it (io_uring) and may itself be waiting.",
      next: "See whether the device still works on it (cat /sys/block/*/inflight); if not, look at "
        + "the tasks that sent it.",
      waits: "inode_dio_wait __inode_dio_wait inode_dio_wait_interruptible xfs_break_dax_layouts"
        + " ext4_break_layouts"),
    WaitEntry(
      "io_uring completion", .unknown,
      "It waits until requests that it gave to io_uring are complete; they may be of any kind.",
      next: "See whether the disks do anything (iostat -x 1), and its iou-wrk threads: "
        + "cat /proc/PID/task/*/stack.",
      waits: "io_cqring_wait io_cqring_wait_schedule io_uring_cancel_generic io_wq_put_and_exit",
      first: "__do_sys_io_uring_enter io_uring_del_tctx_node io_uring_clean_tctx io_ring_exit_work"),
    WaitEntry(
      "asynchronous I/O", .unknown,
      "It waits for requests that it gave to the kernel with io_submit.",
      next: "See whether the disks do anything: iostat -x 1.",
      waits: "read_events wait_for_all_aios exit_aio do_io_getevents"),
    WaitEntry(
      "kernel work item", .unknown,
      "It waits until a kernel worker has done a piece of work.",
      next: "Look for a kworker in D: what that waits for is the cause."),
    WaitEntry(
      "RCU grace period", .unknown,
      "It waits until every CPU has passed through a quiet moment.",
      next: "If it lasts: dmesg | grep -i 'rcu.*stall'; a CPU is stuck or overloaded.",
      waits: """
        wait_rcu_gp __wait_rcu_gp synchronize_rcu synchronize_rcu_normal synchronize_rcu_expedited
        synchronize_rcu_expedited_wait_once synchronize_sched synchronize_net rcu_barrier
        rcu_barrier_tasks_generic synchronize_rcu_tasks_generic
        synchronize_srcu __synchronize_srcu synchronize_srcu_expedited rcu_sync_enter
        percpu_ref_switch_to_atomic_sync
        """),
    WaitEntry(
      "futex", .unknown, "It waits for a lock or an event of its own program (futex).",
      next: "Look at the other threads of the process.",
      waits: "futex_wait_queue futex_wait_queue_me futex_do_wait futex_wait __futex_wait"
        + " futex_wait_requeue_pi futex_lock_pi"),
    WaitEntry(
      "poll", .unknown, "It waits for something to happen on its files and sockets.",
      next: "Nothing to do: that is how programs idle.",
      waits: "ep_poll do_epoll_wait do_poll do_sys_poll do_select core_sys_select"
        + " poll_schedule_timeout"),
    WaitEntry(
      "pipe", .unknown, "It waits for the other end of a pipe.",
      next: "See who has the other end: lsof -E -p PID.",
      waits: "pipe_read pipe_write pipe_wait anon_pipe_read anon_pipe_write wait_for_partner"
        + " pipe_wait_readable pipe_wait_writable fifo_open"),
    WaitEntry(
      "socket", .unknown, "It waits for the other end of a socket.",
      next: "See which: ss -tnp | grep pid=PID.",
      waits: """
        sk_wait_data sk_stream_wait_memory inet_csk_accept inet_csk_wait_for_connect
        unix_stream_data_wait unix_stream_read_generic __skb_wait_for_more_packets
        __skb_recv_datagram skb_recv_datagram sock_alloc_send_pskb inet_wait_for_connect
        inet_stream_connect __inet_stream_connect tcp_recvmsg_locked lock_sock_nested __lock_sock
         svc_get_next_xprt svc_alloc_arg
        """),
    WaitEntry(
      "timer", .unknown, "It sleeps for a time that it chose itself.",
      next: "Nothing to do, unless a driver polls its hardware so: look at the rest of the stack.",
      waits: "msleep msleep_interruptible usleep_range usleep_range_state hrtimer_nanosleep"
        + " do_nanosleep common_nsleep"),
    WaitEntry(
      "terminal", .unknown, "It waits for input from a terminal.", next: "Nothing to do.",
      waits: "n_tty_read tty_wait_until_sent"),
    WaitEntry(
      "signal", .unknown, "It waits for a signal.", next: "Nothing to do.",
      waits: "do_sigtimedwait sigsuspend do_pause __do_sys_pause __x64_sys_pause"),
    WaitEntry(
      "GPU", .unknown, "It waits for the graphics card.",
      next: "See its driver's messages: dmesg | grep -iE 'drm|gpu'.",
      waits: "dma_fence_default_wait dma_fence_wait_timeout drm_atomic_helper_wait_for_vblanks"
        + " drm_atomic_helper_wait_for_flip_done i915_request_wait i915_request_wait_timeout"),
    WaitEntry(
      "USB device", .unknown, "It waits for a USB device's answer.",
      next: "See whether it is still there: lsusb; dmesg | grep -i usb.",
      waits: "usb_start_wait_urb usb_kill_urb usb_control_msg usb_bulk_msg usb_stor_msg_common"),
    WaitEntry(
      "idle kernel thread", .unknown, "It is a kernel thread with nothing to do.",
      next: "Nothing to do.",
      first: """
        worker_thread rescuer_thread kthreadd smpboot_thread_fn kthread_worker_fn kswapd kcompactd
        khugepaged kjournald2 kjournald xfsaild md_thread rcu_gp_kthread rcu_gp_fqs_loop
        rcu_tasks_kthread rcu_tasks_one_gp oom_reaper ksmd kauditd_thread scsi_error_handler
        transaction_kthread cleaner_kthread bch_gc_thread dmcrypt_write loop_thread irq_thread
        wb_workfn bdi_writeback_workfn hub_event devtmpfsd psi_rtpoll_worker kernel_init
        nfs4_run_state_manager nfs4_state_manager nfsd svc_recv io_wq_worker io_sq_thread ext4_lazyinit_thread
        """),
  ]
}
