import Bytes
import Glibc
import ProcFS
import Records

// What is read of tasks.
extension SourceProbe {
  /// Whether every process can be seen: `hidepid` hides others', and a pid namespace all outside.
  mutating func processes() -> SourceStatus {
    var source = SourceStatus(
      name: "processes", purpose: "every process of the host", status: .available)
    guard proc.isLive, let total = tasks() else { return source }
    if let option = hiding(), !capabilities.has(.sysPtrace) {
      source.status = .denied
      source.detail = "/proc is mounted with \(option): processes of others are hidden."
      source.remedy = "mount -o remount,hidepid=0 /proc"
      return source
    }
    // Tasks come and go between the two readings; a quarter of them doesn't.
    let seen = visibleTasks()
    if seen < total / 4 * 3 {
      source.status = .denied
      source.detail =
        "\(seen) of \(total) tasks can be seen: this is a pid namespace of its own."
      source.remedy = "run culprit-agent in the host's pid namespace (docker run --pid=host …)"
    }
    return source
  }

  /// The mount option that hides processes.
  private mutating func hiding() -> String? {
    guard proc.read("self/mountinfo", into: &buffer) == .bytes else { return nil }
    let mounts = buffer.withBytes { MountTable($0) }
    let options = mounts.entries.last { $0.type == "proc" && $0.mountPoint == proc.path }?.options
    for option in (options ?? "").split(separator: ",") {
      // By number, or since Linux 5.8 by name.
      if option.hasPrefix("hidepid="), option != "hidepid=0", option != "hidepid=off" {
        return String(option)
      }
    }
    return nil
  }

  private mutating func tasks() -> UInt64? {
    guard proc.read("loadavg", into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { LoadReading($0)?.tasks }
  }

  private mutating func visibleTasks() -> UInt64 {
    var pids: [Int32] = []
    _ = proc.listNumbers(ProcPath(), using: &buffer) { pids.append($0) }
    var count: UInt64 = 0
    for pid in pids {
      _ = proc.listNumbers(ProcPath(pid: pid, "task"), using: &buffer) { _ in count += 1 }
    }
    return count
  }

  /// `/proc/PID/io` is 0400 and checked as for ptrace; PID 1 is somebody else's unless we are
  /// root, and may refuse even root (it isn't dumpable).
  mutating func taskIO() -> SourceStatus {
    var source = SourceStatus(
      name: "task I/O", purpose: "bytes that each process moves", status: .available)
    switch proc.readRecord(ProcPath("self/io"), into: &buffer) {
    case .vanished, .failed:
      source.status = .unsupported
      source.detail = "This kernel was built without CONFIG_TASK_IO_ACCOUNTING."
    case .denied, .bytes:
      guard !capabilities.has(.sysPtrace) else { break }
      source.status = .denied
      source.detail = "Only of processes of our own user."
      source.remedy = Capabilities.setcap
    }
    return source
  }

  /// `/proc/PID/stack` wants CAP_SYS_ADMIN since Linux 4.20 (fs/proc/base.c); a BPF program gets
  /// stacks without it.
  mutating func stacks() -> SourceStatus {
    var source = SourceStatus(
      name: "kernel stacks", purpose: "what a waiting task waits for", status: .available)
    switch proc.readRecord(ProcPath("self/stack"), into: &buffer) {
    case .bytes: break
    case .vanished, .failed:
      source.status = .unsupported
      source.detail = "This kernel was built without CONFIG_STACKTRACE."
    case .denied:
      source.status = .denied
      source.detail = "/proc/PID/stack needs cap_sys_admin; the bpf engine doesn't."
      source.remedy = Capabilities.setcapWithAdmin
    }
    return source
  }

  mutating func kernelSymbols() -> SourceStatus {
    var source = SourceStatus(
      name: "kernel symbols", purpose: "names of the functions in stacks", status: .available)
    let restriction = KernelSetting.pointerRestriction.read(from: proc, using: &buffer)
    guard let value = restriction.value else {
      source.status = restriction.absence == "denied" ? .denied : .unsupported
      return source
    }
    if value >= 2 || value == 1 && !capabilities.has(.syslog) {
      // Names are printed all the same (%pB); only addresses are zeros.
      source.detail = "kptr_restrict=\(value): addresses are hidden, names aren't."
    }
    return source
  }

  /// Trap: it counts for tasks only that were started after it was switched on.
  mutating func delayAccounting() -> SourceStatus {
    var source = SourceStatus(
      name: "delay accounting", purpose: "how long each task waited for disks and swap",
      status: .available)
    let setting = KernelSetting.delayAccounting.read(from: proc, using: &buffer)
    switch setting {
    case .known(0):
      source.status = .disabled
      source.detail = "Off by default since Linux 5.14; it counts tasks started afterwards."
      source.remedy = "sysctl kernel.task_delayacct=1"
    case .known:
      source.detail = "Tasks started before it was switched on are not counted."
    case .denied: source.status = .denied
    case .unsupported, .disabled, .gap:
      // Up to 5.13 there is no setting: it is on where compiled in, unless booted `nodelayacct`.
      let isOld = kernel().map { $0 < KernelVersion(5, 14) } ?? false
      source.status = isOld ? .available : .unsupported
      source.detail =
        isOld
        ? "On unless the kernel was booted with nodelayacct."
        : "This kernel was built without CONFIG_TASK_DELAY_ACCT."
    }
    return source
  }

  /// Exit records need CAP_NET_ADMIN, in the initial user and pid namespaces (kernel/taskstats.c).
  mutating func taskstats() -> SourceStatus {
    var source = SourceStatus(
      name: "taskstats", purpose: "last bytes of processes that end between two ticks",
      status: .available)
    if !capabilities.has(.netAdmin) {
      source.status = .denied
      source.detail = "It needs cap_net_admin."
      source.remedy = Capabilities.setcap
    } else if !isInitialNamespace("pid", 0xEFFF_FFFC) || !isInitialNamespace("user", 0xEFFF_FFFD) {
      source.status = .denied
      source.detail = "It is given only in the initial user and pid namespaces."
      source.remedy = "run culprit-agent on the host (docker run --pid=host --userns=host …)"
    }
    return source
  }

  /// The initial namespaces have fixed inode numbers (include/linux/proc_ns.h).
  private func isInitialNamespace(_ kind: String, _ inode: UInt64) -> Bool {
    guard proc.isLive, let status = proc.status(ProcPath("self/ns/\(kind)")) else { return true }
    return UInt64(status.st_ino) == inode
  }
}
