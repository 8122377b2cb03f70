/// One bounded run of a program beside a stream: its output, as a whole, or nothing.
///
/// One that is late is killed, or waited for where killing it wouldn't end what it started: ps
/// hangs in `D` on the very host that is in trouble, and a second one would be one more.
final class ProgramProbe: ChildProcessOwner {
  private let loop: EventLoop
  private var completion: (([UInt8]?) -> Void)?
  private var child: ChildProcess?
  private var output: [UInt8] = []
  private(set) var deadline = UInt64.max

  private let waitsForLate: Bool

  init(
    loop: EventLoop, waitsForLate: Bool = false, completion: @escaping ([UInt8]?) -> Void
  ) {
    self.loop = loop
    self.waitsForLate = waitsForLate
    self.completion = completion
  }

  /// Whether nothing of it runs any more.
  var isDone: Bool { child == nil }

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

  func deadlinePassed(_ now: UInt64) {
    guard waitsForLate else { return finish(nil) }
    deadline = .max
    let completion = self.completion
    self.completion = nil
    completion?(nil)
  }

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
