import Foundation
import Glibc

/// Workers of one program, each with a command line of its own, of which some hammer one file: they
/// write to it and sync, without pause. What each has done is told while they run.
public final class Workers {
  public let folder: TestFolder
  /// The file that is hammered.
  public let file: String
  public let pids: [pid_t]
  /// The first ones.
  public let hammers: Int
  private let load: LoadGenerator

  /// The others write a few bytes to a file of their own, and sleep in between.
  ///
  /// - Parameters:
  ///   - folder: where the file is, on a disk that takes fsync(2); a new one below /var/tmp.
  ///   - name: the file's; part of each worker's command line.
  public static func make(
    _ count: Int, hammers: Int, hertz: Double = 5, block: Int = 4096, in folder: TestFolder? = nil,
    name: String = "hammered"
  ) async throws -> Workers {
    let folder = try folder ?? TestFolder(below: "/var/tmp")
    let file = folder.file(name)
    let load = try LoadGenerator([
      "workers", "--children", "\(count)", "--hammers", "\(hammers)", "--hz", "\(hertz)", "--block",
      "\(block)", "--file", file,
    ])
    let truth = try await load.truth()
    let workers = Workers(folder, file, truth.pids ?? [], hammers, load)
    try await until("the workers to work") { workers.counts.allSatisfy { $0 > 0 } }
    return workers
  }

  private init(
    _ folder: TestFolder, _ file: String, _ pids: [pid_t], _ hammers: Int, _ load: LoadGenerator
  ) {
    (self.folder, self.file, self.pids, self.hammers, self.load) =
      (folder, file, pids, hammers, load)
  }

  /// What each has done so far: blocks written.
  public var counts: [Int64] {
    guard let data = FileManager.default.contents(atPath: "\(file).counts") else { return [] }
    return data.withUnsafeBytes { bytes in
      pids.indices.map { index in
        let offset = index * 8
        guard offset + 8 <= bytes.count else { return 0 }
        return bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
      }
    }
  }

  /// Waits until each has gone on from here.
  public func goOn(within seconds: Double = 60) async throws {
    let before = counts
    try await until("all workers to go on", within: seconds, detail: { self.stuck(before) }) {
      zip(before, counts).allSatisfy { $0 < $1 }
    }
  }

  private func stuck(_ before: [Int64]) -> String {
    let now = counts
    return pids.indices.filter { before[$0] == now[$0] }
      .map { TaskState(pid: pids[$0])?.description ?? "no task \(pids[$0])" }
      .joined(separator: "\n")
  }

  /// Those that are stopped, or that somebody traces, thread by thread.
  public var held: [String] { pids.flatMap { TracedState.held($0) } }

  public func finish() async throws { try await load.finish() }
}

/// Whether a process is free, read as a person would.
public enum TracedState {
  /// Its threads that are stopped or traced, in words; none where it is free, or gone.
  public static func held(_ pid: pid_t) -> [String] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return tasks.compactMap { task in
      let status = TestFolder.text("/proc/\(pid)/task/\(task)/status").split(separator: "\n")
      let words = status.filter { $0.hasPrefix("State:") || $0.hasPrefix("TracerPid:") }
      guard words.count == 2 else { return nil }
      let state = words[0].split(whereSeparator: \.isWhitespace).dropFirst().first ?? "?"
      let isTraced = words[1].split(whereSeparator: \.isWhitespace).last != "0"
      guard isTraced || state == "T" || state == "t" else { return nil }
      return "\(pid)/\(task) \(words.joined(separator: " "))"
    }
  }

  /// Who traces a process; 0 for nobody.
  public static func tracer(of pid: pid_t) -> pid_t {
    let status = TestFolder.text("/proc/\(pid)/status").split(separator: "\n")
    let line = status.first { $0.hasPrefix("TracerPid:") }
    return line?.split(whereSeparator: \.isWhitespace).last.flatMap { pid_t($0) } ?? 0
  }
}

extension Machine {
  public static let canTrace = isRoot && hasLoad && has("strace")
  public static let needsTrace = "needs root, strace and culprit-test-load"
}
