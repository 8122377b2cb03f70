import CSystem
import Glibc

/// A stream from a child process of this machine: the `local` transport.
final class ChildCarrier: LinkCarrier {
  private let command: String
  private let loop: EventLoop
  private unowned let owner: any LinkCarrierOwner
  private var child: pid_t = 0
  /// Standard output and standard error; -1 once at their end.
  private var output: Int32 = -1
  private var error: Int32 = -1
  private(set) var deadline = UInt64.max

  init(command: String, loop: EventLoop, owner: any LinkCarrierOwner) {
    self.command = command
    self.loop = loop
    self.owner = owner
  }

  func open() {
    var outputs: [Int32] = [-1, -1]
    var errors: [Int32] = [-1, -1]
    guard culprit_pipe(&outputs) == 0, culprit_pipe(&errors) == 0 else {
      let reason = errorText(errno)
      for number in outputs + errors where number >= 0 { Glibc.close(number) }
      return owner.carrierDidFail(LinkFailure(.unreachable, "no pipe for the child: \(reason)"))
    }
    child = spawn(["sh", "-c", command], output: outputs[1], error: errors[1])
    Glibc.close(outputs[1])
    Glibc.close(errors[1])
    (output, error) = (outputs[0], errors[0])
    guard child > 0 else {
      let reason = errorText(-child)
      child = 0
      return owner.carrierDidFail(LinkFailure(.unreachable, "can't start a shell: \(reason)"))
    }
    for number in [output, error] {
      culprit_set_nonblocking(number)
      loop.watch(number, EPOLLIN.rawValue, self)
    }
    owner.carrierDidConnect(address: "local")
  }

  func handle(_ events: UInt32, of descriptor: Int32) {
    let count = read(descriptor, loop.buffer.baseAddress, loop.buffer.count)
    if count < 0 { return }
    guard count > 0 else { return atEnd(of: descriptor) }
    let bytes = loop.bytes(count)
    if descriptor == output {
      owner.carrierDidReceive(bytes.span)
    } else {
      owner.carrierDidReceiveError(bytes.span)
    }
  }

  private func atEnd(of descriptor: Int32) {
    loop.forget(descriptor)
    Glibc.close(descriptor)
    if descriptor == error {
      error = -1
      return
    }
    output = -1
    // What is left on standard error says why; give its end a moment to arrive.
    deadline = monotonicNow() + second / 5
    owner.carrierDeadlineChanged()
  }

  func deadlinePassed(_ now: UInt64) {
    deadline = .max
    owner.carrierDidEnd(status: reap())
  }

  func close() {
    for number in [output, error] where number >= 0 {
      loop.forget(number)
      Glibc.close(number)
    }
    (output, error) = (-1, -1)
    _ = reap()
  }

  /// Ends the child's process group and takes its exit status; `nil` where it was killed.
  private func reap() -> Int32? {
    guard child > 0 else { return nil }
    // The group first: until it is reaped the pid can't be another's, and a child that has ended
    // by itself keeps its status.
    kill(-child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    child = 0
    return status & 0x7f == 0 ? status >> 8 & 0xff : nil
  }
}
