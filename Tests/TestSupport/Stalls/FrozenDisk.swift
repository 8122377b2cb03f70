import Foundation
import Glibc

/// A file system in a file, mounted and frozen, with a writer that waits for it in `D`. Nobody alive
/// is guilty: who froze it may have gone.
public final class FrozenDisk {
  public let disk: LoopDisk
  public private(set) var writer: Program?

  public var folder: TestFolder { disk.folder }

  /// Who suffers.
  public var victim: pid_t { writer?.pid ?? 0 }

  public static func make() async throws -> FrozenDisk {
    let frozen = FrozenDisk(disk: try await LoopDisk.make(isFrozen: true))
    let writer = try Program([
      "dd", "if=/dev/zero", "of=\(frozen.disk.path)/file", "bs=1k", "count=1",
    ])
    frozen.writer = writer
    try await TaskState.await(writer.pid, "the writer to wait in D") { $0.state == "D" }
    return frozen
  }

  private init(disk: LoopDisk) {
    self.disk = disk
  }

  /// Thaws and unmounts; the writer ends by itself.
  public func release() async throws {
    try await disk.release()
    _ = try await writer?.end()
  }
}
