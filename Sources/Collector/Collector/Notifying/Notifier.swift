import Bytes
import CSystem
import Foundation
import Logging
import Records
import Synchronization

/// Runs a command through the shell, with an object of JSON on its standard input, when a host's
/// burst begins and when it is over. What the command prints goes to the log.
///
/// Nothing that a host said is part of the command or of its environment.
public final class Notifier: Sendable {
  /// How long a command may take.
  static let deadlineSeconds = 60.0
  /// A command that fails is told of once in so many seconds.
  static let complaintSeconds = 60.0
  /// What an agent says of a moment further away than this, by its own clock, is back-filled: it is
  /// no news.
  static let newsSeconds = 120.0
  private static let pollMilliseconds: Int32 = 250

  private struct State {
    var queue = NoticeQueue()
    /// The hosts' clocks minus ours, seconds.
    var offsets: [String: Double] = [:]
    var isStopping = false
  }

  private let command: String
  private let log: Logger
  private let deadlineSeconds: Double
  private let state: Mutex<State>
  /// Written to where there is something to do; closed by the thread at its end.
  private let wake: Int32
  private let ended = DispatchSemaphore(value: 0)

  public convenience init(command: String, log: Logger) {
    self.init(
      command: command, limits: NoticeQueue.Limits(), deadlineSeconds: Notifier.deadlineSeconds,
      log: log)
  }

  init(command: String, limits: NoticeQueue.Limits, deadlineSeconds: Double, log: Logger) {
    self.command = command
    self.log = log
    self.deadlineSeconds = deadlineSeconds
    var state = State()
    state.queue.limits = limits
    self.state = Mutex(state)
    wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    // It lives as long as its children: they die with the thread that started them.
    let thread = Thread { [self] in
      run()
      ended.signal()
    }
    thread.name = "culprit-notify"
    thread.start()
  }

  /// Takes in what the fleet tells: bursts, and how far the hosts' clocks are off.
  public func take(_ events: [FleetEvent]) {
    var isNews = false
    state.withLock { state in
      for event in events {
        switch event {
        case .status(let status):
          if let offset = status.clockOffset { state.offsets[status.host] = offset }
        case .burst(let report):
          let now = Timestamp.now.advanced(bySeconds: state.offsets[report.host] ?? 0)
          guard abs(now.seconds(since: report.burst.end)) <= Notifier.newsSeconds else { continue }
          state.queue.take(report, at: Notifier.clock)
          isNews = true
        default: break
        }
      }
    }
    if isNews { eventfd_write(wake, 1) }
  }

  /// Kills what runs; what waits is not told any more.
  public func stop() {
    state.withLock { $0.isStopping = true }
    eventfd_write(wake, 1)
    ended.wait()
  }

  // MARK: - The thread

  /// Boxed: what can't be copied has no place in an array.
  private final class Child {
    var child: NotifyChild?
    init(_ child: consuming NotifyChild) { self.child = consume child }
  }

  private func run() {
    var children: [Child] = []
    var nextComplaint = 0.0
    while !state.withLock({ $0.isStopping }) {
      start(&children)
      wait(children)
      for child in children { child.child?.settle(at: Notifier.clock) }
      children.removeAll { finish($0, &nextComplaint) }
      let dropped = state.withLock { state in
        state.queue.settle(at: Notifier.clock)
        return state.queue.takeDropped()
      }
      if dropped > 0 {
        log.warning("\(dropped) bursts were not told to the notify command: too many wait")
      }
    }
    children.removeAll()
    close(wake)
  }

  private func start(_ children: inout [Child]) {
    while let notice = state.withLock({ $0.queue.next(at: Notifier.clock) }) {
      do throws(NotifyFailure) {
        children.append(
          Child(
            try NotifyChild(command, notice, deadline: Notifier.clock + deadlineSeconds)))
      } catch {
        log.error("the notify command: \(error.description)")
        state.withLock { $0.queue.ended(notice.host) }
      }
    }
  }

  /// Until a command prints or ends, or there is something to do.
  private func wait(_ children: [Child]) {
    var waiting = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
    for child in children {
      waiting.append(pollfd(fd: child.child?.end ?? -1, events: Int16(POLLIN), revents: 0))
      waiting.append(pollfd(fd: child.child?.output ?? -1, events: Int16(POLLIN), revents: 0))
    }
    poll(&waiting, nfds_t(waiting.count), Notifier.pollMilliseconds)
    var count: eventfd_t = 0
    eventfd_read(wake, &count)
    for child in children { child.child?.read() }
  }

  /// Whether it has ended: then it is told.
  private func finish(_ box: Child, _ nextComplaint: inout Double) -> Bool {
    var ending = pollfd(fd: box.child?.end ?? -1, events: Int16(POLLIN), revents: 0)
    guard poll(&ending, 1, 0) > 0, let child = box.child.take() else { return false }
    let (host, wasKilled) = (child.host, child.wasKilled)
    let (status, printed) = child.finish()
    state.withLock { $0.queue.ended(host) }
    if !printed.isEmpty { log.notice("the notify command for \(host) says: \(printed)") }
    let now = Notifier.clock
    guard status != 0 || wasKilled, now >= nextComplaint else { return true }
    nextComplaint = now + Notifier.complaintSeconds
    log.error(
      wasKilled
        ? "the notify command for \(host) took longer than \(Int(deadlineSeconds)) s and was killed"
        : "the notify command for \(host) ended with status \(status)")
    return true
  }

  /// Seconds, monotonic.
  private static var clock: Double { Double(MonotonicClock.now) / 1e9 }
}
