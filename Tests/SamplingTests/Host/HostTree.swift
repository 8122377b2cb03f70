import Foundation
import ProcFS
import Records
import TestSupport

@testable import Sampling

/// A `/proc` and `/sys` of a test's own, whose files change under whoever holds them open, as the
/// kernel's do.
final class HostTree: Sendable {
  let folder: TestFolder

  var proc: String { folder.file("proc") }
  var sys: String { folder.file("sys") }

  init() throws {
    folder = try TestFolder()
    try folder.makeFolder("proc")
    try folder.makeFolder("sys/block")
  }

  /// Writes into the file itself, so that a descriptor and a bind mount see it.
  func set(_ text: String, _ name: String) throws {
    let path = folder.file("proc/\(name)")
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    guard let file = fopen(path, FileManager.default.fileExists(atPath: path) ? "r+" : "w") else {
      throw TestTrouble("\(path): \(errno)")
    }
    defer { fclose(file) }
    // One write, and then the length: nobody reads half of it.
    let bytes = Array(text.utf8)
    setvbuf(file, nil, _IOFBF, bytes.count + 1)
    fwrite(bytes, 1, bytes.count, file)
    fflush(file)
    ftruncate(fileno(file), bytes.count)
  }

  func remove(_ name: String) { unlink(folder.file("proc/\(name)")) }
}

/// Ticks of a sampler over one tree, a second apart unless said otherwise.
struct HostTicks: ~Copyable {
  var sampler: HostSampler
  private var now: UInt64 = 1_000_000_000_000

  init(_ tree: HostTree) throws {
    sampler = try HostSampler(proc: tree.proc, sys: tree.sys)
  }

  mutating func next(after nanoseconds: UInt64 = 1_000_000_000, paced: UInt64 = 0) -> HostTick {
    now += nanoseconds
    var tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc)
    tick.pacedNanoseconds = paced
    sampler.sample(into: &tick, now: now)
    return tick
  }
}
