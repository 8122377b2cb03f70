import Foundation
import Glibc

/// A process whose control group may move only a few bytes a second on its disk, so that it waits for
/// block I/O in `D` nearly all the time. Nobody is guilty but the limit.
public final class ThrottledDisk {
  public enum Work: String, CaseIterable, Sendable {
    case directWrite, directRead, fsyncedWrite, bufferedRead
  }

  public let disk: LoopDisk
  /// The control group's folder.
  public let cgroup: String
  private let throttle: BlockThrottle
  /// Who suffers.
  public private(set) var load: LoadGenerator?

  public var victim: pid_t { load?.pid ?? 0 }

  /// - Parameter bytesPerSecond: reading and writing each.
  public static func make(
    _ work: Work = .directWrite, bytesPerSecond: Int = 256 << 10
  ) async throws -> ThrottledDisk {
    guard let throttle = BlockThrottle.here else { throw TestTrouble("no blkio controller") }
    let cgroup = try throttle.makeGroup()
    let disk: LoopDisk
    do {
      disk = try await LoopDisk.make(cgroup: cgroup)
    } catch {
      rmdir(cgroup)
      throw error
    }
    let throttled = ThrottledDisk(disk: disk, cgroup: cgroup, throttle: throttle)
    try await throttled.start(work, bytesPerSecond: bytesPerSecond)
    return throttled
  }

  private init(disk: LoopDisk, cgroup: String, throttle: BlockThrottle) {
    self.disk = disk
    self.cgroup = cgroup
    self.throttle = throttle
  }

  deinit {
    // What is on its way would otherwise take its time, and the process can't end before it.
    lift()
  }

  private func start(_ work: Work, bytesPerSecond: Int) async throws {
    let file = "\(disk.path)/file"
    let bytes = 8 << 20
    let prepare = try LoadGenerator(["write", "--fsync", "--bytes", "\(bytes)", "--file", file])
    _ = try await prepare.finish()
    try throttle.limit(cgroup, device: disk.device, bytesPerSecond: bytesPerSecond)
    let words =
      switch work {
      case .directWrite: ["write", "--direct"]
      case .directRead: ["read", "--direct"]
      case .fsyncedWrite: ["write", "--fsync"]
      case .bufferedRead: ["read", "--drop-cache"]
      }
    // A buffered write beyond a few seconds' worth would be over before the first fsync waits.
    let size = work == .fsyncedWrite ? 1 << 20 : bytes
    let load = try LoadGenerator(
      words + ["--rounds", "0", "--bytes", "\(size)", "--file", file], cgroup: cgroup)
    self.load = load
    try await TaskState.await(load.pid, "the throttled process to wait in D") { $0.state == "D" }
  }

  private func lift() {
    try? throttle.limit(cgroup, device: disk.device, bytesPerSecond: 0)
    load?.program.send(SIGKILL)
  }

  /// Lifts the limit, ends the process, unmounts, and takes the control group away.
  public func release() async throws {
    lift()
    _ = try await load?.program.end()
    try await disk.release()
  }
}

/// The controller that throttles block I/O by device: blkio of cgroup v1, or io of v2.
struct BlockThrottle {
  /// The folder in which groups are made.
  let root: String
  let isUnified: Bool

  /// The one of this machine; `nil` where it has none that we may use.
  static let here: BlockThrottle? = {
    let old = "/sys/fs/cgroup/blkio"
    if FileManager.default.fileExists(atPath: "\(old)/blkio.throttle.write_bps_device") {
      return BlockThrottle(root: old, isUnified: false)
    }
    for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
    where TestFolder.text("\(root)/cgroup.subtree_control").split(whereSeparator: \.isWhitespace)
      .contains("io")
    {
      return BlockThrottle(root: root, isUnified: true)
    }
    return nil
  }()

  func makeGroup() throws -> String {
    var template = Array("\(root)/culprit-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw TestTrouble("no control group in \(root): errno \(errno)")
    }
    return String(
      decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Bounds a group on one device; 0 lifts the bound.
  func limit(_ group: String, device: String, bytesPerSecond: Int) throws {
    if isUnified {
      let bound = bytesPerSecond > 0 ? "\(bytesPerSecond)" : "max"
      return try put("\(device) rbps=\(bound) wbps=\(bound)", in: "\(group)/io.max")
    }
    for way in ["read", "write"] {
      try put(
        "\(device) \(bytesPerSecond)", in: "\(group)/blkio.throttle.\(way)_bps_device")
    }
  }

  private func put(_ text: String, in path: String) throws {
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw TestTrouble("no \(path)")
    }
    defer { try? file.close() }
    try file.write(contentsOf: Data("\(text)\n".utf8))
  }
}
