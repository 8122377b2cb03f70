import Glibc
import ProcFS
import Records
import Sampling

/// Tells tasks that are stuck in `D` from those that pass through it: who writes and syncs all day is
/// in `D` nearly always, but never for long.
struct StuckTasks: ~Copyable {
  /// A task that hasn't run for so long is stuck. strace would take that long to attach and to let go.
  static let patienceMilliseconds = 500
  private static let stepMilliseconds = 20

  private struct Watched {
    var process: ProcessID
    var tid: Int32
    var runs: TaskRunTime?
  }

  private let root: ProcRoot
  private var reader: TaskWaitReader
  private var watched: [Watched] = []
  private var buffer = ReadBuffer(capacity: 1024, limit: 1 << 16)

  init(_ path: String) throws(TraceFailure) {
    do throws(ProcError) {
      let root = try ProcRoot(path)
      reader = try TaskWaitReader(root: path)
      self.root = root
    } catch {
      throw .failed("\(path) can't be read: \(error)")
    }
  }

  /// Threads of a process that are in `D` just now.
  mutating func watch(_ tids: [Int32], of process: ProcessID) {
    for tid in tids {
      watched.append(Watched(process: process, tid: tid, runs: runs(process, tid)))
    }
  }

  /// Waits until each of them has run or the patience is over, and says which processes have a thread
  /// that is stuck, with what the one waits for that waits longest.
  mutating func settle(isStopped: () -> Bool) -> [ProcessID: WaitingTask?] {
    var steps = StuckTasks.patienceMilliseconds / StuckTasks.stepMilliseconds
    while !watched.isEmpty, steps > 0, !isStopped() {
      Pause.sleep(milliseconds: StuckTasks.stepMilliseconds)
      var still: [Watched] = []
      for task in watched where isStuck(task) { still.append(task) }
      watched = still
      steps -= 1
    }
    var stuck: [ProcessID: WaitingTask?] = [:]
    for task in watched {
      let wait = reader.wait(of: task.process, tid: task.tid)
      let known = stuck[task.process] ?? nil
      if known == nil || wait?.waitSeconds ?? 0 > known?.waitSeconds ?? 0 {
        stuck[task.process] = .some(wait)
      }
    }
    watched.removeAll()
    return stuck
  }

  /// What the first of a process's threads waits for that are in `D` now as they were before; `nil`
  /// where none is.
  mutating func wait(_ before: [ProcessID: [Int32]], of process: ProcessID) -> WaitingTask? {
    for tid in before[process] ?? [] {
      if let wait = reader.wait(of: process, tid: tid), wait.state == .uninterruptible {
        return wait
      }
    }
    return nil
  }

  private mutating func runs(_ process: ProcessID, _ tid: Int32) -> TaskRunTime? {
    let path = ProcPath(pid: process.pid, tid: tid, "schedstat")
    guard root.readRecord(path, into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { TaskRunTime($0) }
  }

  /// In the same wait as before: in `D`, and it hasn't run. A kernel that doesn't count runs leaves
  /// the state alone to go by.
  private mutating func isStuck(_ task: Watched) -> Bool {
    let path = ProcPath(pid: task.process.pid, tid: task.tid, "stat")
    guard root.readRecord(path, into: &buffer) == .bytes,
      buffer.withBytes({ TaskStat($0)?.state }) == .uninterruptible
    else { return false }
    return runs(task.process, task.tid) == task.runs
  }
}
