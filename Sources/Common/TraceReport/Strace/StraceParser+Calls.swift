import Bytes
import Records

// What a call is about, what it returned, and what that changes.

extension StraceParser {
  /// What is known of a call as it begins.
  mutating func describe(
    _ name: CallName, _ line: Span<UInt8>, _ call: StraceCall, of task: Int32
  ) -> OpenCall {
    var open = OpenCall(name: name, start: clock.now)
    switch name.effect {
    case .resumes:
      if let interrupted = interruptedCall(line, call) { open.name = interrupted }
    case .forks: open.makesThread = line.contains("CLONE_THREAD", in: call.inside)
    case .opens, .makes, .makesPair, .duplicates, .controlsDescriptor:
      open.closesOnExec = line.contains("CLOEXEC", in: call.inside)
    case .submits: describeSubmitted(&open, line, call, of: task)
    default: break
    }
    guard call.argumentCount > 0, let place = tasks[task]?.process else { return open }
    switch name.subject {
    case .none: break
    case .descriptor(let index):
      open.descriptor = line.leadingNumber(call.arguments[index])
      open.path = path(ofDescriptor: call.arguments[index], line, place)
    case .path(let index):
      open.path = path(line, call.arguments[index], folder: all[place].files.workingDirectory)
    case .below(let index):
      open.path = path(line, call, below: index, place)
    case .copy(let from, let to):
      describeCopy(&open, line, call, from: from, to: to, place)
    }
    return open
  }

  /// Of two descriptors the file is told: what is read where bytes go to a socket or pipe.
  private mutating func describeCopy(
    _ open: inout OpenCall, _ line: Span<UInt8>, _ call: StraceCall, from: Int, to: Int,
    _ place: Int
  ) {
    let target = path(ofDescriptor: call.arguments[to], line, place)
    let source = path(ofDescriptor: call.arguments[from], line, place)
    open.path = target
    guard let target, let source, !CallClass.isFile(target), CallClass.isFile(source) else {
      return
    }
    open.path = source
    open.kind = .read
  }

  /// The calls that the kernel goes on with by restart_syscall(2).
  private static let restarted: Set<String> = [
    "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "poll", "futex", "futex_time64",
  ]

  /// `io_submit(ctx, 1, [{aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3, …, aio_nbytes=4096, …}])`:
  /// told is the file of the first, with the bytes of all that go the same way. With `-s 0` strace
  /// leaves them out.
  private mutating func describeSubmitted(
    _ open: inout OpenCall, _ line: Span<UInt8>, _ call: StraceCall, of task: Int32
  ) {
    guard let place = tasks[task]?.process else { return }
    let (code, descriptor, size): (StaticString, StaticString, StaticString) = (
      "aio_lio_opcode=IOCB_CMD_P", "aio_fildes=", "aio_nbytes="
    )
    var isCounted = false
    for index in call.inside where line[index] == UInt8(ascii: "a") {
      if line.matches(code, at: index) {
        let isRead = line.matches("READ", at: index + code.utf8CodeUnitCount)
        if open.kind == nil { open.kind = isRead ? .read : .write }
        isCounted = (open.kind == .read) == isRead
      } else if line.matches(descriptor, at: index), open.path == nil {
        let start = index + descriptor.utf8CodeUnitCount
        open.path = path(ofDescriptor: start..<call.inside.upperBound, line, place)
      } else if line.matches(size, at: index), isCounted {
        let start = index + size.utf8CodeUnitCount
        let bytes = line.leadingNumber(start..<call.inside.upperBound) ?? 0
        open.submittedBytes = open.submittedBytes.addingSaturated(UInt64(max(0, bytes)))
      }
    }
  }

  /// `restart_syscall(<... resuming interrupted poll ...>`. Of a call that was under way when it was
  /// attached strace doesn't know which it was, and says `read`, which is number 0: that is no call
  /// that is gone on with so.
  private mutating func interruptedCall(_ line: Span<UInt8>, _ call: StraceCall) -> CallName? {
    let mark: StaticString = "<... resuming interrupted "
    let start = call.inside.lowerBound + mark.utf8CodeUnitCount
    guard line.matches(mark, at: call.inside.lowerBound) else { return nil }
    var end = start
    while end < line.count, line[end] != UInt8(ascii: " ") { end += 1 }
    guard end > start, line.matches(" ...>", at: end), !line.equals("system", in: start..<end)
    else {
      return nil
    }
    let name = names.value(line, start..<end) {
      CallName(Printable.text($0.extracting($1), limit: 64))
    }
    return StraceParser.restarted.contains(name.text) ? name : nil
  }

  // MARK: - Paths

  /// What a descriptor is, as `-y` says or earlier calls said; `fd 7` where neither did.
  private mutating func path(
    ofDescriptor range: Range<Int>, _ line: Span<UInt8>, _ place: Int
  ) -> String? {
    if let decoration = line.decoration(range) { return text(line, decoration) }
    guard let number = line.leadingNumber(range), number >= 0 else { return nil }
    return all[place].files[number] ?? "fd \(number)"
  }

