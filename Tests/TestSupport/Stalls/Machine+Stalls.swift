import Foundation
import Glibc

/// Which stalls this machine can be brought into.
extension Machine {
  /// A load or a stall that needs nothing but the program.
  public static let needsLoad = "needs culprit-test-load, which `swift build` makes"

  /// Whether disks can be throttled: ThrottledDisk.
  public static let canThrottle = canMountLoop && BlockThrottle.here != nil
  public static let needsThrottle =
    "needs root, loop devices, mkfs.ext4 and the control group's blkio or io controller"

  /// Whether file systems in files can be mounted: LoopDisk, FrozenDisk.
  public static let canMountLoop =
    hasLoad && maySetUp && has("mkfs.ext4")
    && FileManager.default.fileExists(atPath: "/dev/loop-control")
  public static let needsLoop = "needs root, loop devices and mkfs.ext4"

  /// Whether a FUSE server can be one of ours: HungFUSE.
  public static let canMountFUSE = hasLoad && maySetUp && access("/dev/fuse", R_OK | W_OK) == 0
  public static let needsFUSE = "needs root and /dev/fuse"

  /// Root with CAP_SYS_ADMIN (21 in capabilities(7)), which root in a container lacks.
  private static let maySetUp: Bool = {
    guard isRoot else { return false }
    let line = TestFolder.text("/proc/self/status").split(separator: "\n")
      .first { $0.hasPrefix("CapEff:") }
    let bits = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
    return bits >> 21 & 1 == 1
  }()
}
