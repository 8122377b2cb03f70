import Glibc
import ProcFS
import Sampling

/// What Yama (Documentation/admin-guide/LSM/Yama.rst) lets us trace.
struct PtraceScope {
  private static let setting = "kernel.yama.ptrace_scope"

  /// `nil` where the kernel has no such setting, or it can't be read.
  private let scope: Int64?
  private let maySeeAll: Bool

  init(_ root: borrowing ProcRoot, using buffer: inout ReadBuffer) {
    scope = KernelSetting.ptraceScope.read(from: root, using: &buffer).value
    maySeeAll =
      root.readRecord(ProcPath("self/status"), into: &buffer) == .bytes
      && buffer.withBytes { Capabilities($0)?.has(.sysPtrace) } == true
  }

  /// What tracing without rights does to who is traced (execve(2): the set-user-ID bit isn't followed
  /// under a tracer that may not trace all).
  var warning: String? {
    maySeeAll
      ? nil
      : "traced without cap_sys_ptrace: set-user-ID programs that they started meanwhile (sudo, "
        + "ping) ran without their rights; trace as root"
  }

  /// Why nobody at all may be traced; `nil` where some may.
  var refusal: String? {
    switch scope {
    case 3:
      "\(PtraceScope.setting) is 3: nobody may trace here until the next boot, with it set to "
        + "less; --engine bpf doesn't need it"
    case 2 where !maySeeAll:
      "\(PtraceScope.setting) is 2: tracing takes root (or cap_sys_ptrace); "
        + "sudo culprit-agent trace …"
    default: nil
    }
  }

  /// What to do about a process that the kernel wouldn't let us trace.
  var advice: String {
    if maySeeAll {
      return "not permitted, though we may trace: a security module (SELinux's deny_ptrace, "
        + "AppArmor), or another user namespace; --engine bpf doesn't need it"
    }
    guard let scope, scope > 0 else {
      return "not permitted: it is another user's, or one that may not be dumped; "
        + "sudo culprit-agent trace …"
    }
    return "not permitted: \(PtraceScope.setting) is \(scope), so that only "
      + "\(scope == 1 ? "its parents" : "root") may trace it; sudo culprit-agent trace …, or "
      + "sysctl \(PtraceScope.setting)=0"
  }
}
