import Bytes
import Records

/// Reads what strace(1) prints, of any version and with any options, in pieces of any size, and sums
/// up per process what was called. Nothing of any buffer's contents is kept.
///
/// What it can't read is counted and never fatal. However long and wild the output is, what is held
/// in memory stays within the limits here.
public struct StraceParser: Sendable {
  /// Processes that are told apart.
  public static let processLimit = 1024
  /// Tasks that are told apart.
  public static let taskLimit = 16_384
  /// Files that are told apart, over all processes.
  static let fileLimit = 32_768
  public static let complaintLimit = 20

  /// Lines so far.
  public internal(set) var lines = 0
  /// Lines that are no part of strace's output, as far as we can tell.
  public internal(set) var unreadLines = 0
  /// The first of them, counted from 1.
  public internal(set) var firstUnreadLine: Int?
  /// Calls that were read: lines of them, or in `-c` tables rows.
  public internal(set) var readCalls: UInt64 = 0
  /// Lines of tasks beyond the limits.
  public internal(set) var leftOutLines = 0
  /// What strace said of itself: `attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted`.
  public internal(set) var complaints: [String] = []
  /// Calls stand in a `-c` table: without `-w` its seconds are CPU time, which shows no waiting.
  public internal(set) var hasTable = false
  /// Whether the length of any call is known.
  public internal(set) var hasLengths = false
  /// The first line's time, where lines have a whole one (`-ttt`).
  public var time: Timestamp? {
    clock.firstAbsolute.map { Timestamp(nanoseconds: Int64(clamping: $0)) }
  }

  var clock = StraceClock()
  var tasks: [Int32: StraceTask] = [:]
  var all: [StraceProcess] = []
  /// The process whose threads are traced, where there is but one.
  let root: Int32?
  /// Children count with who made them, as long as they are seen: no process of their own each.
  let foldsChildren: Bool
  /// The task that lines without a pid are of.
  var lone: Int32 = 0
  /// Tasks that have not ended.
  var liveTasks = 0
  /// Tasks that strace said it attached to, or that a call made.
  var announced: Set<Int32> = []
  /// Of processes that strace attached to with all threads: how many of those haven't shown yet.
  var awaitedThreads: [Int32: Int] = [:]
  /// A call whose line broke off.
  var broken: (task: Int32, call: OpenCall)?
  var table: StraceTable?
  var tableTally = TraceTally()
  /// A listing of lsof(8) in front of the calls: descriptors that were open before.
  var listing = StraceListing()
  var names = TextShelf<CallName>(limit: 1024)
  var paths = TextShelf<String>(limit: 16_384)
  private var gatherer = LineGatherer()

  /// - Parameter process: the one that is traced, where that is known and only one is: then tasks
  ///   that nobody knows are its threads. `nil`: each task is a process of its own, unless the output
  ///   tells.
  /// - Parameter foldsChildren: its children count with it. Their descriptors are taken for its own, so
  ///   paths are right only where strace told them (`-y`).
  public init(process: Int32? = nil, foldsChildren: Bool = false) {
    root = process
    self.foldsChildren = foldsChildren && process != nil
    guard let process else { return }
    lone = process
    _ = self.process(of: process)
  }

  /// Says that a task is a thread of the process that is traced.
  public mutating func addThread(_ tid: Int32) {
    guard let root, tasks[tid] == nil, let place = tasks[root]?.process else { return }
    addTask(tid, to: place)
  }

  /// Reads the next bytes of the output.
  public mutating func feed(_ bytes: Span<UInt8>) {
    var gatherer = LineGatherer()
    swap(&gatherer, &self.gatherer)
    gatherer.feed(bytes) { read(line: $0) }
    swap(&gatherer, &self.gatherer)
  }

  /// The output has ended: calls that haven't returned are counted, with the time that they took so
  /// far.
  ///
  /// - Parameter end: when who was traced was let go, nanoseconds since 1970. Without it that is the
  ///   last line's time, which of a call that hangs is its own: then it took no time.
  public mutating func finish(at end: UInt64? = nil) {
    var gatherer = LineGatherer()
    swap(&gatherer, &self.gatherer)
    gatherer.finish { read(line: $0) }
    if let end {
      clock.advance(to: end)
      // The last line stopped in its middle: that call is under way.
      if let (task, open) = broken {
        broken = nil
        tasks[task]?.open = open
      }
    }
    countBroken()
    for pid in tasks.keys.sorted() { settle(pid) }
    guard readCalls == 0, !tableTally.isEmpty, let place = process(of: currentTask()) else {
      return
    }
    all[place].tally.add(tableTally)
    hasTable = true
    readCalls = tableCalls
    tableTally = TraceTally()
  }

  /// All processes that made calls or were seen, in the order in which they came.
  public var processes: [StraceProcess] { all.filter { !$0.isMerged } }

  private var tableCalls: UInt64 {
    var process = TracedProcess(
      identity: ProcessIdentity(id: ProcessID(pid: 0, startTicks: 0), name: TaskName()))
    tableTally.write(into: &process)
    return process.callCount
  }

  mutating func miss() {
    unreadLines += 1
    if firstUnreadLine == nil { firstUnreadLine = lines }
  }
}

/// A task of strace's output.
struct StraceTask: Sendable {
  /// Its place in the parser's list.
  var process: Int
  var open: OpenCall?
  var hasEnded = false
}

/// A call that has begun and not yet returned.
struct OpenCall: Sendable {
  var name: CallName
  var path: String?
  var kind: CallClass?
  /// The number of its first descriptor.
  var descriptor: Int64?
  var start: UInt64?
  /// Bytes that it asks for and doesn't return.
  var submittedBytes: UInt64 = 0
  /// It makes a thread, not a process.
  var makesThread = false
  /// What it opens is closed when another program begins.
  var closesOnExec = false
}
