import Bytes

// What strace says beside the calls: signals, ends, whom it attached to.

extension StraceParser {
  /// `--- SIGCHLD {…} ---`, `--- stopped by SIGSTOP ---`
  mutating func readSignal(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    guard line.matches("--- ", at: head.body), line.contains(" ---", in: head.body..<line.count)
    else { return false }
    _ = begin(head)
    return true
  }

  /// `+++ exited with 0 +++`, `+++ killed by SIGKILL (core dumped) +++`,
  /// `+++ superseded by execve in pid 123 +++`
  mutating func readEnd(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    guard line.matches("+++ ", at: head.body), line.contains(" +++", in: head.body..<line.count)
    else { return false }
    guard let task = begin(head) else { return true }
    let superseded: StaticString = "+++ superseded by execve in pid "
    if line.matches(superseded, at: head.body) {
      var cursor = head.body + superseded.utf8CodeUnitCount
      if let other = line.digits(&cursor) { supersede(task, by: Int32(clamping: other)) }
    } else {
      end(task, hasExited: true)
    }
    return true
  }

  /// A thread became another program: it goes on under its process's number, and the others ended.
  private mutating func supersede(_ task: Int32, by other: Int32) {
    guard other != task, let heir = tasks[other], !heir.hasEnded else { return }
    settle(task)
    tasks[task]?.open = heir.open
    tasks[other]?.open = nil
    end(other, hasExited: false)
  }

  /// What strace writes to the terminal of itself and of the tasks that it attaches to.
  mutating func readMessage(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    var cursor = head.body
    let isSigned = line.matches("strace: ", at: cursor)
    if isSigned { cursor += 8 }
    // `[ Process PID=123 runs in 32 bit mode. ]`
    if line.matches("[ Process PID=", at: cursor) { return true }
    if line.matches("Process ", at: cursor), readAttachment(line, cursor + 8) { return true }
    guard isSigned, head.pid == nil else { return false }
    if complaints.count < StraceParser.complaintLimit {
      complaints.append(Printable.text(line.extracting(cursor..<line.count), limit: 200))
    }
    return true
  }

  /// The same in the middle of a call.
  mutating func readAttachment(_ line: Span<UInt8>, inside range: Range<Int>) {
    for place in range where line.matches("Process ", at: place) {
      if readAttachment(line, place + 8) { return }
    }
  }

  /// `123 attached`, `123 attached with 4 threads - interrupt to quit`, `123 detached`
  private mutating func readAttachment(_ line: Span<UInt8>, _ start: Int) -> Bool {
    var cursor = start
    guard let number = line.digits(&cursor), number > 0, number <= Span<UInt8>.largestPID else {
      return false
    }
    let pid = Int32(number)
    if line.matches(" attached", at: cursor) {
      cursor += 9
      let threads: StaticString = " with "
      var count: UInt64?
      if line.matches(threads, at: cursor) {
        cursor += threads.utf8CodeUnitCount
        count = line.digits(&cursor)
      }
      attach(pid, threads: count.map { Int(clamping: $0) })
      return true
    }
    if line.matches(" detached", at: cursor) {
      end(pid, hasExited: false)
      return true
    }
    return line.matches(" suspended", at: cursor) || line.matches(" resumed", at: cursor)
      || line.matches(" created", at: cursor)
  }

  private mutating func attach(_ pid: Int32, threads: Int?) {
    if let threads {
      if tasks[pid] == nil { _ = makeProcess(pid) }
      revive(pid)
      awaitedThreads[pid] = min(max(0, threads - 1), StraceParser.taskLimit)
      if awaitedThreads.count > StraceParser.processLimit { awaitedThreads = [:] }
    } else if announced.count < StraceParser.taskLimit {
      announced.insert(pid)
    }
    // Whom strace attaches to first is the one that lines without a number are of.
    if readCalls == 0, root == nil, lone == 0, tasks[0] == nil { lone = pid }
  }
}
