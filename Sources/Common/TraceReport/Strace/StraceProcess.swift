import Records

/// What strace's output says of one process.
public struct StraceProcess: Sendable {
  /// `nil` where the output doesn't say.
  public internal(set) var pid: Int32?
  /// Who made it, where that was seen.
  public internal(set) var parent: Int32?
  /// The last part of the program's path, where it was seen to begin: not fit for a terminal.
  public internal(set) var program: [UInt8]?
  /// Tasks that were seen.
  public internal(set) var threads = 0
  /// Children that count with it.
  public internal(set) var children = 0
  public internal(set) var ending = TracedProcess.Ending.detached
  public internal(set) var tally: TraceTally
  /// Calls that were seen and could not be counted where they belong.
  public internal(set) var lostCalls: UInt64 = 0
  public internal(set) var usesIOUring = false
  var firstTime: UInt64?
  var lastTime: UInt64?
  var files = StraceFiles()
  var liveTasks = 0
  /// It turned out to be a thread of another.
  var isMerged = false

  init(pid: Int32?, fileLimit: Int) {
    self.pid = pid
    tally = TraceTally(fileLimit: fileLimit)
  }

  /// From its first line to the end of its last call, nanoseconds; 0 where lines have no times.
  public var nanoseconds: UInt64 {
    guard let firstTime, let lastTime, lastTime > firstTime else { return 0 }
    return lastTime - firstTime
  }

  /// Writes calls, files and errors, how long it was seen and how that ended.
  public func write(into process: inout TracedProcess) {
    tally.write(into: &process)
    process.threads = max(1, threads)
    process.nanoseconds = nanoseconds
    process.ending = ending
    process.lostCalls = lostCalls
    process.usesIOUring = usesIOUring
  }

  mutating func note(from start: UInt64?, to end: UInt64?) {
    if let start { firstTime = min(firstTime ?? start, start) }
    if let end { lastTime = max(lastTime ?? end, end) }
  }

  /// Takes over what was counted for a task before it showed that it is one of this process.
  mutating func add(_ other: StraceProcess) {
    tally.add(other.tally)
    threads += other.threads
    liveTasks += other.liveTasks
    lostCalls = lostCalls.addingReportingOverflow(other.lostCalls).partialValue
    usesIOUring = usesIOUring || other.usesIOUring
    note(from: other.firstTime, to: other.lastTime)
  }
}

/// The descriptors of a process, as far as its calls tell what they are.
struct StraceFiles: Sendable {
  private struct Entry: Sendable {
    var path: String
    var closesOnExec: Bool
  }

  /// Descriptors of one process that are known by name.
  static let limit = 4096

  private var entries: [Int64: Entry] = [:]
  /// Where relative paths begin.
  var workingDirectory: String?

  subscript(_ descriptor: Int64) -> String? { entries[descriptor]?.path }

  mutating func open(_ descriptor: Int64, _ path: String, closesOnExec: Bool, limit: Int) {
    guard descriptor >= 0 else { return }
    guard entries[descriptor] != nil || entries.count < limit else { return }
    entries[descriptor] = Entry(path: path, closesOnExec: closesOnExec)
  }

  mutating func close(_ descriptor: Int64) { entries[descriptor] = nil }

  mutating func close(_ range: ClosedRange<Int64>) {
    entries = entries.filter { !range.contains($0.key) }
  }

  /// What the process has opened itself goes before what it was given.
  mutating func add(_ own: StraceFiles) {
    entries.merge(own.entries) { _, own in own }
    workingDirectory = own.workingDirectory ?? workingDirectory
  }

  /// Another program has begun.
  mutating func becomeAnother() { entries = entries.filter { !$0.value.closesOnExec } }
}
