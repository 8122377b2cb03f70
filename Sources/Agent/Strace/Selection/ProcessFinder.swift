import ProcFS
import Records

/// A process that may be traced, as its `stat` says.
struct Candidate: Equatable {
  var id: ProcessID
  var name: TaskName
  var state: TaskState
  var isKernelThread: Bool

  init(_ stat: TaskStat) {
    id = ProcessID(pid: stat.id, startTicks: stat.startTicks)
    name = stat.name
    state = stat.state
    isKernelThread = stat.isKernelThread
  }
}

/// Finds processes by their command line, by pid, or by their control group.
///
/// Reading the command line of a stuck process may hang, so it happens on threads with a deadline.
struct ProcessFinder: ~Copyable {
  /// Longest command line that is looked at, bytes; a Java class path fits.
  private static let lineLimit = 256 << 10

  private let root: ProcRoot
  private var guarded: GuardedReader
  private var patient: GuardedReader
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
  private var listing = ReadBuffer(capacity: 32_768, limit: 1 << 20)
  /// Processes that hung who asked for what they are: nobody knows whether they match.
  private(set) var unread: [Int32] = []

  /// - Throws: `TraceFailure.failed`, where there is no such root.
  init(_ path: String) throws(TraceFailure) {
    root = try ProcRoot(tracing: path)
    guarded = GuardedReader(root: root)
    patient = GuardedReader(root: root, fileLimit: ProcessFinder.lineLimit)
  }

  /// Everybody but those in `without`.
  private mutating func all(without left: Set<Int32>) -> [Candidate] {
    var pids: [Int32] = []
    _ = root.listNumbers(ProcPath(), using: &listing) { pids.append($0) }
    var found: [Candidate] = []
    for pid in pids where !left.contains(pid) {
      if let stat = root.taskStat(pid, using: &buffer) { found.append(Candidate(stat)) }
    }
    return found
  }

  /// Those whose full command line, or name where there is none, matches.
  mutating func matching(
    _ pattern: borrowing CommandLinePattern, without left: Set<Int32>
  ) -> [Candidate] {
    let all = all(without: left)
    var lines: [[UInt8]?] = Array(repeating: nil, count: all.count)
    let requests = all.map {
      TaskFileRequest(pid: $0.id.pid, file: .cmdline, startTicks: $0.id.startTicks)
    }
    var late: [Int] = []
    guarded.read(requests) { index, outcome, bytes in
      guard case .read(let read) = outcome else { return late.append(index) }
      if read == .bytes { lines[index] = ProcessFinder.line(bytes) }
    }
    unread = late.map { all[$0].id.pid }
    var found: [Candidate] = []
    for (index, candidate) in all.enumerated() {
      guard var line = lines[index] else { continue }
      // It may have been cut: once more, all of it.
      if line.count >= GuardedReader.defaultFileLimit {
        patient.read([requests[index]]) { _, outcome, bytes in
          if outcome == .read(.bytes) { line = ProcessFinder.line(bytes) }
        }
      }
      while line.last == UInt8(ascii: " ") { line.removeLast() }
      if line.isEmpty { line = candidate.name.bytes }
      if pattern.matches(line) { found.append(candidate) }
    }
    return found
  }

  /// Arguments with blanks between them, as ps prints them.
  private static func line(_ bytes: Span<UInt8>) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(bytes.count)
    for index in bytes.indices {
      line.append(bytes[index] == 0 ? UInt8(ascii: " ") : bytes[index])
    }
    return line
  }

  /// Those of a systemd unit (`nginx`, `nginx.service`, `user.slice`) or of a container: its id, or
  /// the first 12 digits of it and more.
  mutating func inUnit(_ name: String, without left: Set<Int32>) -> [Candidate] {
    let all = all(without: left)
    let requests = all.map {
      TaskFileRequest(pid: $0.id.pid, file: .cgroup, startTicks: $0.id.startTicks)
    }
    var (found, late): ([Candidate], [Int]) = ([], [])
    let names = [Array(name.utf8), Array("\(name).service".utf8)]
    guarded.read(requests) { index, outcome, bytes in
      guard case .read(let read) = outcome else { return late.append(index) }
      guard read == .bytes else { return }
      if ProcessFinder.isIn(bytes, names, container: name) { found.append(all[index]) }
    }
    unread = late.map { all[$0].id.pid }
    return found
  }

  private static func isIn(
    _ groups: Span<UInt8>, _ names: [[UInt8]], container: String
  ) -> Bool {
    if let id = TaskControlGroup(groups)?.container,
      id == container || container.utf8.count >= 12 && id.hasPrefix(container)
    {
      return true
    }
    return TaskControlGroup.isInGroup(groups) { group in
      names.contains { name in
        name.count == group.count && name.indices.allSatisfy { name[$0] == group[$0] }
      }
    }
  }

  /// The process that a pid stands for, or one of whose threads it is; `nil` where there is none.
  mutating func process(_ pid: Int32) -> Candidate? {
    guard let status = root.taskStatus(pid, using: &buffer) else { return nil }
    return root.taskStat(status.processID ?? pid, using: &buffer).map(Candidate.init)
  }
}
