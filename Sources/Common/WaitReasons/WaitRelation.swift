import Records

/// That one task of a report waits for another, and why we think so.
public struct WaitRelation: Equatable, Sendable {
  /// How sure it is.
  public enum Basis: String, Sendable {
    /// The kernel names the owner, or lists who holds the lock.
    case stated
    /// The stacks fit together, and no other task of the report fits.
    case likely
    /// Several tasks fit; it may be none of them.
    case possible
  }

  /// Place of the waiting task in the report.
  public var waiter: Int
  /// Place of the one it waits for; `nil` for a task that the report doesn't show.
  public var holderPlace: Int?
  public var holder: TaskReference
  public var basis: Basis
  /// What shows it, as a part of a sentence: `runs the journal commit`.
  public var because: String
}

/// Who waits for whom, as far as the report shows it.
public struct WaitGraph: Equatable, Sendable {
  public internal(set) var relations: [WaitRelation] = []
  /// Tasks that wait for each other in a circle, by their places in the report. Only from
  /// relations that are stated or likely.
  public internal(set) var cycles: [[Int]] = []
  /// Tasks that wait for something whose holder the report doesn't show, by their places.
  public internal(set) var withoutHolder: [Int] = []
}

extension StackReport {
  /// Most candidates that are named as possible holders; with more, none is.
  static let possibleHolderLimit = 4

  /// Over the whole report: who waits for whom. A reason that doesn't show a holder gives no
  /// relation: a confident wrong claim is worse than silence.
  public func graph() -> WaitGraph {
    var graph = WaitGraph()
    let holders = HolderIndex(tasks)
    for place in tasks.indices {
      let found =
        stated(place) ?? listed(place) ?? child(place, holders) ?? fitting(place, holders)
      graph.relations += found
      if found.isEmpty, tasks[place].reason.isHeld { graph.withoutHolder.append(place) }
    }
    graph.cycles = cycles(graph.relations)
    return graph
  }

  /// The kernel's own `likely owned by task`.
  private func stated(_ place: Int) -> [WaitRelation]? {
    guard let owner = tasks[place].owner else { return nil }
    return [
      WaitRelation(
        waiter: place, holderPlace: self.place(of: owner), holder: owner, basis: .stated,
        because: "is named by the kernel as the lock's owner")
    ]
  }

  /// lockdep's lists: the last lock of a waiting task is the one it waits for, and who else has
  /// it in its list, and doesn't wait for it too, holds it.
  private func listed(_ place: Int) -> [WaitRelation]? {
    let task = tasks[place]
    guard !locks.isEmpty, task.reason.kind == .lock, let wanted = awaited(task.reference) else {
      return nil
    }
    let found = locks.filter { lock in
      lock.address == wanted.address && lock.task != task.reference
        && awaited(lock.task)?.address != lock.address
    }
    let owners = Set(found.map(\.task))
    guard !owners.isEmpty, owners.count <= StackReport.possibleHolderLimit else { return nil }
    return owners.sorted { ($0.pid ?? 0) < ($1.pid ?? 0) }.map { owner in
      WaitRelation(
        waiter: place, holderPlace: self.place(of: owner), holder: owner, basis: .stated,
        because: "holds \(wanted.name) in the kernel's list of locks")
    }
  }

  /// The lock that a task of the report is about to take: the last of its list, taken in the
  /// function that its stack shows around the lock's own frames.
  private func awaited(_ task: TaskReference) -> HeldLock? {
    guard let place = place(of: task), tasks[place].reason.kind == .lock,
      let last = locks.last(where: { $0.task == task })
    else { return nil }
    return tasks[place].stack.prefix(8).contains(last.function) ? last : nil
  }

  /// A vfork parent waits for a child that the report shows.
  private func child(_ place: Int, _ index: HolderIndex) -> [WaitRelation]? {
    guard tasks[place].reason.name == "vfork child", let pid = tasks[place].pid else { return nil }
    let children = tasks.indices.filter { tasks[$0].parent == pid }
    guard children.count == 1, let child = children.first else { return nil }
    return [
      WaitRelation(
        waiter: place, holderPlace: child, holder: tasks[child].reference, basis: .likely,
        because: "is its child")
    ]
  }

