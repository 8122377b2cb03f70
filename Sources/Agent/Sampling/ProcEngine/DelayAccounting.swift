import Bytes
import ProcFS
import Records

/// Whether the kernel counts what tasks wait for block I/O (`kernel.task_delayacct`, since Linux
/// 5.14 off unless asked for; before, on where it was built in).
///
/// Only tasks that started after it was switched on are counted.
struct DelayAccounting {
  /// Ticks between two looks.
  private static let patience = 16

  private enum Counting {
    case on
    case off
    /// The kernel was built without it.
    case missing
  }

  private var counting = Counting.off
  /// Boot ticks at which it was seen to be switched on; 0 where it was before we came.
  private var onSince: UInt64 = 0
  private var wait = 0
  private var buffer = ReadBuffer(capacity: 256, limit: 4096)

  init(_ root: borrowing ProcRoot) { look(root, at: 0) }

  mutating func look(_ root: borrowing ProcRoot, at bootTicks: UInt64) {
    wait -= 1
    guard wait < 0 else { return }
    wait = DelayAccounting.patience
    let wasOn = counting == .on
    switch KernelSetting.delayAccounting.read(from: root, using: &buffer) {
    case .known(1): counting = .on
    case .known, .denied: counting = .off
    case .unsupported, .disabled, .gap: counting = withoutSetting(root)
    }
    if counting == .on, !wasOn { onSince = bootTicks }
  }

  /// Before Linux 5.14 there is no setting: it is on unless the kernel was booted `nodelayacct`.
  private mutating func withoutSetting(_ root: borrowing ProcRoot) -> Counting {
    if root.read("cmdline", into: &buffer) == .bytes,
      buffer.withBytes({ $0.contains("nodelayacct") })
    {
      return .off
    }
    guard let version = KernelVersion(from: root, using: &buffer) else { return .on }
    return version < KernelVersion(5, 14) ? .on : .missing
  }

  /// What a process's delay is.
  func reading(_ ticks: UInt64, of process: ProcessID) -> Reading<UInt64> {
    if counting == .missing { return .unsupported }
    guard counting == .on, process.startTicks >= onSince else { return .disabled }
    return .known(ticks &* EngineClock.nanosecondsPerTick)
  }
}
