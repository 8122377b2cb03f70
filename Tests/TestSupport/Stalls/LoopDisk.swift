import Foundation
import Glibc

/// An ext4 file system in a file, mounted through a loop device. A process beside the tests unmounts
/// it, so that none outlives them, however they end.
public final class LoopDisk {
  public let folder: TestFolder
  /// Where it is mounted.
  public var path: String { folder.file("mount") }
  /// The loop device, as `7:0`.
  public let device: String
  private let guardian: LoadGenerator

  /// - Parameters:
  ///   - megabytes: its size.
  ///   - isFrozen: nothing can be written to it, until `release` (or the end of the tests) thaws it.
  ///   - cgroup: a control group that goes away with it.
  public static func make(
    megabytes: Int = 32, in folder: TestFolder? = nil, isFrozen: Bool = false, cgroup: String? = nil
  ) async throws -> LoopDisk {
    let folder = try folder ?? TestFolder()
    let image = folder.file("image")
    let mount = try folder.makeFolder("mount")
    try await run(["truncate", "-s", "\(megabytes)M", image])
    try await run(["mkfs.ext4", "-q", image])
    try await run(["mount", "-o", "loop", image, mount])
    let guardian: LoadGenerator
    do {
      guardian = try LoadGenerator(
        ["guard-mount"] + (isFrozen ? ["--freeze"] : []) + [mount] + (cgroup.map { [$0] } ?? []))
      _ = try await guardian.truth()
    } catch {
      umount2(mount, Int32(MNT_DETACH))
      throw error
    }
    return LoopDisk(folder: folder, guardian: guardian)
  }

  private init(folder: TestFolder, guardian: LoadGenerator) {
    self.folder = folder
    self.guardian = guardian
    var status = stat()
    stat(folder.file("mount"), &status)
    // As makedev(3) puts them together.
    let minor = status.st_dev & 0xff | status.st_dev >> 12 & 0xfff00
    device = "\(status.st_dev >> 8 & 0xfff):\(minor)"
  }

  deinit {
    guardian.endNow()
  }

  private static func run(_ words: [String]) async throws {
    let result = try await Program.run(words)
    guard result.code == 0 else { throw TestTrouble("\(words[0]): \(result)") }
  }

  /// Nothing can be written to it from now on, until `thaw`.
  public func freeze() throws { try control(0xC004_5877, "FIFREEZE") }

  public func thaw() throws { try control(0xC004_5878, "FITHAW") }

  /// ioctl_fsfreeze(2), linux/fs.h.
  private func control(_ request: UInt, _ name: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, ioctl(descriptor, request, 0) == 0 else {
      throw TestTrouble("\(name) of \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Thaws and unmounts; whoever waited for it goes on.
  public func release() async throws {
    let result = try await guardian.finish()
    guard result.code == 0 else { throw TestTrouble("unmounting \(path): \(result)") }
  }
}
