import Bytes
import Records

// One line of strace's output after the other.

extension StraceParser {
  mutating func read(line: Span<UInt8>) {
    lines += 1
    if table != nil, readTableRow(line) { return }
    if listing.isOpen, listing.take(line) { return }
    let head = StraceLine(line)
    guard head.body < line.count else { return }
    let isRead =
      switch line[head.body] {
      case UInt8(ascii: "<"): readResumed(line, head)
      case UInt8(ascii: "-"): readSignal(line, head)
      case UInt8(ascii: "+"): readEnd(line, head)
      default: readMessage(line, head) || readCall(line, head)
      }
    if isRead || line.isUserFrame(head) || beginTable(line, head) || listing.begin(line)
      || readRest(line, head)
    {
      return
    }
    miss()
  }

  private mutating func readCall(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    guard let call = line.straceCall(from: head.body) else { return false }
    let name = self.name(line, call.name)
    guard call.ending != .cut || name.isKnown else { return false }
    guard let task = begin(head) else { return true }
    settle(task)
    var open = describe(name, line, call, of: task)
    switch call.ending {
    case .returned:
      finish(&open, line, call, of: task)
    case .unfinished, .detached:
      tasks[task]?.open = open
    case .cut:
      countBroken()
      broken = (task, open)
      // What broke it may be strace itself: `clone(strace: Process 123 attached`.
      readAttachment(line, inside: call.inside)
    }
    return true
  }

  private mutating func readResumed(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    if line.matches("<unfinished ...>", at: head.body), let (task, begun) = broken {
      broken = nil
      tasks[task]?.open = begun
      return true
    }
    guard let call = line.resumedCall(from: head.body) else { return false }
    let name = self.name(line, call.name)
    guard let task = begin(head) else { return true }
    var open: OpenCall
    // A call that is resumed under another name is another one.
    if let begun = tasks[task]?.open, begun.name.text == name.text || name.effect.isResumption {
      open = begun
      tasks[task]?.open = nil
    } else {
      settle(task)
      open = OpenCall(name: name)
    }
    switch call.ending {
    case .returned: finish(&open, line, call, of: task, isResumed: true)
    case .unfinished, .detached, .cut: tasks[task]?.open = open
    }
    return true
  }

  /// The second part of a call that was broken in two by what the program itself wrote.
  private mutating func readRest(_ line: Span<UInt8>, _ head: StraceLine) -> Bool {
    guard let (task, begun) = broken, head.pid == nil,
      let call = line.continuedCall(from: head.body)
    else { return false }
    broken = nil
    var open = begun
    finish(&open, line, call, of: task)
    return true
  }

  /// A line whose end never came. Its call was made.
  mutating func countBroken() {
    guard let (task, open) = broken else { return }
    broken = nil
    count(open, ObservedCalls(name: open.name.text, path: open.path), of: task)
  }

  /// A call that was begun and of which nothing more was heard is counted with the time that is
  /// known.
  mutating func settle(_ task: Int32) {
    guard let open = tasks[task]?.open else { return }
    tasks[task]?.open = nil
    var seen = ObservedCalls(name: open.name.text, path: open.path)
    seen.nanoseconds = timeSince(open.start)
    count(open, seen, of: task)
  }

  /// The task that the line is of, known from now on, and its time taken; `nil` beyond the limits.
  mutating func begin(_ head: StraceLine) -> Int32? {
    if let stamp = head.stamp { clock.take(stamp) }
    let task = head.pid ?? currentTask()
    guard let place = process(of: task) else {
      leftOutLines += 1
      return nil
    }
    if head.stamp != nil { all[place].note(from: clock.now, to: clock.now) }
    return task
  }

  private mutating func name(_ line: Span<UInt8>, _ range: Range<Int>) -> CallName {
    names.value(line, range) { CallName(Printable.text($0.extracting($1), limit: 64)) }
  }
}

extension Span<UInt8> {
  /// ` > /usr/lib/libc.so.6(_exit+0x29) [0xd4409]`: where in the program the call above was made,
  /// `-k`.
  fileprivate func isUserFrame(_ head: StraceLine) -> Bool {
    guard starts(with: " > "), head.body < count else { return false }
    return self[count - 1] == UInt8(ascii: "]") || contains("unexpected_backtrac", in: 0..<count)
  }
}

extension CallName.Effect {
  /// `restart_syscall` goes on with whatever was interrupted.
  fileprivate var isResumption: Bool {
    if case .resumes = self { true } else { false }
  }
}
