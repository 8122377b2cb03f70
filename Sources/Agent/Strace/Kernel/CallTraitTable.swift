import BPFEngine
import ProcFS
import Records
import TraceReport

/// What system calls do with descriptors, by their names: the programs in the kernel know numbers only.
enum CallTraitTable {
  static func make() -> [CallNumber: CallTraits] {
    var table: [CallNumber: CallTraits] = [:]
    for (number, name) in SystemCallNames.all { table[CallNumber(number)] = traits[name] }
    for (number, name) in SystemCallNames.all32 {
      table[CallNumber(number, is32Bit: true)] = traits[name]
    }
    return table
  }

  /// The name of a call; one without a name has its number for it.
  static func name(_ call: CallNumber) -> String {
    call.is32Bit
      ? SystemCallNames.name32(call.number) ?? "syscall_32_\(call.number)"
      : SystemCallNames.name(call.number) ?? "syscall_\(call.number)"
  }

  private static let traits: [String: CallTraits] = {
    var traits: [String: CallTraits] = [:]
    for name in words(onDescriptor) { traits[name, default: []].insert(.onDescriptor) }
    for name in words(opens) { traits[name, default: []].insert(.opens) }
    for name in words(closes) { traits[name, default: []].insert(.closes) }
    for name in words("io_uring_setup io_uring_enter io_uring_register") {
      traits[name, default: []].insert(.ring)
    }
    for (_, name) in SystemCallNames.all + SystemCallNames.all32
    where CallClass.movesBytes(name) { traits[name, default: []].insert(.movesBytes) }
    return traits
  }()

  private static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }

  /// Calls whose first argument is the descriptor of what they are about. Those that have the folder
  /// there, of a path to come, are not among them.
  private static let onDescriptor = """
    read write close lseek _llseek ioctl pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2
    readahead fadvise64 fadvise64_64 fstat fstat64 oldfstat fstatfs fstatfs64 ftruncate ftruncate64
    fallocate fsync fdatasync sync_file_range sync_file_range2 arm_sync_file_range syncfs flock fcntl
    fcntl64 dup dup2 dup3 fchdir fchmod fchown fchown32 fsetxattr fgetxattr flistxattr fremovexattr
    getdents getdents64 readdir sendfile sendfile64 splice tee vmsplice copy_file_range cachestat
    connect accept accept4 bind listen shutdown getsockname getpeername getsockopt setsockopt recv
    recvfrom recvmsg recvmmsg recvmmsg_time64 recvmmsg_time32 send sendto sendmsg sendmmsg
    epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 epoll_ctl epoll_ctl_old timerfd_settime
    timerfd_settime64 timerfd_gettime timerfd_gettime64 inotify_add_watch inotify_rm_watch
    fanotify_mark io_uring_enter io_uring_register mq_timedsend mq_timedsend_time64 mq_timedreceive
    mq_timedreceive_time64 mq_notify mq_getsetattr quotactl_fd finit_module
    """

  /// Calls that return a new descriptor, which tells what they were about.
  private static let opens = """
    open openat openat2 creat open_by_handle_at open_tree memfd_create memfd_secret socket mq_open
    epoll_create epoll_create1 eventfd eventfd2 signalfd signalfd4 timerfd_create inotify_init
    inotify_init1 fanotify_init io_uring_setup perf_event_open userfaultfd pidfd_open pidfd_getfd
    """

  private static let closes = "close dup2 dup3 close_range execve execveat unshare"
}
