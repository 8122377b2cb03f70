import Bytes
import Records

/// A number below `/proc/sys` (sysctl(8)).
public enum KernelSetting: String, CaseIterable, Sendable {
  /// 1: block and swap delays are counted, of tasks started since. Off by default since Linux
  /// 5.14; before, always on where compiled in, and not there to be read.
  case delayAccounting = "sys/kernel/task_delayacct"
  /// 0: kernel addresses are shown; 1: to who has CAP_SYSLOG; 2: to nobody.
  case pointerRestriction = "sys/kernel/kptr_restrict"
  case perfEventParanoia = "sys/kernel/perf_event_paranoid"
  /// Above 0: bpf(2) needs CAP_BPF.
  case unprivilegedBPFDisabled = "sys/kernel/unprivileged_bpf_disabled"
  /// 0: who could debug may trace; 1: only ancestors; 2: only CAP_SYS_PTRACE; 3: nobody.
  case ptraceScope = "sys/kernel/yama/ptrace_scope"

  public func read(
    from proc: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> Reading<Int64> {
    let outcome = proc.readRecord(ProcPath(rawValue), into: &buffer)
    if outcome == .vanished { return .unsupported }
    return outcome.reading { buffer.withBytes { KernelSetting.value($0) } }
  }

  /// A number with or without a newline behind it.
  static func value(_ text: Span<UInt8>) -> Int64? {
    var end = text.count
    if end > 0, text[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    return text.decimal(in: 0..<end)
  }
}
