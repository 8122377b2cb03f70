import Foundation
import Glibc
import History
import Records
import Testing

/// This test program once more, as a process that can be killed: it runs one test function only,
/// which reads from its environment what to do.
final class ChildProcess {
  static let pathVariable = "CULPRIT_HISTORY_CHILD_PATH"
  static let durabilityVariable = "CULPRIT_HISTORY_CHILD_DURABILITY"
  static let rowsPerBatch = 40
  /// The path that the parent gave; `nil` where this process isn't a child.
  static let path = ProcessInfo.processInfo.environment[pathVariable]

  let pid: pid_t
  private let process: Process
  private let acknowledgements: String
  private var isOver = false

  private init(_ process: Process, _ acknowledgements: String) {
    self.process = process
    self.acknowledgements = acknowledgements
    pid = process.processIdentifier
  }

  deinit { kill() }

  /// Starts `function` on the folder's history and waits until it has acknowledged that number.
  static func start(
    _ function: String, _ folder: HistoryFolder, durability: String = "full",
    umask mask: mode_t = 0o022, until count: Int
  ) throws -> ChildProcess {
    let log = acknowledgementFile(folder.path)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    let exe = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let mask = String(mask, radix: 8)
    process.arguments = [
      "-c", "umask \(mask); exec \"$0\" --testing-library swift-testing --filter \"$1\"", exe,
      function,
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(
      [pathVariable: folder.path, durabilityVariable: durability]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let child = ChildProcess(process, log)
    let deadline = ContinuousClock.now + .seconds(120)
    while try child.acknowledged() < count {
      try #require(process.isRunning, "the child ended by itself")
      try #require(ContinuousClock.now < deadline, "the child doesn't get on")
      usleep(2_000)
    }
    return child
  }

  /// The number of the last batch that the child knows to be stored.
  func acknowledged() throws -> Int {
    let text = (try? String(contentsOfFile: acknowledgements, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").last.flatMap { Int($0) } ?? 0
  }

  /// SIGKILL, and waits for the end.
  func kill() {
    guard !isOver else { return }
    isOver = true
    Glibc.kill(pid, SIGKILL)
    process.waitUntilExit()
  }

  static func acknowledgementFile(_ path: String) -> String { path + ".acknowledged" }
}

/// The functions that a child process runs.
@Suite(
  "Run by other tests in a process of its own",
  .enabled(if: ChildProcess.path != nil, "other tests start these as a process and kill it"))
struct ChildFunctions {
  static func batch(_ number: Int) -> HistoryBatch {
    HistoryBatch(
      samples: (0..<ChildProcess.rowsPerBatch).map {
        .tick("host\($0)", night + number, r: Int64(number))
      },
      episodes: [.spike("host\(number % 7)", night + number / 7, seconds: number, isOpen: true)],
      statuses: [HostStatus(host: "host1", state: .connected, since: night, reconnects: number)])
  }

  /// Stores batches for ever, and writes down the number of each after it was stored. Retention
  /// runs in between, so that a kill also falls into deleting and shrinking.
  @Test func writesUntilKilled() throws {
    let path = try #require(ChildProcess.path)
    let isFull =
      ProcessInfo.processInfo.environment[ChildProcess.durabilityVariable] != "normal"
    let lock = try CollectorLock.acquire(path)
    defer { extendLifetime(lock) }
    let store = try HistoryStore.open(path: path, durability: isFull ? .full : .normal)
    let log = open(
      ChildProcess.acknowledgementFile(path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    try #require(log >= 0)
    let start = try store.hosts().map { Int($0.rows) }.max() ?? 0
    for number in (start + 1)... {
      let result = try store.record(ChildFunctions.batch(number))
      try #require(result.stored == ChildProcess.rowsPerBatch)
      let line = Array("\(number)\n".utf8)
      try #require(write(log, line, line.count) == line.count)
    }
  }

  @Test func retainsUntilKilled() throws {
    let path = try #require(ChildProcess.path)
    let store = try HistoryStore.open(path: path, durability: .normal)
    let log = open(
      ChildProcess.acknowledgementFile(path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    for round in 1... {
      for number in (round * 100)..<(round * 100 + 100) {
        _ = try store.record(ChildFunctions.batch(number))
      }
      _ = try store.enforceRetention(
        keepSeconds: 50, maxSizeBytes: 100_000, now: night + (round * 100 + 100))
      let line = Array("\(round)\n".utf8)
      try #require(write(log, line, line.count) == line.count)
    }
  }
}
