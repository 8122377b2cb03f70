import ProcFS
import Records

/// A task in `D` that is being watched: what it waits in can't change before it runs again.
struct TaskWait {
  var place: Int
  /// By the monotonic clock, nanoseconds.
  var since: UInt64
  var task: WaitingTask
}

/// Where the tasks in `D` wait.
extension ProcTaskEngine {
  /// Forgets waits that are over, and reads what is new of the others.
  mutating func readDetails() {
    let table = table
    waits.removeAll { wait in
      let task = table.tasks[wait.place]
      return task.process < 0 || !task.isWaiting || task.tid != wait.task.tid || task.lacksDetails
        || table.processes[Int(task.process)].isGone
    }
    places.removeAll(keepingCapacity: true)
    for place in table.tasks.indices where table.tasks[place].lacksDetails {
      let task = table.tasks[place]
      guard task.process >= 0, task.isWaiting, !table.processes[Int(task.process)].isGone else {
        continue
      }
      places.append(place)
    }
    guard !places.isEmpty else { return }
    readDetails(of: places)
  }

  private mutating func readDetails(of places: [Int]) {
    let origin = schedulerOrigin()
    let first = waits.count
    for place in places {
      table.tasks[place].lacksDetails = false
      let ran = lastRun(place, origin)
      let since = ran ?? table.tasks[place].waitsSince
      var wait = TaskWait(place: place, since: since, task: waitingTask(place))
      wait.task.waitIsAtLeast = ran == nil
      wait.task.waitChannel = waitChannel(place)
      waits.append(wait)
    }
    readGuarded(from: first)
  }

  /// The task as its process's entry and its own name say.
  private mutating func waitingTask(_ place: Int) -> WaitingTask {
    let task = table.tasks[place]
    let process = table.processes[Int(task.process)]
    var name = process.stat.name
    if task.tid != process.id.pid,
      root.readRecord(ProcPath(pid: process.id.pid, tid: task.tid, "comm"), into: &small) == .bytes
    {
      name = small.withBytes { TaskName($0.extracting(0..<max(0, $0.count - 1))) }
    }
    return WaitingTask(process: process.id, tid: task.tid, name: name, state: .uninterruptible)
  }

  private mutating func waitChannel(_ place: Int) -> Reading<String> {
    let outcome = root.readRecord(path(of: place, .wchan), into: &buffer)
    guard outcome == .bytes else { return outcome.reading { nil } }
    return buffer.withBytes { TaskWaitChannel.function($0) }.map { .known($0) } ?? .unsupported
  }

  /// Stack and system call of the waits from `first` on, which may hang.
  mutating func readGuarded(from first: Int) {
    requests.removeAll(keepingCapacity: true)
    for wait in waits[first...] {
      for file in [TaskFile.stack, .syscall] {
        requests.append(
          TaskFileRequest(
            pid: wait.task.process.pid, tid: wait.task.tid, file: file,
            startTicks: wait.task.process.startTicks))
      }
    }
    var answers: [TaskWait] = []
    swap(&answers, &waits)
    let table = table
    guarded.read(requests) { index, outcome, bytes in
      let place = first + index / 2
      guard case .read(let outcome) = outcome else {
        // It hangs: asked again with the next look, which then costs nothing.
        table.tasks[answers[place].place].lacksDetails = true
        return
      }
      if index % 2 == 0 {
        answers[place].task.stack = WaitDetails.stack(outcome, bytes)
      } else {
        answers[place].task.systemCall = WaitDetails.systemCall(outcome, bytes)
      }
    }
    swap(&answers, &waits)
  }

  /// What has to be added to this CPU's scheduler clock to have the monotonic one: we run now.
  /// Each CPU has its own, which leaves out interrupts and stolen time.
  private mutating func schedulerOrigin() -> (cpu: Int32, nanoseconds: UInt64)? {
    guard isLive, root.readRecord(ProcPath("thread-self/stat"), into: &buffer) == .bytes,
      let cpu = buffer.withBytes({ TaskStat($0)?.processor }),
      root.readRecord(ProcPath("thread-self/sched"), into: &buffer) == .bytes,
      let own = buffer.withBytes({ TaskSchedule.lastRunNanoseconds($0) })
    else { return nil }
    return (cpu, clock.nanoseconds &- own)
  }

  /// `nil` of a task that ran last on another CPU than ours.
  private mutating func lastRun(
    _ place: Int, _ origin: (cpu: Int32, nanoseconds: UInt64)?
  ) -> UInt64? {
    guard let origin, root.readRecord(path(of: place, .stat), into: &buffer) == .bytes,
      buffer.withBytes({ TaskStat($0)?.processor }) == origin.cpu,
      root.readRecord(path(of: place, .sched), into: &buffer) == .bytes,
      let time = buffer.withBytes({ TaskSchedule.lastRunNanoseconds($0) })
    else { return nil }
    return min(time &+ origin.nanoseconds, clock.nanoseconds)
  }

  mutating func reportWaits(into waiting: inout [WaitingTask]) {
    for index in waits.indices {
      let age = clock.nanoseconds &- min(waits[index].since, clock.nanoseconds)
      waits[index].task.waitSeconds = Double(age) / 1e9
      waiting.append(waits[index].task)
    }
  }
}
