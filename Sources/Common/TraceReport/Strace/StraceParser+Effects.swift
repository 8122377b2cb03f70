import Bytes

// What calls change of what is known about a process: its descriptors, its tasks, its program.

extension StraceParser {
  /// Descriptors whose names one process may have, so that all together stay bounded.
  private var descriptorLimit: Int { min(StraceFiles.limit, max(64, 65_536 / (all.count + 1))) }

  /// A call that succeeded. What it opened becomes what the call was about.
  mutating func take(
    effectOf open: inout OpenCall, _ line: Span<UInt8>, _ call: StraceCall, _ result: StraceResult,
    of task: Int32
  ) {
    guard let place = tasks[task]?.process, let value = result.value else { return }
    switch open.name.effect {
    case .none, .resumes, .submits: break
    case .opens, .makes:
      makeDescriptor(&open, line, result, value, place)
    case .makesPair(let kind):
      makePair(kind, line, call, closesOnExec: open.closesOnExec, place)
    case .closes:
      if let descriptor = open.descriptor { all[place].files.close(descriptor) }
    case .closesRange:
      if let first = line.leadingNumber(call.arguments[0]),
        let last = line.leadingNumber(call.arguments[1]), first >= 0, first <= last,
        !line.contains("CLOEXEC", in: call.inside)
      {
        all[place].files.close(first...last)
      }
    case .duplicates: duplicate(open, value, place)
    case .controlsDescriptor:
      if line.contains("F_DUPFD", in: call.inside) { duplicate(open, value, place) }
    case .changesFolder: all[place].files.workingDirectory = open.path
    case .changesFolderToDescriptor:
      all[place].files.workingDirectory = open.path.flatMap { $0.hasPrefix("/") ? $0 : nil }
    case .forks: fork(open, Int32(clamping: value), by: task)
    case .execs: becomeProgram(open, place)
    case .makesRing: all[place].usesIOUring = true
    }
  }

  private mutating func makeDescriptor(
    _ open: inout OpenCall, _ line: Span<UInt8>, _ result: StraceResult, _ value: Int64,
    _ place: Int
  ) {
    var name = result.decoration.map { text(line, $0) }
    if case .makes(let kind) = open.name.effect {
      name = name ?? (kind == "socket" ? "socket:[fd \(value)]" : kind)
    } else {
      name = name ?? open.path
      open.path = name
    }
    guard let name else { return all[place].files.close(value) }
    all[place].files.open(
      value, name, closesOnExec: open.closesOnExec, limit: descriptorLimit)
  }

  /// `pipe2([3, 4], O_CLOEXEC)`, `socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4])`
  private mutating func makePair(
    _ kind: String, _ line: Span<UInt8>, _ call: StraceCall, closesOnExec: Bool, _ place: Int
  ) {
    guard let bracket = call.inside.last(where: { line[$0] == UInt8(ascii: "[") }) else { return }
    // With -y a decoration has brackets of its own, and says all there is to say.
    guard !line.contains("<", in: call.inside) else { return }
    var cursor = bracket + 1
    guard let first = line.digits(&cursor), line.matches(", ", at: cursor) else { return }
    cursor += 2
    guard let second = line.digits(&cursor) else { return }
    for number in [first, second] {
      all[place].files.open(
        Int64(clamping: number), "\(kind):[fd \(first)-\(second)]", closesOnExec: closesOnExec,
        limit: descriptorLimit)
    }
  }

  private mutating func duplicate(_ open: OpenCall, _ value: Int64, _ place: Int) {
    guard let descriptor = open.descriptor, descriptor != value else { return }
    guard let path = open.path ?? all[place].files[descriptor], !path.hasPrefix("fd ") else {
      return all[place].files.close(value)
    }
    all[place].files.open(
      value, path, closesOnExec: open.closesOnExec, limit: descriptorLimit)
  }

  private mutating func becomeProgram(_ open: OpenCall, _ place: Int) {
    all[place].files.becomeAnother()
    guard let path = open.path, let name = path.split(separator: "/").last else { return }
    all[place].program = Array(name.utf8.prefix(64))
  }

  /// A thread, or a process with all descriptors of the one that made it.
  private mutating func fork(_ open: OpenCall, _ child: Int32, by task: Int32) {
    guard child > 0, let place = tasks[task]?.process else { return }
    announced.insert(child)
    if announced.count > StraceParser.taskLimit { announced.removeAll() }
    if open.makesThread { return addTask(child, to: place) }
    if foldsChildren { return adopt(child, into: place) }
    guard let made = placeOfEnded(child) ?? makeProcess(child) else { return }
    all[made].parent = all[place].pid
    let files = all[made].files
    all[made].files = all[place].files
    if all[made].program == nil { all[made].program = all[place].program }
    all[made].files.add(files)
  }
}
