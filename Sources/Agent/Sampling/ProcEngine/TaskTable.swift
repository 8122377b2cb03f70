import ProcFS
import Records

/// The processes and tasks that the `proc` engine knows, each in a place that stays the same.
///
/// A class, so that the closures of a listing or a drain can change it while the engine that owns
/// it lends out its files.
final class TaskTable {
  /// Most tasks that are kept: 40 MB of them.
  static let taskLimit = 1 << 18

  private(set) var count = 0
  var tasks: [TaskEntry] = []
  var processes: [ProcessEntry] = []
  /// What each process's clock showed last, by its place. Apart from the rest: all of it is walked
  /// over each time.
  private var clocks: [(pid: Int32, nanoseconds: UInt64)] = []
  /// Places of processes that are gone and not swept yet.
  private(set) var gone: [Int] = []
  private var places: [Int32: Int32] = [:]
  private var taskPlaces: [Int32: Int32] = [:]
  private var freeTask: Int32 = -1
  private var freeProcesses: [Int32] = []
  private(set) var taskCount = 0

  /// Where the process with this pid is; not one that is gone.
  func place(of pid: Int32) -> Int? { places[pid].map { Int($0) } }

  /// Where a process that is gone and not swept yet is.
  func placeOfGone(_ pid: Int32) -> Int? { gone.first { processes[$0].id.pid == pid } }

  /// The place of a process that is new to the table; it has no tasks yet.
  ///
  /// - Parameter clock: what its clock showed before anything of it was read.
  func addProcess(_ stat: TaskStat, clock: UInt64) -> Int {
    let entry = ProcessEntry(stat)
    let place: Int
    if let free = freeProcesses.popLast() {
      place = Int(free)
      processes[place] = entry
      clocks[place] = (stat.id, clock)
    } else {
      place = processes.count
      processes.append(entry)
      clocks.append((stat.id, clock))
    }
    places[stat.id] = Int32(truncatingIfNeeded: place)
    count += 1
    return place
  }

  /// The first place from `start` on whose process has run since its clock was last looked at, or
  /// is there no more.
  func nextThatRan(from start: Int) -> Int {
    clocks.withUnsafeMutableBufferPointer { clocks in
      for place in start..<max(start, clocks.count) where clocks[place].pid > 0 {
        let now = ProcessClock.nanoseconds(of: clocks[place].pid)
        guard let now, now == clocks[place].nanoseconds else {
          clocks[place].nanoseconds = now ?? 0
          return place
        }
      }
      return max(start, clocks.count)
    }
  }

  /// The place of a new task of a process, behind the first one; `nil` where there is no room.
  func addTask(_ tid: Int32, to process: Int) -> Int? {
    guard taskCount < TaskTable.taskLimit else { return nil }
    taskCount += 1
    var entry = TaskEntry(tid: tid, process: Int32(truncatingIfNeeded: process))
    let first = processes[process].firstTask
    let place: Int
    if freeTask >= 0 {
      place = Int(freeTask)
      freeTask = tasks[place].next
    } else {
      place = tasks.count
      tasks.append(entry)
    }
    if first >= 0 {
      entry.next = tasks[Int(first)].next
      tasks[Int(first)].next = Int32(truncatingIfNeeded: place)
      taskPlaces[tid] = Int32(truncatingIfNeeded: place)
    } else {
      processes[process].firstTask = Int32(truncatingIfNeeded: place)
    }
    tasks[place] = entry
    processes[process].taskCount += 1
    return place
  }

  /// Where a task of any process is, but a first one.
  func task(_ tid: Int32) -> Int? { taskPlaces[tid].map { Int($0) } }

  /// Where a task of this process is, but the first one.
  func task(_ tid: Int32, of process: Int) -> Int? {
    guard let place = task(tid), tasks[place].process == Int32(truncatingIfNeeded: process) else {
      return nil
    }
    return place
  }

  /// Takes a task that isn't the first one out of its process. Its file must be closed.
  func removeTask(_ place: Int) {
    let process = Int(tasks[place].process)
    var before = processes[process].firstTask
    while before >= 0, tasks[Int(before)].next != Int32(truncatingIfNeeded: place) {
      before = tasks[Int(before)].next
    }
    guard before >= 0 else { return }
    tasks[Int(before)].next = tasks[place].next
    if tasks[place].isWaiting { processes[process].waitingTasks -= 1 }
    processes[process].taskCount -= 1
    free(place)
  }

  /// A process can't be read any more: its pid names nobody until it names another.
  func markGone(_ process: Int) {
    guard !processes[process].isGone else { return }
    processes[process].isGone = true
    clocks[process].pid = -1
    gone.append(process)
    let pid = processes[process].id.pid
    if place(of: pid) == process { places[pid] = nil }
  }

  /// Frees the places of what is gone, `close` being called with each of its tasks.
  func sweep(_ close: (Int) -> Void) {
    for process in gone {
      var place = processes[process].firstTask
      while place >= 0 {
        let next = tasks[Int(place)].next
        close(Int(place))
        free(Int(place))
        place = next
      }
      processes[process].firstTask = -1
      freeProcesses.append(Int32(truncatingIfNeeded: process))
      count -= 1
    }
    gone.removeAll(keepingCapacity: true)
  }

  private func free(_ place: Int) {
    let tid = tasks[place].tid
    if taskPlaces[tid] == Int32(truncatingIfNeeded: place) { taskPlaces[tid] = nil }
    tasks[place].process = -1
    tasks[place].isWaiting = false
    tasks[place].next = freeTask
    freeTask = Int32(truncatingIfNeeded: place)
    taskCount -= 1
  }
}
