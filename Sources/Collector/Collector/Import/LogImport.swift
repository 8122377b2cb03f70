import Bytes
import Foundation
import History
import Records

/// Reads saved vmstat logs into a history, and finds the episodes in what it read.
public struct LogImport {
  /// Why a file can't be imported at all.
  public struct Problem: Error, CustomStringConvertible {
    public var description: String
  }

  /// What became of one file.
  public struct Outcome: Sendable {
    public var report: VmstatLogReport
    public var stored: Int
    public var duplicates: Int

    /// Whether rows came in (or were there already), and no line was left out for a fault.
    public var isComplete: Bool {
      stored + duplicates > 0 && report.refusal == nil && report.problems.isEmpty
    }
  }

  /// Rows of one transaction.
  static let batchRows = 5000
  static let lineLimit = 64 << 10

  private let store: HistoryStore
  private let options: VmstatLogReader.Options

  public init(store: HistoryStore, options: VmstatLogReader.Options) {
    self.store = store
    self.options = options
  }

  /// Imports the file at `path`, or standard input for `-`. `progress` hears the bytes read.
  public func read(
    _ path: String, progress: (Int) -> Void
  ) throws -> Outcome {
    let handle = try LogImport.open(path)
    var intake = Intake(store: store, reader: VmstatLogReader(options: options))
    var bytesRead = 0
    while let chunk = try handle.read(upToCount: 256 << 10), !chunk.isEmpty {
      try intake.feed([UInt8](chunk))
      bytesRead += chunk.count
      progress(bytesRead)
      if intake.isStopped { break }
    }
    return try intake.finish()
  }

  private static func open(_ path: String) throws(Problem) -> FileHandle {
    if path == "-" { return .standardInput }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Problem(description: "\(path): \(readErrorText(path))")
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw Problem(description: "\(path) is a folder; name the log files in it")
    }
    return handle
  }

  /// Finds the episodes of the rows from `first` to `last`, which may touch rows that were there
  /// before, and puts them in place of those found earlier.
  public func diagnose(from first: Timestamp, to last: Timestamp) throws {
    try SpanDiagnosis(store: store).diagnose(host: options.host, from: first, to: last)
  }
}

/// Lines in, batches of rows out.
private struct Intake {
  let store: HistoryStore
  var reader: VmstatLogReader
  var lines = LineSplitter(limit: LogImport.lineLimit)
  var number = 0
  var samples: [HostSample] = []
  var stored = 0
  var duplicates = 0

  var isStopped: Bool { reader.isStopped }

  mutating func feed(_ bytes: [UInt8], isTerminated: Bool = true) throws {
    var number = self.number
    var reader = self.reader
    var arrived: [HostSample] = []
    lines.feed(bytes.span) { piece, line in
      number += 1
      // A line too long is no row; its head is enough to say so.
      let text = piece == .line ? line : line.extracting(0..<min(line.count, 4096))
      reader.read(text, number: number, isTerminated: isTerminated) { arrived.append($0) }
    }
    (self.number, self.reader) = (number, reader)
    samples += arrived
    if samples.count >= LogImport.batchRows { try flush() }
  }

  private mutating func flush() throws {
    guard !samples.isEmpty else { return }
    let result = try store.record(HistoryBatch(samples: samples))
    stored += result.stored
    duplicates += result.duplicates
    samples.removeAll(keepingCapacity: true)
  }

  mutating func finish() throws -> LogImport.Outcome {
    // The last line of a file may lack its newline; ours ends it, and the reader is told.
    if lines.hasUnfinishedLine { try feed([UInt8(ascii: "\n")], isTerminated: false) }
    let report = reader.finish()
    try flush()
    return LogImport.Outcome(report: report, stored: stored, duplicates: duplicates)
  }
}
