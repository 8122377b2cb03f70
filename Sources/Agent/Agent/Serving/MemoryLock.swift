import CSystem
import Glibc
import Records
import Wire

/// Keeps what the agent works with in memory, once it has done all that it does at least once: a
/// page of the program that isn't there would be read from the disk that hangs.
struct MemoryLock {
  private static let warmUpTicks = 3

  private let reporter: ReportSource
  private let resident: Resident
  private var ticks = 0

  init(reporter: ReportSource, resident: Resident) {
    self.reporter = reporter
    self.resident = resident
  }

  /// What people should know of it, once.
  mutating func afterTick(at time: Timestamp) -> Notice? {
    ticks += 1
    guard ticks == MemoryLock.warmUpTicks else { return nil }
    // What answers questions is to be there too.
    _ = FrameServer.frame(reporter.answer(getpid(), resident), 0)
    let result = culprit_lock_memory()
    guard result < 0 else { return nil }
    return Notice(
      time: time, severity: .warning,
      text: "the agent's memory isn't locked (\(String(cString: strerror(-result)))): it may hang "
        + "with the disk that its program is on; give it cap_ipc_lock or LimitMEMLOCK=infinity")
  }
}
