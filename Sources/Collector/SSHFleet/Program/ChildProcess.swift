import CSystem
import Dispatch
import Glibc

/// Who started a child process, on its loop's thread.
protocol ChildProcessOwner: AnyObject {
  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>)
  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>)
  /// It ended, and all that it wrote was handed over. `status` is `nil` where a signal ended it.
  func childDidEnd(_ child: ChildProcess, status: Int32?)
  /// All that it was sent has left for its standard input.
  func childDidDrain(_ child: ChildProcess)
}

extension ChildProcessOwner {
  func childDidDrain(_ child: ChildProcess) {}
}

/// A child process whose output and end an event loop watches. It never outlives its owner: its
/// whole process group is killed, and it dies with our own process.
final class ChildProcess: LoopHandler {
  private let loop: EventLoop
  private unowned let owner: any ChildProcessOwner
  private var pid: pid_t = 0
  /// Readable when the child has ended; -1 without a child.
  private var end: Int32 = -1
  /// Standard output and standard error; -1 once at their end.
  private var output: Int32 = -1
  private var error: Int32 = -1
  /// Where its standard input is written to; -1 without one, and once it reads no more.
  private var input: Int32 = -1
  private var queue = OutputQueue()
  private var waitsForRoom = false

  var deadline: UInt64 { .max }
  func deadlinePassed(_ now: UInt64) {}

  init(loop: EventLoop, owner: any ChildProcessOwner) {
    self.loop = loop
    self.owner = owner
  }

  /// Starts a program of PATH. It reads /dev/null, or what `send` is given where `isSentTo`; with
  /// a socket, standard input and standard output are both that descriptor, and only what it
  /// complains of is watched. Returns why it can't be started, or `nil`.
  func start(
    _ arguments: [String], isSentTo: Bool = false, inputAndOutput socket: Int32? = nil
  ) -> String? {
    var inputs: [Int32] = [-1, -1]
    var outputs: [Int32] = [-1, -1]
    var errors: [Int32] = [-1, -1]
    guard !isSentTo || culprit_pipe(&inputs) == 0, culprit_pipe(&outputs) == 0,
      culprit_pipe(&errors) == 0
    else {
      let reason = errorText(errno)
      for number in inputs + outputs + errors where number >= 0 { Glibc.close(number) }
      return "no pipe for \(arguments[0]): \(reason)"
    }
    pid = spawn(
      arguments, input: socket ?? inputs[0], output: socket ?? outputs[1], error: errors[1])
    for number in [inputs[0], outputs[1], errors[1]] where number >= 0 { Glibc.close(number) }
    (input, output, error) = (inputs[1], outputs[0], errors[0])
    guard pid > 0 else {
      let reason = errorText(-pid)
      pid = 0
      closeAll()
      return "can't start \(arguments[0]): \(reason)"
    }
    end = culprit_watch_process(pid)
    guard end >= 0 else {
      let reason = errorText(errno)
      terminate()
      return "can't watch \(arguments[0]): \(reason)"
    }
    for number in [input, output, error] where number >= 0 { culprit_set_nonblocking(number) }
    for number in [output, error, end] { loop.watch(number, EPOLLIN.rawValue, self) }
    return nil
  }

  func handle(_ events: UInt32, of descriptor: Int32) {
    if descriptor == end { return takeEnd() }
    if descriptor == input { return write() }
    // One piece a turn: a child that floods us leaves the others theirs.
    _ = readOnce(descriptor)
  }

  /// Whether there may be more to read.
  private func readOnce(_ descriptor: Int32) -> Bool {
    let count = read(descriptor, loop.buffer.baseAddress, loop.buffer.count)
    guard count != 0 else {
      loop.forget(descriptor)
      Glibc.close(descriptor)
      if descriptor == output { output = -1 } else { error = -1 }
      return false
    }
    guard count > 0 else { return false }
    let bytes = loop.bytes(count)
    if descriptor == output {
      owner.child(self, didWrite: bytes.span)
    } else {
      owner.child(self, didComplain: bytes.span)
    }
    return true
  }

  // MARK: - Its standard input

  /// Whether there was room. One that reads no more is sent nothing, and will end.
  func send(_ bytes: [UInt8]) -> Bool {
    guard input >= 0, !bytes.isEmpty else { return true }
    guard queue.append(bytes) else { return false }
    // Not at once: this may be called in the middle of a read.
    waitForRoom(true)
    return true
  }

  /// Bytes written in one turn.
  private static let pieceBytes = 64 << 10

  private func write() {
    var isBroken = false
    queue.withNext(limit: ChildProcess.pieceBytes) { bytes in
      let count = Glibc.write(input, bytes.baseAddress, bytes.count)
      // SIGPIPE is blocked on a loop's thread, as all signals are.
      if count < 0, errno != EAGAIN, errno != EINTR { isBroken = true }
      return count
    }
    if isBroken { return closeInput() }
    guard queue.isEmpty else { return }
    waitForRoom(false)
    owner.childDidDrain(self)
  }

  private func waitForRoom(_ waits: Bool) {
    guard waits != waitsForRoom, input >= 0 else { return }
    waitsForRoom = waits
    if waits { loop.watch(input, EPOLLOUT.rawValue, self) } else { loop.forget(input) }
  }

  private func closeInput() {
    guard input >= 0 else { return }
    loop.forget(input)
    Glibc.close(input)
    input = -1
    queue.removeAll()
  }

  // MARK: - Its end

  private func takeEnd() {
    // What stands in the pipes was written before the end; a pipe holds 64 KiB, so this ends
    // even where a grandchild goes on writing.
    for _ in 0..<4 where output >= 0 { guard readOnce(output) else { break } }
    for _ in 0..<4 where error >= 0 { guard readOnce(error) else { break } }
    guard pid > 0 else { return }
    // The group first: until the child is reaped its number can't be another's.
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    pid = 0
    closeAll()
    owner.childDidEnd(self, status: status & 0x7f == 0 ? status >> 8 & 0xff : nil)
  }

  /// Kills the child and all it started, without waiting; the owner hears nothing more.
  func terminate() {
    closeAll()
    guard pid > 0 else { return }
    kill(-pid, SIGKILL)
    let ended = pid
    pid = 0
    // A child in uninterruptible sleep dies when that ends, and a loop can't wait for it.
    DispatchQueue.global().async {
      var status: Int32 = 0
      while waitpid(ended, &status, 0) < 0, errno == EINTR {}
    }
  }

  private func closeAll() {
    closeInput()
    for number in [output, error, end] where number >= 0 {
      loop.forget(number)
      Glibc.close(number)
    }
    (output, error, end) = (-1, -1, -1)
  }
}
