import Glibc

/// A stream from a child process of this machine: the `local` transport.
final class ChildCarrier: LinkCarrier, ChildProcessOwner {
  private let command: String
  private unowned let owner: any LinkCarrierOwner
  private let loop: EventLoop
  private var child: ChildProcess?

  var deadline: UInt64 { .max }
  func deadlinePassed(_ now: UInt64) {}
  func handle(_ events: UInt32, of descriptor: Int32) {}

  init(command: String, loop: EventLoop, owner: any LinkCarrierOwner) {
    self.command = command
    self.loop = loop
    self.owner = owner
  }

  func open() {
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    if let reason = child.start(["sh", "-c", command]) {
      return owner.carrierDidFail(LinkFailure(.unreachable, reason))
    }
    owner.carrierDidConnect(address: "local")
  }

  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>) {
    owner.carrierDidReceive(bytes)
  }

  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>) {
    owner.carrierDidReceiveError(bytes)
  }

  func childDidEnd(_ child: ChildProcess, status: Int32?) {
    owner.carrierDidEnd(status: status)
  }

  func close() {
    child?.terminate()
    child = nil
  }
}
