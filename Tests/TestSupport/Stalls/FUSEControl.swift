import Foundation
import Glibc

/// The file system in which the kernel says how many requests each FUSE server owes an answer. Where
/// it isn't mounted (systemd mounts it), the tests do so, once, and it goes when they end.
public enum FUSEControl {
  public static let path = "/sys/fs/fuse/connections"

  /// Whether it is there, mounted by us or not.
  public static var isMounted: Bool { isForeign || guardian != nil }

  private static let isForeign = TestFolder.text("/proc/self/mountinfo").contains(" \(path) ")

  /// Lives as long as the tests, for others of them use the mount too: its input closes with the
  /// process. It is made once and never touched again, so it may be shared.
  private nonisolated(unsafe) static let guardian: LoadGenerator? = {
    guard Machine.canMountFUSE, !isForeign, mount("none", path, "fusectl", 0, nil) == 0 else {
      return nil
    }
    return try? LoadGenerator(["guard-mount", path])
  }()
}
