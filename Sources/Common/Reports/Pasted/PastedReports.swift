import Bytes
import Records
import TraceReport
import WaitReasons

/// Files that somebody has already, told apart by what is in them: kernel stacks and hung-task
/// reports, and what strace(1) wrote. All traces make one ranking.
public struct PastedReports {
  /// Kernel stacks, file by file.
  public private(set) var stacks: [(file: String, report: StackReport)] = []
  /// All that strace wrote; `nil` where no file is of that kind.
  public private(set) var trace: HostTrace?
  /// What keeps files from being explained.
  public private(set) var problems: [ReportProblem] = []

  /// Processes that are kept of all files, those that count most.
  static let processLimit = 1024

  /// How far it has come: the file's name, bytes of it so far, and how many there are, where that is
  /// known.
  public typealias Progress = (String, UInt64, UInt64?) -> Void

  public init(_ paths: [String], progress: Progress = { _, _, _ in }) {
    for path in paths {
      do throws(ReportProblem) {
        try read(path, progress)
      } catch {
        problems.append(error)
      }
    }
    if let found = trace?.processes { trace?.processes = TraceRanking.sorted(found) }
  }

  private mutating func read(_ path: String, _ progress: Progress) throws(ReportProblem) {
    var file = try PastedFile(path)
    let known = PastedFileName(path)
    var parser = StraceParser(process: known.pid)
    // Held until it shows that they are no stacks.
    var bytes: [UInt8] = []
    var isTrace = false
    var nextLook = 0
    while try file.next({ piece in
      parser.feed(piece)
      guard !isTrace else { return }
      for index in 0..<min(piece.count, StackReport.textLimit + 1 - bytes.count) {
        bytes.append(piece[index])
      }
    }) {
      progress(file.name, file.readBytes, file.size)
      // The more it is, the less often it is looked at whole.
      let isFull = bytes.count > StackReport.textLimit
      guard !isTrace, isFull || bytes.count >= nextLook else { continue }
      nextLook = bytes.count * 2
      if PastedReports.isTrace(parser, bytes) {
        isTrace = true
        bytes = []
      } else if isFull {
        break
      }
    }
    parser.finish()
    if isTrace || PastedReports.isTrace(parser, bytes) {
      add(parser, file.name, known)
    } else {
      try add(stacks: bytes, parser, file.name)
    }
  }

  /// Whether what was read so far is strace's. A mail may have both: then the more it has of counts.
  private static func isTrace(_ parser: borrowing StraceParser, _ bytes: [UInt8]) -> Bool {
    guard parser.readCalls > 0 else { return false }
    let report = StackReport.parse(bytes)
    return UInt64(report.tasks.count) < parser.readCalls
  }

  private mutating func add(
    stacks bytes: [UInt8], _ parser: borrowing StraceParser, _ name: String
  ) throws(ReportProblem) {
    let report = StackReport.parse(bytes)
    guard report.tasks.isEmpty else { return stacks.append((name, report)) }
    // strace that was refused wrote no call, and why.
    if let complaint = parser.complaints.first {
      throw ReportProblem(description: "\(name): no call in it; strace said: \(complaint)")
    }
    throw ReportProblem(
      description:
        "\(name): no task's stack in it, and no call that strace saw; give the output of "
        + "cat /proc/PID/stack, of dmesg | grep -A40 'blocked for more', of echo w > "
        + "/proc/sysrq-trigger; dmesg, or of strace -f -T -y -o FILE -p PID")
  }

  private mutating func add(
    _ parser: borrowing StraceParser, _ name: String, _ known: PastedFileName
  ) {
    var trace = self.trace ?? HostTrace(time: Timestamp(nanoseconds: 0), engine: .strace)
    if let time = parser.time, trace.time.nanoseconds == 0 || time < trace.time {
      trace.time = time
    }
    for found in parser.processes {
      let process = PastedReports.process(found, name, known)
      trace.matched += 1
      trace.nanoseconds = max(trace.nanoseconds, process.nanoseconds)
      trace.processes.append(process)
    }
    if trace.processes.count > PastedReports.processLimit * 2 {
      trace.processes = Array(
        TraceRanking.sorted(trace.processes).prefix(PastedReports.processLimit))
    }
    for notice in PastedReports.notices(parser, name) {
      guard trace.notices.count < HostTrace.noticeLimit else { break }
      trace.notices.append(notice)
    }
    self.trace = trace
  }

  private static func process(
    _ found: StraceProcess, _ file: String, _ known: PastedFileName
  ) -> TracedProcess {
    // Where nothing says what it is, the file's own name does.
    var name = found.program
    if name == nil, found.pid == known.pid, let command = known.command {
      name = Array(command.utf8)
    }
    if name == nil, found.pid == nil {
      name = Array((file.split(separator: "/").last ?? file[...]).utf8)
    }
    let bytes = name ?? []
    let id = ProcessID(pid: found.pid ?? 0, startTicks: 0)
    var process = TracedProcess(identity: ProcessIdentity(id: id, name: TaskName(bytes.span)))
    found.write(into: &process)
    return process
  }

  private static func notices(_ parser: borrowing StraceParser, _ file: String) -> [String] {
    var notices: [String] = []
    if parser.unreadLines > 0, let first = parser.firstUnreadLine {
      let lines = parser.unreadLines == 1 ? "1 line" : "\(parser.unreadLines) lines"
      notices.append(
        "\(file): \(lines) of \(parser.lines) couldn't be read as strace's, the first is line \(first)"
      )
    }
    if parser.hasTable {
      notices.append(
        "\(file): a table of strace -c; unless strace ran with -w its seconds are CPU time, which "
          + "shows no waiting")
    } else if !parser.hasLengths {
      notices.append("\(file): no lengths of calls in it; strace -T notes them")
    }
    if parser.leftOutLines > 0 {
      notices.append(
        "\(file): \(parser.leftOutLines) lines are of more tasks than are told apart, "
          + "\(StraceParser.taskLimit)")
    }
    for complaint in parser.complaints.prefix(3) {
      notices.append("\(file): strace said: \(complaint)")
    }
    return notices
  }
}
