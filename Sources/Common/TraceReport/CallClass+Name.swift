import Records

extension CallClass {
  /// The class of a system call by its name, where what it works on doesn't say more: see
  /// ``init(call:path:)``.
  public init(call name: String) { self = CallClass.byName[name] ?? .other }

  /// The class of a call on what `path` names, as /proc/PID/fd and strace's `-y` write it.
  ///
  /// Whatever is read or written through a socket, a pipe or a terminal is not file work.
  public init(call name: String, path: String?) {
    let plain = CallClass(call: name)
    guard let path, plain == .read || plain == .write, CallClass.mayBeOther(path) else {
      self = plain
      return
    }
    if CallClass.socketPrefixes.contains(where: path.hasPrefix) {
      self = .network
    } else if CallClass.pipePrefixes.contains(where: path.hasPrefix) {
      self = .pipe
    } else if CallClass.eventPrefixes.contains(where: path.hasPrefix) {
      self = .wait
    } else {
      self = plain
    }
  }

  /// Whether a path may name anything but a file: nearly all name files, and calls are many.
  private static func mayBeOther(_ path: String) -> Bool {
    guard path.utf8.first == UInt8(ascii: "/") else { return true }
    return path.hasPrefix("/dev/")
  }

  /// Whether a path is a file's or folder's: no socket, pipe, terminal or other thing without bytes
  /// of its own on a disk.
  static func isFile(_ path: String) -> Bool { mayBeFile(path) && !path.hasPrefix("fd ") }

  /// Whether that may be a file: one, or a descriptor of which nobody knows what it is.
  public static func mayBeFile(_ path: String) -> Bool {
    !mayBeOther(path) || !otherPrefixes.contains(where: path.hasPrefix)
  }

  private static let otherPrefixes =
    socketPrefixes + pipePrefixes + eventPrefixes + ["anon_inode:", "pidfd:"]

  private static let socketPrefixes = [
    "socket:", "TCP:", "TCPv6:", "UDP:", "UDPv6:", "UNIX:", "UNIX-", "NETLINK:", "RAW:", "PACKET:",
  ]
  private static let pipePrefixes = ["pipe:", "/dev/pts/", "/dev/tty", "/dev/ptmx", "/dev/console"]
  private static let eventPrefixes = [
    "anon_inode:[eventfd", "anon_inode:[timerfd", "anon_inode:[signalfd", "anon_inode:inotify",
    "anon_inode:[inotify", "anon_inode:[fanotify",
  ]

  /// Whether that is the name of a system call that has a class.
  static func isKnown(_ name: String) -> Bool { byName[name] != nil }

  /// Whether calls of that name return how many bytes they moved.
  public static func movesBytes(_ name: String) -> Bool { moving.contains(name) }

  private static let moving: Set<String> = Set(
    words(
      """
      read pread pread64 readv preadv preadv2 write pwrite pwrite64 writev pwritev pwritev2
      sendfile sendfile64 splice tee vmsplice copy_file_range recvfrom recvmsg sendto sendmsg recv
      send process_vm_readv process_vm_writev
      """))

  private static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }

  private static let byName: [String: CallClass] = {
    let table: [(CallClass, String)] = [
      (.read, "read pread pread64 readv preadv preadv2 readahead"),
      (
        .write,
        """
        write pwrite pwrite64 writev pwritev pwritev2 sendfile sendfile64 copy_file_range splice tee
        vmsplice fallocate ftruncate ftruncate64 truncate truncate64
        """
      ),
      (.sync, "fsync fdatasync sync syncfs sync_file_range sync_file_range2 msync"),
      (
        .open,
        """
        open openat openat2 creat close dup dup2 dup3 memfd_create name_to_handle_at
        open_by_handle_at
        """
      ),
      (
        .stat,
        """
        stat lstat fstat stat64 lstat64 fstat64 newfstatat fstatat64 statx oldstat oldlstat oldfstat
        access faccessat faccessat2 statfs fstatfs statfs64 fstatfs64 getdents getdents64 readdir
        readlink readlinkat lseek _llseek rename renameat renameat2 unlink unlinkat mkdir mkdirat
        rmdir link linkat symlink symlinkat chmod fchmod fchmodat chown fchown lchown fchownat utime
        utimes utimensat futimesat getcwd chdir fchdir getxattr lgetxattr fgetxattr setxattr
        lsetxattr fsetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr
        fadvise64 fadvise64_64 posix_fadvise flock mknod mknodat mount umount umount2 quotactl
        """
      ),
      (
        .network,
        """
        socket socketpair connect accept accept4 bind listen shutdown getsockname getpeername
        getsockopt setsockopt recvfrom recvmsg recvmmsg recvmmsg_time64 sendto sendmsg sendmmsg recv
        send socketcall
        """
      ),
      (.pipe, "pipe pipe2"),
      (
        .wait,
        """
        poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_wait epoll_pwait
        epoll_pwait2 epoll_wait_old futex futex_time64 futex_waitv nanosleep clock_nanosleep
        clock_nanosleep_time64 pause wait4 waitid waitpid rt_sigtimedwait rt_sigtimedwait_time64
        rt_sigsuspend sigsuspend restart_syscall io_getevents io_pgetevents io_uring_enter
        semop semtimedop msgrcv msgsnd mq_timedreceive mq_timedsend sched_yield
        """
      ),
      (
        .memory,
        """
        mmap mmap2 munmap mremap mprotect madvise brk mlock mlock2 munlock mlockall munlockall mincore
        mbind migrate_pages move_pages shmget shmat shmdt shmctl process_madvise pkey_mprotect
        """
      ),
      (
        .process,
        """
        clone clone3 fork vfork execve execveat exit exit_group kill tkill tgkill prctl arch_prctl
        setns unshare ptrace setpriority getpriority sched_setaffinity sched_getaffinity
        sched_setscheduler prlimit64 getrlimit setrlimit ugetrlimit set_tid_address
        set_robust_list rseq
        """
      ),
    ]
    var byName: [String: CallClass] = [:]
    for (kind, names) in table {
      for name in words(names) { byName[name] = kind }
    }
    return byName
  }()
}
