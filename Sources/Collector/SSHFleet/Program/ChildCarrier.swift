import Glibc

/// A stream from a child process of this machine: the `local` transport.
final class ChildCarrier: LinkCarrier, ChildProcessOwner {
  private let command: String
  private unowned let owner: any LinkCarrierOwner
  private let loop: EventLoop
  private var child: ChildProcess?

  private var probe: ProgramProbe?

  var deadline: UInt64 { probe?.deadline ?? .max }
  func deadlinePassed(_ now: UInt64) { probe?.deadlinePassed(now) }
  func handle(_ events: UInt32, of descriptor: Int32) {}

  init(command: String, loop: EventLoop, owner: any LinkCarrierOwner) {
    self.command = command
    self.loop = loop
    self.owner = owner
  }

  func open() {
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    if let reason = child.start(["sh", "-c", command], isSentTo: true) {
      return owner.carrierDidFail(LinkFailure(.unreachable, reason))
    }
    _ = child.send(owner.carrierWillStart())
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

  func ask(_ command: String) {
    guard probe?.isDone ?? true else { return owner.carrierDidAnswer(nil) }
    let probe = ProgramProbe(loop: loop, waitsForLate: true) { [weak self] answer in
      self?.owner.carrierDidAnswer(answer)
    }
    self.probe = probe
    probe.start(["sh", "-c", command])
  }

  func send(_ bytes: [UInt8]) -> Bool { child?.send(bytes) ?? true }

  func childDidDrain(_ child: ChildProcess) { owner.carrierDidDrain() }

  func close() {
    probe?.cancel()
    probe = nil
    child?.terminate()
    child = nil
  }
}
