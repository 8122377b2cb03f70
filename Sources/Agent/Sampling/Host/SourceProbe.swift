import Bytes
import Glibc
import ProcFS
import Records

/// Finds out how each data source stands on this host. It reads and changes nothing.
///
/// What BPF can do here is tried elsewhere and appended.
public struct SourceProbe: ~Copyable {
  let proc: ProcRoot
  let sys: ProcRoot
  let capabilities: Capabilities
  var buffer: ReadBuffer

  /// - Throws: `ProcError.open`, where there is no such folder as `proc` or `sys`.
  public init(proc: String = "/proc", sys: String = "/sys") throws(ProcError) {
    let procRoot = try ProcRoot(proc)
    let sysRoot = try ProcRoot(sys)
    var buffer = ReadBuffer()
    let isRead = procRoot.read("self/status", into: &buffer) == .bytes
    capabilities =
      (isRead ? buffer.withBytes { Capabilities($0) } : nil) ?? Capabilities(bits: 0)
    self.proc = procRoot
    self.sys = sysRoot
    self.buffer = buffer
  }

  /// All sources; `appended` are those that others tried.
  public mutating func run(appending appended: [SourceStatus] = []) -> [SourceStatus] {
    var optional = [delayAccounting(), fuse(), nfsClients()]
    for index in optional.indices { optional[index].isOptional = true }
    return [
      host(), pressure(), disks(), locks(), processes(), taskIO(), stacks(), kernelSymbols(),
      taskstats(), typeInformation(),
    ] + optional + appended
  }

  private mutating func host() -> SourceStatus {
    var source = SourceStatus(
      name: "host counters", purpose: "the vmstat row, load and memory", status: .available)
    for file in ["stat", "meminfo", "vmstat", "loadavg"] {
      let outcome = proc.read(ProcPath(file), into: &buffer)
      guard outcome != .bytes else { continue }
      source.status = outcome == .denied ? .denied : .unsupported
      source.detail = "/proc/\(file) can't be read."
      source.remedy = "mount -t proc proc /proc"
    }
    return source
  }

  private mutating func pressure() -> SourceStatus {
    let name = "pressure"
    let purpose = "stall time of CPU, I/O and memory (PSI): what a burst begins with"
    switch proc.readRecord(ProcPath("pressure/io"), into: &buffer) {
    case .bytes: return SourceStatus(name: name, purpose: purpose, status: .available)
    case .denied:
      return SourceStatus(
        name: name, purpose: purpose, status: .denied, detail: "/proc/pressure is closed to us.",
        remedy: Capabilities.setcap)
    case .failed(EOPNOTSUPP):
      return SourceStatus(
        name: name, purpose: purpose, status: .disabled,
        detail: "The kernel was booted without it.", remedy: SourceProbe.bootWithPressure)
    case .vanished, .failed: return missingPressure(name, purpose)
    }
  }

  /// Debian and others compile PSI in, switched off or on; before Linux 4.20 there is none.
  private mutating func missingPressure(_ name: String, _ purpose: String) -> SourceStatus {
    let isOld = kernel().map { $0 < KernelVersion(4, 20) } ?? false
    return SourceStatus(
      name: name, purpose: purpose, status: .unsupported,
      detail: isOld
        ? "It came with Linux 4.20." : "This kernel was built without CONFIG_PSI.")
  }

  static let bootWithPressure =
    "grubby --update-kernel=ALL --args=psi=1  (or psi=1 in GRUB_CMDLINE_LINUX), and reboot"

  private mutating func disks() -> SourceStatus {
    let (name, purpose) = ("disks", "what each block device does")
    guard proc.read("diskstats", into: &buffer) == .bytes else {
      return SourceStatus(
        name: name, purpose: purpose, status: .unsupported,
        detail: "/proc/diskstats can't be read.")
    }
    guard sys.status(ProcPath("block")) != nil else {
      return SourceStatus(
        name: name, purpose: purpose, status: .available,
        detail: "Without /sys, stacked devices are known by their names only.",
        remedy: "mount -t sysfs sysfs /sys")
    }
    return SourceStatus(name: name, purpose: purpose, status: .available)
  }

  private mutating func locks() -> SourceStatus {
    let (name, purpose) = ("file locks", "who holds a lock and who waits for it")
    guard proc.read("locks", into: &buffer) == .bytes else {
      return SourceStatus(
        name: name, purpose: purpose, status: .unsupported,
        detail: "This kernel was built without CONFIG_FILE_LOCKING.")
    }
    return SourceStatus(name: name, purpose: purpose, status: .available)
  }

  /// Linux's version; `nil` where it can't be read.
  mutating func kernel() -> KernelVersion? { KernelVersion(from: proc, using: &buffer) }
}
