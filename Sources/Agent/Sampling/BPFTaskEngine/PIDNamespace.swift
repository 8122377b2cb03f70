import Glibc

/// The pid namespace that we count in.
public enum PIDNamespace {
  /// PROC_PID_INIT_INO of include/linux/proc_ns.h.
  private static let initialInode: UInt64 = 0xEFFF_FFFC

  /// Whether it is the host's first.
  public static var isInitial: Bool {
    var status = stat()
    return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == initialInode
  }
}
