import ProcFS
import Records

/// Whether the kernel counts what tasks wait for block I/O (`kernel.task_delayacct`, since Linux
/// 5.14 off unless asked for; before, on where it was built in).
///
/// Only tasks that started after it was switched on are counted.
struct DelayAccounting {
  /// Ticks between two looks.
  private static let patience = 16

  private var isOn = false
  /// Boot ticks at which it was seen to be switched on; 0 where it was before we came.
  private var onSince: UInt64 = 0
  private var wait = 0
  private var buffer = ReadBuffer(capacity: 64, limit: 64)

  init(_ root: borrowing ProcRoot) { look(root, at: 0) }

  mutating func look(_ root: borrowing ProcRoot, at bootTicks: UInt64) {
    wait -= 1
    guard wait < 0 else { return }
    wait = DelayAccounting.patience
    let wasOn = isOn
    switch root.read("sys/kernel/task_delayacct", into: &buffer) {
    case .bytes: isOn = buffer.withBytes { $0.count > 0 && $0[0] == UInt8(ascii: "1") }
    default: isOn = true
    }
    if isOn, !wasOn { onSince = bootTicks }
  }

  /// What a process's delay is.
  func reading(_ ticks: UInt64, of process: ProcessID) -> Reading<UInt64> {
    guard isOn, process.startTicks >= onSince else { return .disabled }
    return .known(ticks &* EngineClock.nanosecondsPerTick)
  }
}
