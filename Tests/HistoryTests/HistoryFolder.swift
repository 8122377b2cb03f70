import Bytes
import Foundation
import Glibc
import History
import Records
import Testing

/// A folder of its own for a test, gone when the test is.
final class HistoryFolder {
  let folder: String

  init(under parent: String = NSTemporaryDirectory()) throws {
    folder =
      URL(fileURLWithPath: parent).appendingPathComponent("history-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var path: String { folder + "/history.db" }

  func open(durability: HistoryStore.Durability = .normal) throws -> HistoryStore {
    try HistoryStore.open(path: path, durability: durability, busySeconds: 10)
  }

  /// What plain `sqlite3` prints for a query on the file, a line per row.
  func sqlite3(_ sql: String, _ options: [String] = ["-readonly"]) throws -> [String] {
    let run = try Command.run(["sqlite3"] + options + [path, sql])
    try #require(run.status == 0, "sqlite3 \(sql): \(run.error)")
    return run.output.split(separator: "\n").map(String.init)
  }

  func mode(_ suffix: String) -> mode_t? {
    var info = stat()
    return stat(path + suffix, &info) == 0 ? info.st_mode & 0o7777 : nil
  }

  func bytes(_ suffix: String = "") -> Int64 {
    var info = stat()
    return stat(path + suffix, &info) == 0 ? Int64(info.st_size) : 0
  }
}

/// A program run to its end.
enum Command {
  static func run(
    _ arguments: [String]
  ) throws -> (status: Int32, output: String, error: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    let error = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // The few lines of errors fit into the pipe, so reading one after the other can't hang.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: complaint, as: UTF8.self)
    )
  }

  static let isRoot = getuid() == 0
}

/// 2026-11-19T03:12:00Z, where these tests' nights begin.
let night = Timestamp(seconds: 1_795_057_920)

extension Timestamp {
  static func + (moment: Timestamp, seconds: Int) -> Timestamp {
    Timestamp(nanoseconds: moment.nanoseconds + Int64(seconds) * 1_000_000_000)
  }
}

extension HostSample {
  /// A row of which only `r` matters.
  static func tick(
    _ host: String, _ time: Timestamp, r: Int64 = 1, source: SampleSource = .vmstat,
    load: LoadAverage? = nil, cpus: Int? = nil
  ) -> HostSample {
    var row = VmstatRow()
    row[.r] = r
    row[.free] = 1_000_000 + r
    row[.id] = 99
    return HostSample(
      host: host, time: time, source: source, row: row, load: load, cpus: cpus)
  }
}

extension Episode {
  static func spike(
    _ host: String, _ start: Timestamp, seconds: Int = 60, isOpen: Bool = false,
    kind: EpisodeKind = .cpu, verdict: String = "r 40 on 8 CPUs"
  ) -> Episode {
    Episode(
      host: host, start: start, peak: start + seconds / 2, end: start + seconds, isOpen: isOpen,
      kind: kind, load1Peak: 12.5, runnablePeak: 40, blockedPeak: nil, cpus: 8, verdict: verdict)
  }
}

extension HistoryStore {
  @discardableResult
  func record(_ samples: [HostSample]) throws -> RecordResult {
    try record(HistoryBatch(samples: samples))
  }

  func samples(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int? = nil,
    newestFirst: Bool = false
  ) throws -> [HostSample] {
    var samples: [HostSample] = []
    try forEachSample(hosts: hosts, from: from, to: to, limit: limit, newestFirst: newestFirst) {
      samples.append($0)
      return true
    }
    return samples
  }

  func rows(of host: String) throws -> Int64? {
    try hosts().first { $0.status.host == host }?.rows
  }
}