  /// Tasks whose stacks run through a function that holds what `place` waits for.
  private func fitting(_ place: Int, _ index: HolderIndex) -> [WaitRelation] {
    let task = tasks[place]
    var candidates = index.holders(of: task.reason.name)
    let isSelf = candidates.contains(place) && task.reason.name == "bcache bucket"
    candidates.removeAll { other in
      other == place || tasks[other].pid != nil && tasks[other].pid == task.pid
        || tasks[other].reason.name == task.reason.name
          && !HolderIndex.isWorker(index.function(other, task.reason.name))
    }
    if isSelf {
      return [relation(place, place, .likely, "is the only one that could end this wait")]
    }
    if let device = task.device {
      let same = candidates.filter { tasks[$0].device == device }
      if !same.isEmpty { candidates = same }
    }
    guard !candidates.isEmpty, candidates.count <= StackReport.possibleHolderLimit else {
      return []
    }
    return candidates.map { other in
      relation(
        place, other, candidates.count == 1 ? .likely : .possible,
        "runs in \(index.function(other, task.reason.name) ?? "the kernel")")
    }
  }

  private func relation(
    _ waiter: Int, _ holder: Int, _ basis: WaitRelation.Basis, _ because: String
  ) -> WaitRelation {
    WaitRelation(
      waiter: waiter, holderPlace: holder, holder: tasks[holder].reference, basis: basis,
      because: because)
  }

  private func place(of task: TaskReference) -> Int? {
    guard let pid = task.pid else { return nil }
    return tasks.lastIndex { $0.pid == pid }
  }

  /// Circles among the relations that are sure enough, each once.
  private func cycles(_ relations: [WaitRelation]) -> [[Int]] {
    var next: [Int: Int] = [:]
    for relation in relations where relation.basis != .possible {
      guard let holder = relation.holderPlace else { continue }
      next[relation.waiter] = holder
    }
    var found: [[Int]] = []
    var seen: Set<Int> = []
    for start in next.keys.sorted() {
      var path: [Int] = []
      var place: Int? = start
      while let step = place, !seen.contains(step) {
        seen.insert(step)
        path.append(step)
        place = next[step]
      }
      if let place, let first = path.firstIndex(of: place) { found.append(Array(path[first...])) }
    }
    return found
  }
}

/// The tasks of a report, by the functions in which they hold what others wait for.
private struct HolderIndex {
  private var byReason: [String: [Int]] = [:]
  private var functions: [String: [Int: String]] = [:]

  init(_ tasks: [ReportedTask]) {
    for entry in WaitTable.entries where !entry.heldIn.isEmpty {
      let names = Set(entry.heldIn.split(whereSeparator: \.isWhitespace).map(String.init))
      for (place, task) in tasks.enumerated() {
        guard let frame = task.stack.first(where: names.contains) else { continue }
        byReason[entry.name, default: []].append(place)
        functions[entry.name, default: [:]][place] = frame
      }
    }
  }

  /// Functions that only the one who ends the others' wait runs through. All other functions may
  /// be passed by those who wait as well, so who waits for the same there holds nothing.
  static func isWorker(_ function: String?) -> Bool {
    switch function {
    case "jbd2_journal_commit_transaction", "journal_commit_transaction", "xlog_cil_push_work",
      "bch_allocator_thread":
      true
    default: false
    }
  }

  func holders(of reason: String) -> [Int] { byReason[reason] ?? [] }

  func function(_ place: Int, _ reason: String) -> String? { functions[reason]?[place] }
}

extension WaitReason {
  /// Whether some task could be named for it, if the report showed it.
  fileprivate var isHeld: Bool {
    switch kind {
    case .lock, .frozen, .filesystemLog: true
    case .process, .writeback, .memory, .disk, .mappedDevice, .crypto, .networkFileSystem, .fuse,
      .unknown:
      false
    }
  }
}

extension ReportedTask {
  /// The device that its workqueue names: `xfs-sync/dm-4`, `kcryptd/253:4`, `flush-8:0`.
  fileprivate var device: String? {
    guard let word = workqueue?.split(separator: " ").first, let slash = word.lastIndex(of: "/")
    else { return nil }
    return String(word[word.index(after: slash)...])
  }
}
