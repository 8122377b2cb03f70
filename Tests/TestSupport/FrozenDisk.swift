import Foundation
import Glibc

/// A file system in a file, mounted and frozen, with a writer that waits for it in `D`.
public final class FrozenDisk {
  public let folder: TestFolder
  public private(set) var writer: Program?
  private var isMounted = false
  private var isFrozen = false

  private var mount: String { folder.file("mount") }

  public static func make() async throws -> FrozenDisk {
    let disk = FrozenDisk(folder: try TestFolder())
    let image = disk.folder.file("image")
    try FileManager.default.createDirectory(
      atPath: disk.mount, withIntermediateDirectories: false)
    try await run(["truncate", "-s", "32M", image])
    try await run(["mkfs.ext4", "-q", image])
    try await run(["mount", "-o", "loop", image, disk.mount])
    disk.isMounted = true
    try await run(["fsfreeze", "-f", disk.mount])
    disk.isFrozen = true
    let writer = try Program(["dd", "if=/dev/zero", "of=\(disk.mount)/file", "bs=1k", "count=1"])
    disk.writer = writer
    try await until("the writer to wait in D") {
      TestFolder.text("/proc/\(writer.pid)/stat").contains(") D ")
    }
    return disk
  }

  private init(folder: TestFolder) {
    self.folder = folder
  }

  private static func run(_ words: [String]) async throws {
    let result = try await Program.run(words)
    guard result.code == 0 else { throw TestTrouble("\(words[0]): \(result)") }
  }

  /// Thaws and unmounts; the writer ends by itself.
  public func release() async throws {
    if isFrozen { try await FrozenDisk.run(["fsfreeze", "-u", mount]) }
    isFrozen = false
    _ = try await writer?.end()
    if isMounted { try await FrozenDisk.run(["umount", mount]) }
    isMounted = false
  }

  deinit {
    // A test that failed on the way: nothing frozen may stay behind.
    for words in [
      isFrozen ? ["fsfreeze", "-u", mount] : [], isMounted ? ["umount", "-l", mount] : [],
    ]
    where !words.isEmpty {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = words
      if (try? process.run()) != nil { process.waitUntilExit() }
    }
  }
}
