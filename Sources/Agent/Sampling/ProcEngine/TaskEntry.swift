import ProcFS
import Records

/// What the `proc` engine remembers of one task. Kept small: there may be tens of thousands.
struct TaskEntry {
  var tid: Int32
  /// Place of its process; below 0 for a place that is free.
  var process: Int32
  /// The next task of the process, or the next free place; below 0 at the end.
  var next: Int32 = -1
  /// Its `schedstat`, held open while the budget lasts.
  var file = HeldFiles.File.none
  /// As last read: when both are the same again, it has not run.
  var runNanoseconds: UInt64 = 0
  var slices: UInt64 = 0
  /// Field 42 of its `stat` as last read.
  var blockDelayTicks: UInt64 = 0
  /// It ran since its state was last read.
  var hasRun = true
  /// It is in `D`, as far as we know: it has not run since we saw it so.
  var isWaiting = false
  /// When it was first seen so since it last ran, by the monotonic clock.
  var waitsSince: UInt64 = 0
  /// Its wait channel and stack are yet to be read.
  var lacksDetails = false

  init(tid: Int32, process: Int32) {
    self.tid = tid
    self.process = process
  }
}

/// How a process's I/O counters stand.
enum BytesState: Equatable {
  /// Not read yet; the next reading is what later ones are compared with.
  case unread
  case read
  /// Refused; asked again when so many readings have gone by.
  case denied(retryIn: Int)
  /// The kernel has no such file.
  case unsupported
}

/// What the `proc` engine remembers of one process.
struct ProcessEntry {
  var id: ProcessID
  /// As last read; what isn't in it is not known to change.
  var stat: TaskStat
  /// Its first task, the leader; the others follow by `next`. Below 0 for a free place.
  var firstTask: Int32 = -1
  var taskCount: Int32 = 0
  /// Tasks of it in `D`.
  var waitingTasks: Int32 = 0

  /// It began after the reading before, so that all it did belongs to this tick.
  var isNew = false
  /// One of its tasks ran since states were last read.
  var hasRun = true
  /// One of its tasks ran since the tick before.
  var isActive = true
  /// All its tasks have exited; it may still be a zombie.
  var hasExited = false
  /// Reaped: its pid may be another's.
  var isGone = false
  /// Its parent isn't in the table and won't be: another namespace's, or hidden.
  var hasForeignParent = false
  /// A process that lost its parent became its child: it is init or a subreaper.
  var adoptsOrphans = false
  /// What it moved has been handed to its parent.
  var isSettled = false
  /// Its end has been reported.
  var isReported = false

  /// Nanoseconds its tasks ran in this tick.
  var runNanoseconds: UInt64 = 0
  /// The same since it was first seen, and how much of it was reported.
  var taskNanoseconds: UInt64 = 0
  var reportedNanoseconds: UInt64 = 0
  /// `stat`'s clock ticks when it was first seen.
  var firstTicks: UInt64 = 0
  /// Block delay of its tasks in this tick, clock ticks.
  var blockDelayTicks: UInt64 = 0

  var bytesState = BytesState.unread
  /// `/proc/PID/io` as last settled: all that was charged to it, or to its children that it
  /// reaped.
  var io = IOCounters()
  /// The same as read in this tick.
  var newIO: IOCounters?
  /// There was no file to read.
  var lacksBytesFile = false
  /// Of `io`, what doesn't come from live tasks: tasks that ended, and children that were reaped.
  var deadIO = IOCounters()
  /// `deadIO` is only known to be no less.
  var isDeadIOStale = true
  /// What its tasks that exited in this tick had moved, by their exit records.
  var exitedIO = IOCounters()
  var heardExit = false
  /// `reapedMinorFaults` when `io` was settled, and whether they had moved then.
  var settledFaults: UInt64 = 0
  var didReapBefore = false
  /// `io` was read when it was a zombie already: nothing can follow.
  var isFinal = false

  init(_ stat: TaskStat) {
    id = ProcessID(pid: stat.id, startTicks: stat.startTicks)
    self.stat = stat
  }

  /// It can still be read.
  var isAlive: Bool { firstTask >= 0 && !isGone }
}
