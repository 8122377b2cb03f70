import Dispatch

/// Threads for what blocks and can't be made not to: name look-ups, `ssh -G`, ssh-agent.
/// Work handed in from an event loop comes back to it as a message.
final class WorkerPool: Sendable {
  private let queue = DispatchQueue(label: "culprit.workers", attributes: .concurrent)
  private let places: DispatchSemaphore
  private let gate = DispatchQueue(label: "culprit.workers.gate")

  init(threads: Int = 8) {
    places = DispatchSemaphore(value: threads)
  }

  func run(_ work: @escaping @Sendable () -> Void) {
    gate.async { [queue, places] in
      places.wait()
      queue.async {
        work()
        places.signal()
      }
    }
  }
}
