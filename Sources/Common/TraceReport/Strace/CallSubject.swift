/// Where in a call's arguments stands what it works on.
enum CallSubject: Sendable {
  /// About no file.
  case none
  /// A descriptor.
  case descriptor(Int)
  /// A path.
  case path(Int)
  /// The descriptor of a folder, and a path below it in the next argument.
  case below(Int)
  /// Bytes go from one descriptor to another.
  case copy(from: Int, to: Int)

  init(call name: String) { self = CallSubject.byName[name] ?? .none }

  private static let byName: [String: CallSubject] = {
    let table: [(CallSubject, String)] = [
      (
        .descriptor(0),
        """
        read pread pread64 readv preadv preadv2 readahead write pwrite pwrite64 writev pwritev pwritev2
        vmsplice fallocate ftruncate ftruncate64 fsync fdatasync syncfs sync_file_range
        sync_file_range2 close dup dup2 dup3 fstat fstat64 oldfstat fstatfs fstatfs64 getdents
        getdents64 readdir lseek _llseek fchmod fchown fchdir fgetxattr fsetxattr flistxattr
        fremovexattr fadvise64 fadvise64_64 posix_fadvise flock ioctl fcntl fcntl64 connect accept
        accept4 bind listen shutdown getsockname getpeername getsockopt setsockopt recvfrom recvmsg
        recvmmsg recvmmsg_time64 sendto sendmsg sendmmsg recv send open_by_handle_at
        """
      ),
      (
        .path(0),
        """
        open creat stat lstat stat64 lstat64 oldstat oldlstat access statfs statfs64 readlink rename
        unlink mkdir rmdir link chmod chown lchown utime utimes truncate truncate64 chdir getxattr
        lgetxattr setxattr lsetxattr listxattr llistxattr removexattr lremovexattr mknod umount
        umount2 execve swapon swapoff uselib
        """
      ),
      (.path(1), "symlink mount quotactl"),
      (
        .below(0),
        """
        openat openat2 newfstatat fstatat64 statx faccessat faccessat2 readlinkat renameat renameat2
        unlinkat mkdirat linkat fchmodat fchmodat2 fchownat utimensat futimesat mknodat
        name_to_handle_at execveat
        """
      ),
      (.below(1), "symlinkat"),
      (.copy(from: 1, to: 0), "sendfile sendfile64"),
      (.copy(from: 0, to: 2), "splice copy_file_range"),
      (.copy(from: 0, to: 1), "tee"),
    ]
    var byName: [String: CallSubject] = [:]
    for (subject, names) in table {
      for name in names.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
        byName[String(name)] = subject
      }
    }
    return byName
  }()
}
