import Bytes
import Records

/// A report, explained for people: per task why it waits and what to do; then who waits for whom.
public struct ExplainText {
  /// Most tasks that are named in one line.
  private static let namesShown = 8

  /// How the words that stand out are set off; as they are, where nothing is.
  public var emphasis: (String) -> String

  public init(emphasis: @escaping (String) -> String = { $0 }) {
    self.emphasis = emphasis
  }

  /// Lines of text, fit for a terminal.
  public func text(_ report: StackReport) -> String {
    var text = ""
    for task in report.tasks { text += describe(task) }
    text += summary(report)
    return text
  }

  private func describe(_ task: ReportedTask) -> String {
    var head = ExplainText.name(task.reference)
    if let state = task.state { head += ", \(ExplainText.word(state))" }
    if let seconds = task.seconds { head += ", blocked for \(seconds) s or more" }
    if let queue = task.workqueue { head += ", works at \(Printable.text(queue, limit: 80))" }
    var text = "\(emphasis(head))\n"
    text += "  waits for  \(emphasis(task.reason.name)) (\(task.reason.kind.rawValue))\n"
    if let entry = entry(named: task.reason.name) {
      text += "             \(task.sentence)\n"
      text += "  next step  \(entry.nextStep)\n"
    }
    if task.reason.kind == .unknown, !task.stack.isEmpty {
      let frames = task.stack.prefix(10).map { Printable.text($0, limit: 80) }
      text += "  stack      \(frames.joined(separator: " < "))\n"
    }
    return text + "\n"
  }

  // MARK: - The whole report

  private func summary(_ report: StackReport) -> String {
    let graph = report.graph()
    var text = emphasis("Over the whole report") + "\n"
    for (reason, count) in report.reasonCounts {
      let tasks = count == 1 ? "1 task waits" : "\(count) tasks wait"
      text += "  \(tasks) for \(reason.name) (\(reason.kind.rawValue))\n"
    }
    for line in folded(graph.relations, report) { text += "  \(line)\n" }
    for cycle in graph.cycles where cycle.count > 1 {
      let names = cycle.map { ExplainText.name(report.tasks[$0].reference) }
      text += "  likely deadlock: \(names.joined(separator: " waits for ")) waits for \(names[0])\n"
    }
    for line in unheld(graph.withoutHolder, report) { text += "  \(line)\n" }
    if report.tasksLeftOut > 0 { text += "  \(report.tasksLeftOut) more tasks were left out\n" }
    if report.isCut {
      text += "  only the first \(StackReport.textLimit >> 20) MiB of the report were read\n"
    }
    return text
  }

  /// Who waits for the same task for the same reason stands in one line.
  private func folded(_ relations: [WaitRelation], _ report: StackReport) -> [String] {
    var order: [String] = []
    var waiters: [String: [String]] = [:]
    for relation in relations {
      let name = ExplainText.name(report.tasks[relation.waiter].reference)
      let line: String
      if relation.holderPlace == relation.waiter {
        line = "likely for itself: it \(relation.because)"
      } else {
        let holder = ExplainText.name(relation.holder)
        let word =
          relation.basis == .stated
          ? "" : "\(relation.basis.rawValue == "likely" ? "likely" : "possibly") "
        line = "\(word)for \(holder), which \(relation.because)"
      }
      if waiters[line] == nil { order.append(line) }
      waiters[line, default: []].append(name)
    }
    return order.map { line in
      let names = waiters[line] ?? []
      return "\(ExplainText.list(names)) \(names.count == 1 ? "waits" : "wait") \(line)"
    }
  }

  private func unheld(_ places: [Int], _ report: StackReport) -> [String] {
    var order: [String] = []
    var waiters: [String: [String]] = [:]
    for place in places {
      let reason = report.tasks[place].reason.name
      if waiters[reason] == nil { order.append(reason) }
      waiters[reason, default: []].append(ExplainText.name(report.tasks[place].reference))
    }
    return order.map { reason in
      let names = waiters[reason] ?? []
      let verb = names.count == 1 ? "waits" : "wait"
      return "\(ExplainText.list(names)) \(verb) for whoever is behind “\(reason)”: "
        + "the report doesn't show who that is"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(namesShown).joined(separator: ", ")
    return names.count > namesShown ? "\(shown) and \(names.count - namesShown) more" : shown
  }

  /// `postgres (57606)`, made printable.
  static func name(_ task: TaskReference) -> String {
    let name = task.name.map { Printable.text($0, limit: 64) }
    switch (name, task.pid) {
    case (let name?, let pid?): return "\(name) (\(pid))"
    case (let name?, nil): return name
    case (nil, let pid?): return "pid \(pid)"
    case (nil, nil): return "a task without a name"
    }
  }

  private static func word(_ state: TaskState) -> String {
    let letter = Character(Unicode.Scalar(state.rawValue))
    return "state \(letter)"
  }
}

extension ReportedTask {
  /// What its reason means, for people.
  var sentence: String {
    if state == .running { return "It was running when the report was made; it waits for nothing." }
    if stack.isEmpty, reason == .unknown { return "The report has no stack of it." }
    return entry(named: reason.name)?.sentence ?? ""
  }
}

extension StackReport {
  /// How many tasks wait for what; the most first.
  var reasonCounts: [(reason: WaitReason, count: Int)] {
    var order: [WaitReason] = []
    var counts: [WaitReason: Int] = [:]
    for task in tasks {
      if counts[task.reason] == nil { order.append(task.reason) }
      counts[task.reason, default: 0] += 1
    }
    let found = order.enumerated().map { (place: $0.offset, reason: $0.element) }
    return found.sorted { left, right in
      let (many, few) = (counts[left.reason] ?? 0, counts[right.reason] ?? 0)
      return many != few ? many > few : left.place < right.place
    }.map { ($0.reason, counts[$0.reason] ?? 0) }
  }
}
