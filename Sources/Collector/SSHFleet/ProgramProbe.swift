/// One bounded run of a program beside a stream: its output, as a whole, or nothing.
final class ProgramProbe: ChildProcessOwner {
  private let loop: EventLoop
  private var completion: (([UInt8]?) -> Void)?
  private var child: ChildProcess?
  private var output: [UInt8] = []
  private(set) var deadline = UInt64.max

  init(loop: EventLoop, completion: @escaping ([UInt8]?) -> Void) {
    self.loop = loop
    self.completion = completion
  }

  func start(_ arguments: [String]) {
    let child = ChildProcess(loop: loop, owner: self)
    self.child = child
    deadline = monotonicNow() + Probe.patience
    if child.start(arguments) != nil { finish(nil) }
  }

  func cancel() {
    completion = nil
    finish(nil)
  }

  func deadlinePassed(_ now: UInt64) { finish(nil) }

  func child(_ child: ChildProcess, didWrite bytes: Span<UInt8>) {
    for index in bytes.indices.prefix(Probe.answerLimit - output.count) {
      output.append(bytes[index])
    }
  }

  func child(_ child: ChildProcess, didComplain bytes: Span<UInt8>) {}

  func childDidEnd(_ child: ChildProcess, status: Int32?) { finish(output) }

  private func finish(_ answer: [UInt8]?) {
    deadline = .max
    child?.terminate()
    child = nil
    let completion = self.completion
    self.completion = nil
    completion?(answer)
  }
}

/// Bounds of a second command on a host's session.
enum Probe {
  /// A host in trouble is slow, and reading /proc of a stuck process may hang.
  static let patience: UInt64 = 10 * second
  /// Bytes of an answer that are kept.
  static let answerLimit = 64 << 10
}
