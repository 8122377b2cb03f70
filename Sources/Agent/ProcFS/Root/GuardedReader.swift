import Glibc

/// How a guarded reading went.
public enum GuardedOutcome: Equatable, Sendable {
  /// It came back in time, or the answer to an earlier one has come meanwhile.
  case read(ReadOutcome)
  /// It hangs: now, or still.
  case late
  /// Every thread hangs with another one.
  case refused
}

/// Reads files that may hang, on threads of its own and with a deadline.
///
/// `io`, `stack` and `syscall` take the lock that exec(2) holds, `cmdline` the process's memory
/// map; a process that is stuck with them stops whoever reads (`do_io_accounting` and `lock_trace`
/// in fs/proc/base.c, `get_mm_cmdline`). A thread that hangs so is left to it, and the next one
/// goes on; when the answer comes after all, it is given to who asks next for the same.
///
/// Many requests go to a thread at once, so that guarding costs two switches and not two each.
public struct GuardedReader: ~Copyable {
  public static let defaultDeadlineMilliseconds: Int32 = 20
  public static let defaultFileLimit = 4096
  /// A thread that wants to run and doesn't get to it is waited for longer: as many deadlines.
  private static let patience = 25

  private let root: Int32
  private let workerLimit: Int
  private let fileLimit: Int
  private let deadlineMilliseconds: Int32
  private var workers: [GuardedWorker] = []

  /// - Parameter workerLimit: as many readings may hang before others are refused. Threads are
  ///   started when they are needed.
  /// - Parameter fileLimit: of each file at most so many bytes are read.
  public init(
    root: borrowing ProcRoot, workerLimit: Int = 4, fileLimit: Int = defaultFileLimit,
    deadlineMilliseconds: Int32 = defaultDeadlineMilliseconds
  ) {
    // A descriptor of its own: a thread that hangs may outlive the root.
    self.root = dup(root.descriptor)
    self.workerLimit = workerLimit
    self.fileLimit = fileLimit
    self.deadlineMilliseconds = deadlineMilliseconds
  }

  deinit {
    for worker in workers { worker.dismiss() }
    close(root)
  }

  /// Threads that hang.
  public var hanging: Int { workers.count { $0.isHanging } }

  /// Reads all of `requests`, and calls `body` with each one's place, outcome and bytes, in order.
  /// Of each file no more than the limit is read.
  public mutating func read(
    _ requests: [TaskFileRequest], _ body: (Int, GuardedOutcome, Span<UInt8>) -> Void
  ) {
    var next = 0
    while next < requests.count {
      if let worker = keeper(of: requests[next]) {
        worker.deliverLate(place: next, body)
        next += 1
        continue
      }
      guard let worker = freeWorker() else {
        body(next, .refused, Span())
        next += 1
        continue
      }
      worker.clear()
      var end = next
      while end < requests.count, end - next < GuardedWorker.requestLimit,
        keeper(of: requests[end]) == nil
      {
        worker.add(requests[end])
        end += 1
      }
      worker.start()
      let done = wait(for: worker)
      worker.deliver(done, from: next, body)
      next += done
      guard worker.isHanging else { continue }
      body(next, .late, Span())
      next += 1
    }
  }

  /// Reads one file into `buffer`.
  public mutating func read(
    _ request: TaskFileRequest, into buffer: inout ReadBuffer
  ) -> GuardedOutcome {
    var result = GuardedOutcome.refused
    read([request]) { _, outcome, bytes in
      result = outcome
      buffer.set(bytes)
    }
    return result
  }

  /// The worker that hangs with `request`, or did and has its answer now.
  private func keeper(of request: TaskFileRequest) -> GuardedWorker? {
    for worker in workers where worker.hangsWith == request { return worker }
    return nil
  }

  private mutating func freeWorker() -> GuardedWorker? {
    for worker in workers where worker.isFree { return worker }
    if workers.count < workerLimit {
      guard let worker = GuardedWorker(root: root, fileLimit: fileLimit) else { return nil }
      workers.append(worker)
      return worker
    }
    // An answer that nobody came for.
    for worker in workers where worker.takeBack() { return worker }
    return nil
  }

  /// How many of the worker's requests it has done. Where that isn't all of them it hangs, or its
  /// room was full.
  private func wait(for worker: GuardedWorker) -> Int {
    var last = 0
    for _ in 0..<GuardedReader.patience {
      if worker.wait(milliseconds: deadlineMilliseconds) { return worker.progress }
      let done = worker.progress
      if done == last, !worker.wantsToRun { break }
      last = done
    }
    return worker.abandon()
  }
}
