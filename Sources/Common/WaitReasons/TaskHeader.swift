import Records

/// The line with which the kernel begins the dump of a task (`sched_show_task` in
/// kernel/sched/core.c).
enum TaskHeader {
  static func task(in content: Substring) -> ReportedTask? {
    named(content) ?? columns(content) ?? crash(content)
  }

  /// Linux 5.11 and newer: `task:NAME state:D stack:0 pid:1 tgid:1 ppid:2 flags:0x0`.
  private static func named(_ content: Substring) -> ReportedTask? {
    guard content.hasPrefix("task:"), let place = content.range(of: " state:") else { return nil }
    var task = ReportedTask()
    task.name = ReportLine.name(
      content[content.utf8.index(content.startIndex, offsetBy: 5)..<place.lowerBound])
    let rest = content[place.upperBound...]
    task.state = rest.utf8.first.map(TaskState.init(letter:))
    task.pid = value(" pid:", rest)
    task.parent = value(" ppid:", rest)
    return task
  }

  private static func value(_ key: String, _ text: Substring) -> Int32? {
    guard let place = text.range(of: key) else { return nil }
    return ReportLine.number(text[place.upperBound...]).flatMap { Int32(exactly: $0) }
  }

  /// Older: `NAME D 0 PID PPID 0x00000000`, in Linux 2.6.32 with an address or `running task`
  /// after the state. Names hold spaces, so it is read from the end.
  private static func columns(_ content: Substring) -> ReportedTask? {
    var words = content.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard words.count >= 6, words.count <= 24, let flags = words.popLast(), flags.hasPrefix("0x"),
      let parent = words.popLast().flatMap({ Int32($0) }),
      let pid = words.popLast().flatMap({ Int32($0) }),
      let free = words.popLast(), free.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    if let address = words.last, address.utf8.count >= 8,
      address.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
    {
      words.removeLast()
    }
    if words.suffix(2) == ["running", "task"] { words.removeLast(2) }
    guard let letter = words.popLast(), letter.utf8.count == 1, let byte = letter.utf8.first,
      let first = words.first
    else { return nil }
    let state = TaskState(letter: byte)
    guard state != .unknown, pid >= 0 else { return nil }
    var task = ReportedTask()
    let name = content[first.startIndex..<letter.startIndex]
    task.name = ReportLine.name(name)
    task.pid = pid
    task.parent = parent
    task.state = state
    return task
  }

  /// crash(8): `PID: 1237  TASK: ffff…  CPU: 2  COMMAND: "nfsd"`.
  private static func crash(_ content: Substring) -> ReportedTask? {
    guard content.hasPrefix("PID: "), let place = content.range(of: "COMMAND: \"") else {
      return nil
    }
    var task = ReportedTask()
    task.pid = value("PID:", content)
    let rest = content[place.upperBound...]
    task.name = ReportLine.name(rest[..<(rest.lastIndex(of: "\"") ?? rest.endIndex)])
    return task
  }
}
