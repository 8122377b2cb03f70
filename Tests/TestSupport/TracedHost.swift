import Foundation
import Glibc

/// A host of its own as far as processes go: a pid and a network namespace with workers in it, of which
/// the first hammer a file with fsync. All of it is gone with the test.
public final class TracedHost: Sendable {
  public static let canBeMade =
    Machine.isRoot && Machine.has("unshare") && Machine.has("nsenter") && Machine.hasLoad
    && Machine.has("strace")
  public static let needs = "needs root, unshare, nsenter, strace and culprit-test-load"

  /// Whether the kernel can be asked to watch: BPF with BTF, and we see its own pids, which are those
  /// of the first pid namespace (proc_ns.h, PROC_PID_INIT_INO).
  public static let canWatchInKernel =
    canBeMade && FileManager.default.fileExists(atPath: "/sys/kernel/btf/vmlinux")
    && (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid"))
      == "pid:[4026531836]"

  private let folder: TestFolder
  private let space: Program
  /// The workers as this machine's processes, those that hammer first.
  public let workers: [pid_t]
  /// What those that hammer write to.
  public var file: String { folder.file("hammered") }

  public static func make(workers count: Int = 3, hammers: Int = 1) async throws -> TracedHost {
    let folder = try TestFolder(below: "/var/tmp")
    let load = Machine.executable("culprit-test-load")
    let script = """
      sleep 100000 | exec '\(load)' workers --children \(count) --hammers \(hammers) --hz 5 \
      --block 4096 --file '\(folder.file("hammered"))'
      """
    let space = try Program(
      ["unshare", "-fpmn", "--mount-proc", "--kill-child", "sh", "-c", script])
    let workers = try await eventually("\(count) workers", detail: { space.errorText }) {
      let found = ProcessTree.descendants(of: space.pid).filter {
        TestFolder.text("/proc/\($0)/cmdline").contains("\0worker\0--")
      }.sorted()
      return found.count == count ? found : nil
    }
    return TracedHost(folder, space, workers)
  }

  private init(_ folder: TestFolder, _ space: Program, _ workers: [pid_t]) {
    (self.folder, self.space, self.workers) = (folder, space, workers)
  }

  /// A script that runs a command there, for an sshd that stands for it.
  ///
  /// - Parameter seesAll: in this machine's own pid namespace, where the kernel can be asked to watch.
  public func script(_ command: String, seesAll: Bool = false) throws -> String {
    let first = ProcessTree.descendants(of: space.pid).min() ?? 0
    return "exec nsenter -t \(first) \(seesAll ? "-n" : "-p -m -n") -- \(command)"
  }

  // MARK: - Whether they are free

  /// Workers that somebody traces.
  public var traced: [pid_t] { workers.filter { !field("TracerPid", of: $0).hasPrefix("0") } }

  /// Waits until nobody there is stopped or traced and no strace runs, and all go on.
  public func awaitFreedom() async throws {
    try await until("all to be free", detail: { description }) {
      traced.isEmpty && tracers.isEmpty
        && workers.allSatisfy { !"tT".contains(field("State", of: $0).first ?? "T") }
    }
    let before = counts
    try await until("all to go on", detail: { "\(before) \(counts)" }) {
      zip(before, counts).allSatisfy { $0 < $1 }
    }
  }

  /// How often each did its work, the first one first.
  private var counts: [Int64] {
    let data = FileManager.default.contents(atPath: file + ".counts") ?? Data()
    return data.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
  }

  /// Every strace(1) that runs there.
  private var tracers: [pid_t] {
    guard let worker = workers.first, let own = namespace(of: worker) else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter {
      ProcessTree.name(of: $0) == "strace" && namespace(of: $0) == own
    }
  }

  private func namespace(of pid: pid_t) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
  }

  /// Of proc_pid_status(5).
  private func field(_ name: String, of pid: pid_t) -> String {
    let line = TestFolder.text("/proc/\(pid)/status").split(separator: "\n")
      .first { $0.hasPrefix("\(name):") }
    return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) } ?? ""
  }

  private var description: String {
    workers.map { "\($0): \(field("State", of: $0)), traced by \(field("TracerPid", of: $0))" }
      .joined(separator: "; ") + "; strace: \(tracers)"
  }
}
