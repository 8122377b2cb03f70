import Records

// Which task is of which process.

extension StraceParser {
  /// The task that a line without a pid is of: the one that was traced first, and when that has ended
  /// and only one other is left, that one.
  mutating func currentTask() -> Int32 {
    guard liveTasks == 1, lone == 0 || tasks[lone] != nil, tasks[lone]?.hasEnded != false else {
      return lone
    }
    lone = tasks.first { !$0.value.hasEnded }?.key ?? lone
    return lone
  }

  /// The place of the process that a task is of; a task that was never seen is found one. `nil` beyond
  /// the limits.
  mutating func process(of task: Int32) -> Int? {
    if let known = tasks[task] { return known.process }
    guard hasRoomForTask() else { return nil }
    if nameTheFirst(task) { return tasks[task]?.process }
    guard let place = placeOfNewcomer(task) else {
      return makeProcess(task == 0 ? nil : task, task: task)
    }
    addTask(task, to: place)
    return place
  }

  /// The process whose lines had no pid, before it had company, is the one that turns up unannounced.
  private mutating func nameTheFirst(_ task: Int32) -> Bool {
    guard lone == 0, task != 0, let first = tasks[0], !announced.contains(task) else {
      return false
    }
    all[first.process].pid = task
    tasks[0] = nil
    tasks[task] = first
    lone = task
    return true
  }

  private mutating func placeOfNewcomer(_ task: Int32) -> Int? {
    guard task != 0 else { return nil }
    if let root, task != root, let place = tasks[root]?.process, !announced.contains(task),
      !mayBeProcess(task)
    {
      return place
    }
    let awaiting = awaitedThreads.filter { $0.value > 0 }
    guard awaiting.count == 1, let (leader, _) = awaiting.first, !announced.contains(task),
      let place = tasks[leader]?.process
    else { return nil }
    awaitedThreads[leader, default: 1] -= 1
    return place
  }

  /// Whether some task is just making a process: then a newcomer may be that.
  private func mayBeProcess(_ task: Int32) -> Bool {
    tasks.values.contains { task in
      guard let open = task.open, case .forks = open.name.effect else { return false }
      return !open.makesThread
    }
  }

  /// A task of that process. What was counted for the task alone before is the process's.
  mutating func addTask(_ task: Int32, to place: Int) {
    if let known = tasks[task], !known.hasEnded {
      guard known.process != place else { return }
      let alone = known.process
      guard !tasks.contains(where: { $0.key != task && $0.value.process == alone }) else { return }
      tasks[task]?.process = place
      merge(alone, into: place)
      return
    }
    guard tasks[task] != nil || hasRoomForTask() else { return }
    tasks[task] = StraceTask(process: place)
    liveTasks += 1
    all[place].threads += 1
    all[place].liveTasks += 1
    all[place].ending = .detached
  }

  private mutating func merge(_ alone: Int, into place: Int) {
    all[place].add(all[alone])
    all[alone] = StraceProcess(pid: nil, fileLimit: 2)
    all[alone].isMerged = true
    while all.last?.isMerged == true { all.removeLast() }
  }

  /// A process that one of `place` has made counts with it, whichever of the two was told of first.
  mutating func adopt(_ child: Int32, into place: Int) {
    let threads = all[place].threads
    if let alone = tasks[child]?.process, alone != place {
      // It was seen, if it hasn't ended, before the call that made it returned.
      // Seldom with threads of its own: looking for these costs as much as there are tasks.
      let those =
        all[alone].threads == 1 ? [child] : tasks.filter { $0.value.process == alone }.map(\.key)
      for task in those { tasks[task]?.process = place }
      merge(alone, into: place)
    } else {
      addTask(child, to: place)
    }
    all[place].threads = threads
    all[place].children += 1
  }

  /// The place of a child that came and went before the call that made it returned: vfork(2) lets the
  /// child go first. One that is known to have been made by an earlier call had the pid before.
  func placeOfEnded(_ child: Int32) -> Int? {
    guard let known = tasks[child], known.hasEnded, all[known.process].pid == child,
      all[known.process].parent == nil
    else { return nil }
    return known.process
  }

  /// Those that have ended make room.
  private mutating func hasRoomForTask() -> Bool {
    if tasks.count < StraceParser.taskLimit { return true }
    guard liveTasks < StraceParser.taskLimit / 4 * 3 else { return false }
    tasks = tasks.filter { !$0.value.hasEnded || $0.key == root || $0.key == lone }
    return tasks.count < StraceParser.taskLimit
  }

  /// A process of its own for that task; `nil` beyond the limits.
  @discardableResult
  mutating func makeProcess(_ pid: Int32?, task: Int32? = nil) -> Int? {
    let task = task ?? pid ?? 0
    if let known = tasks[task], !known.hasEnded, all[known.process].pid == pid {
      return known.process
    }
    guard all.count < StraceParser.processLimit, tasks[task] != nil || hasRoomForTask() else {
      return nil
    }
    let fileLimit = max(64, StraceParser.fileLimit / (all.count + 1))
    for place in all.indices { all[place].tally.fileLimit = min(fileLimit, TraceTally.entryLimit) }
    var process = StraceProcess(pid: pid, fileLimit: min(fileLimit, TraceTally.entryLimit))
    listing.write(into: &process.files)
    all.append(process)
    if let known = tasks[task], !known.hasEnded {
      // It was taken for a thread of another process so far.
      all[known.process].threads -= 1
      all[known.process].liveTasks -= 1
      tasks[task]?.process = all.count - 1
    } else {
      tasks[task] = StraceTask(process: all.count - 1)
      liveTasks += 1
    }
    all[all.count - 1].threads += 1
    all[all.count - 1].liveTasks += 1
    return all.count - 1
  }

  /// strace attached again to a task that it had let go of.
  mutating func revive(_ task: Int32) {
    guard let known = tasks[task], known.hasEnded else { return }
    tasks[task]?.hasEnded = false
    liveTasks += 1
    all[known.process].liveTasks += 1
  }

  /// A task has ended, or strace let go of it.
  mutating func end(_ task: Int32, hasExited: Bool) {
    settle(task)
    guard let known = tasks[task], !known.hasEnded else { return }
    tasks[task]?.hasEnded = true
    liveTasks -= 1
    all[known.process].liveTasks -= 1
    if all[known.process].liveTasks == 0, hasExited { all[known.process].ending = .exited }
  }
}
