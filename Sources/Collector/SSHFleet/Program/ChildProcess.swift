import CSystem
import Dispatch
import Glibc

/// Who started a child process, on its loop's thread.
protocol ChildProcessOwner: AnyObject {
  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>)
  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>)
  /// It ended, and all that it wrote was handed over. `status` is `nil` where a signal ended it.
  func childDidEnd(_ child: ChildProcess, status: Int32?)
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

  var deadline: UInt64 { .max }
  func deadlinePassed(_ now: UInt64) {}

  init(loop: EventLoop, owner: any ChildProcessOwner) {
    self.loop = loop
    self.owner = owner
  }

  /// Starts a program of PATH. Without `input` it reads /dev/null; with it, standard input and
  /// standard output are both that descriptor, and only what it complains of is watched.
  /// Returns why it can't be started, or `nil`.
  func start(_ arguments: [String], inputAndOutput socket: Int32? = nil) -> String? {
    var outputs: [Int32] = [-1, -1]
    var errors: [Int32] = [-1, -1]
    guard culprit_pipe(&outputs) == 0, culprit_pipe(&errors) == 0 else {
      let reason = errorText(errno)
      for number in outputs + errors where number >= 0 { Glibc.close(number) }
      return "no pipe for \(arguments[0]): \(reason)"
    }
    pid = spawn(
      arguments, input: socket ?? -1, output: socket ?? outputs[1], error: errors[1])
    Glibc.close(outputs[1])
    Glibc.close(errors[1])
    (output, error) = (outputs[0], errors[0])
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
    for number in [output, error] { culprit_set_nonblocking(number) }
    for number in [output, error, end] { loop.watch(number, EPOLLIN.rawValue, self) }
    return nil
  }

  func handle(_ events: UInt32, of descriptor: Int32) {
    if descriptor == end { return takeEnd() }
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
    for number in [output, error, end] where number >= 0 {
      loop.forget(number)
      Glibc.close(number)
    }
    (output, error, end) = (-1, -1, -1)
  }
}
