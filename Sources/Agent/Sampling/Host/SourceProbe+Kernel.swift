import Bytes
import Glibc
import ProcFS
import Records

// What the kernel gives beside /proc/PID.
extension SourceProbe {
  /// BTF: what lets one BPF object fit any kernel.
  mutating func typeInformation() -> SourceStatus {
    var source = SourceStatus(
      name: "BTF", purpose: "the kernel's types, for the bpf engine", status: .available)
    guard sys.status(ProcPath("kernel/btf/vmlinux")) != nil else {
      source.status = .unsupported
      source.detail = "This kernel was built without CONFIG_DEBUG_INFO_BTF."
      return source
    }
    // Before Linux 5.8 both were part of cap_sys_admin, and still are.
    let mayLoad =
      capabilities.has(.sysAdmin) || capabilities.has(.bpf) && capabilities.has(.perfmon)
    if !mayLoad {
      source.detail = "The types are there; the bpf engine also needs cap_bpf and cap_perfmon."
      source.status = .denied
      source.remedy = Capabilities.setcap
    }
    return source
  }

  mutating func fuse() -> SourceStatus {
    var source = SourceStatus(
      name: "FUSE connections", purpose: "who awaits a FUSE server's answer", status: .available)
    var numbers: [Int32] = []
    switch FuseConnections.waiting(in: sys, numbers: &numbers, using: &buffer) {
    case .known: break
    case .denied:
      source.status = .denied
      source.detail = "Connections are their owners' to read."
      source.remedy = Capabilities.setcap
    case .disabled:
      source.status = .disabled
      source.detail = "fusectl isn't mounted."
      source.remedy = "mount -t fusectl fusectl /sys/fs/fuse/connections"
    case .unsupported, .gap:
      source.status = .unsupported
      source.detail = "FUSE isn't loaded: there is nothing to wait for."
    }
    return source
  }

  /// The folder is there while the nfsd file system is mounted on `/proc/fs/nfsd`.
  mutating func nfsClients() -> SourceStatus {
    var source = SourceStatus(
      name: "NFS clients", purpose: "which NFSv4 client holds a lock of this host's NFS server",
      status: .available)
    let clients = proc.listNumbers(ProcPath("fs/nfsd/clients"), using: &buffer) { _ in }
    switch clients {
    case .bytes: break
    case .denied:
      source.status = .denied
      source.remedy = Capabilities.setcap
    case .vanished, .failed: missing(&source)
    }
    return source
  }

  private mutating func missing(_ source: inout SourceStatus) {
    if proc.status(ProcPath("fs/nfsd/versions")) != nil {
      source.status = .unsupported
      source.detail = "It came with Linux 5.3."
    } else if proc.status(ProcPath("fs/nfsd")) != nil {
      source.status = .disabled
      source.detail = "The NFS server's file system isn't mounted."
      source.remedy = "mount -t nfsd nfsd /proc/fs/nfsd"
    } else {
      source.status = .unsupported
      source.detail = "This host has no NFS server."
    }
  }
}