  /// A path in quotes, made whole where it is known what it is relative to.
  private mutating func path(_ line: Span<UInt8>, _ range: Range<Int>, folder: String?) -> String? {
    let range = line.trimmed(range)
    guard range.count >= 2, line[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
    let path = paths.value(line, range) { line, range in
      let bytes = line.quoted(range) ?? []
      return Printable.text(bytes.span, limit: TracedFile.pathLimit)
    }
    return StraceParser.join(folder, path)
  }

  private mutating func path(
    _ line: Span<UInt8>, _ call: StraceCall, below index: Int, _ place: Int
  ) -> String? {
    let folder = call.arguments[index]
    let atWorkingDirectory = line.contains("AT_FDCWD", in: folder)
    let known =
      line.decoration(folder).map { text(line, $0) }
      ?? (atWorkingDirectory ? all[place].files.workingDirectory : nil)
      ?? line.leadingNumber(folder).flatMap { all[place].files[$0] }
    guard index + 1 < call.argumentCount,
      let path = self.path(line, call.arguments[index + 1], folder: known)
    else {
      return atWorkingDirectory ? nil : self.path(ofDescriptor: folder, line, place)
    }
    // `newfstatat(3, "", …)`: the descriptor itself.
    guard path.isEmpty else { return path }
    return known ?? self.path(ofDescriptor: folder, line, place)
  }

  /// The inside of a decoration. What stands behind a path in it tells of a device's number.
  mutating func text(_ line: Span<UInt8>, _ range: Range<Int>) -> String {
    paths.value(line, range) { line, range in
      var end = range.upperBound
      if line[range.lowerBound] == UInt8(ascii: "/"),
        let inner = range.first(where: { line[$0] == UInt8(ascii: "<") })
      {
        end = inner
      }
      let bytes = line.unescaped(range.lowerBound..<end)
      return Printable.text(bytes.span, limit: TracedFile.pathLimit)
    }
  }

  static func join(_ folder: String?, _ path: String) -> String {
    guard let folder, !path.isEmpty, !path.hasPrefix("/"), folder.hasPrefix("/") else {
      return path
    }
    let rest = path.hasPrefix("./") ? path.dropFirst(2) : path == "." ? "" : path[...]
    let joined = folder.hasSuffix("/") ? folder + rest : "\(folder)/\(rest)"
    return Printable.text(joined, limit: TracedFile.pathLimit)
  }

  // MARK: - What came of it

  /// A call that has returned. Where it was interrupted by other lines, the time between its two
  /// lines is its own; otherwise only `-T` tells that.
  mutating func finish(
    _ open: inout OpenCall, _ line: Span<UInt8>, _ call: StraceCall, of task: Int32,
    isResumed: Bool = false
  ) {
    let result = StraceResult(line, call.result)
    if case .forks = open.name.effect, line.contains("CLONE_THREAD", in: call.inside) {
      open.makesThread = true
    }
    if result.hasSucceeded { take(effectOf: &open, line, call, result, of: task) }
    var seen = ObservedCalls(name: open.name.text, path: open.path)
    seen.nanoseconds = call.duration ?? (isResumed ? timeSince(open.start) : 0)
    if open.name.movesBytes, let value = result.value, value > 0 { seen.bytes = UInt64(value) }
    if result.hasSucceeded { seen.bytes = seen.bytes.addingSaturated(open.submittedBytes) }
    if let error = result.error {
      seen.errors = 1
      if let place = tasks[task]?.process { all[place].tally.addError(error, of: open.name.text) }
    }
    count(open, seen, of: task)
  }

  /// From then to now, nanoseconds, where lines' times are precise enough to tell.
  func timeSince(_ start: UInt64?) -> UInt64 {
    guard let start, let now = clock.now, now > start else { return 0 }
    return clock.isPrecise || now - start >= 2_000_000_000 ? now - start : 0
  }

  mutating func count(_ open: OpenCall, _ seen: ObservedCalls, of task: Int32) {
    guard let place = tasks[task]?.process else { return }
    readCalls += 1
    if seen.nanoseconds > 0 { hasLengths = true }
    var seen = seen
    seen.kind = open.kind
    all[place].tally.add(seen)
    guard let start = open.start else { return }
    all[place].note(from: start, to: start.addingSaturated(seen.nanoseconds))
  }
}

/// What a call returned.
struct StraceResult {
  /// `nil` where that isn't known: `?`.
  var value: Int64?
  /// `ENOENT`; `nil` where it didn't fail. A call that a signal interrupted, and that the kernel
  /// begins again, has not failed.
  var error: String?
  /// What `-y` says that the descriptor is.
  var decoration: Range<Int>?

  var hasSucceeded: Bool { error == nil && value.map { $0 >= 0 } ?? false }

  init(_ line: Span<UInt8>, _ range: Range<Int>) {
    value = line.leadingNumber(range)
    guard let value else { return }
    if value >= 0 {
      decoration = line.decoration(range)
      return
    }
    var cursor = range.lowerBound
    while cursor < range.upperBound, line[cursor] != UInt8(ascii: " ") { cursor += 1 }
    while cursor < range.upperBound, line[cursor] == UInt8(ascii: " ") { cursor += 1 }
    let start = cursor
    // `ENOENT`, and `(errno 524)` of what has no name.
    while cursor < range.upperBound, cursor - start < 24, line[cursor].isErrorByte { cursor += 1 }
    if cursor > start {
      error = Printable.text(line.extracting(start..<cursor))
    } else if line.matches("(errno ", at: start) {
      var digit = start + 7
      error = line.digits(&digit).map { "errno \($0)" } ?? "unknown"
    } else {
      error = "unknown"
    }
    if let name = error, name.hasPrefix("ERESTART") { error = nil }
  }
}

extension UInt8 {
  fileprivate var isErrorByte: Bool {
    self &- UInt8(ascii: "A") < 26 || self &- UInt8(ascii: "0") <= 9 || self == UInt8(ascii: "_")
      || self == UInt8(ascii: "?")
  }
}
