import Foundation
import ProcFS
import TestSupport
import Testing

@testable import Sampling

@Suite("What doctor says of each source")
struct SourceProbeTests {
  private func probe(
    _ tree: HostTree, appending: [SourceStatus] = []
  ) throws -> [String: SourceStatus] {
    var probe = try SourceProbe(proc: tree.proc, sys: tree.sys)
    let sources = probe.run(appending: appending)
    #expect(Set(sources.map(\.name)).count == sources.count)
    return Dictionary(uniqueKeysWithValues: sources.map { ($0.name, $0) })
  }

  @Test("An empty root: nothing is available, nothing traps, every absence has its reason")
  func empty() throws {
    let sources = try probe(try HostTree())
    let names = [
      "host counters", "pressure", "file locks", "disks", "task I/O", "FUSE connections",
    ]
    for name in names {
      #expect(sources[name]?.status == .unsupported, "\(name)")
      #expect(sources[name]?.detail.isEmpty == false, "\(name)")
    }
  }

  @Test("Delay accounting: off, on, from before it could be switched, not compiled in")
  func delayAccounting() throws {
    let tree = try HostTree()
    try tree.set("6.1.0-13-amd64\n", "sys/kernel/osrelease")
    #expect(try probe(tree)["delay accounting"]?.status == .unsupported)
    try tree.set("0\n", "sys/kernel/task_delayacct")
    let off = try probe(tree)["delay accounting"]
    #expect(off?.status == .disabled)
    #expect(off?.remedy == "sysctl kernel.task_delayacct=1")
    try tree.set("1\n", "sys/kernel/task_delayacct")
    let on = try probe(tree)["delay accounting"]
    #expect(on?.status == .available && on?.remedy == nil)
    tree.remove("sys/kernel/task_delayacct")
    try tree.set("5.10.0\n", "sys/kernel/osrelease")
    #expect(try probe(tree)["delay accounting"]?.status == .available)
  }

  @Test("Without capabilities: denied, and the one command that gives them")
  func capabilities() throws {
    let tree = try HostTree()
    try tree.set("Name:\tx\nCapEff:\t0000000000000000\n", "self/status")
    try tree.set("rchar: 1\n", "self/io")
    try tree.folder.makeFolder("sys/kernel/btf")
    try tree.folder.write("", to: "sys/kernel/btf/vmlinux")
    var sources = try probe(tree)
    for name in ["task I/O", "taskstats", "BTF"] {
      #expect(sources[name]?.status == .denied, "\(name)")
      #expect(sources[name]?.remedy == Capabilities.setcap, "\(name)")
    }
    // cap_dac_read_search, net_admin, sys_ptrace, perfmon, bpf
    let bits: UInt64 = 1 << 2 | 1 << 12 | 1 << 19 | 1 << 38 | 1 << 39
    try tree.set("CapEff:\t\(String(bits, radix: 16))\n", "self/status")
    sources = try probe(tree)
    for name in ["task I/O", "taskstats", "BTF"] {
      #expect(sources[name]?.status == .available, "\(name)")
      #expect(sources[name]?.remedy == nil, "\(name)")
    }
  }

  @Test("FUSE and NFS: loaded, but their file systems aren't mounted")
  func mounts() throws {
    let tree = try HostTree()
    try tree.folder.makeFolder("sys/fs/fuse/connections")
    try tree.folder.makeFolder("proc/fs/nfsd")
    var sources = try probe(tree)
    #expect(sources["FUSE connections"]?.status == .disabled)
    #expect(
      sources["FUSE connections"]?.remedy == "mount -t fusectl fusectl /sys/fs/fuse/connections")
    #expect(sources["NFS clients"]?.status == .disabled)
    #expect(sources["NFS clients"]?.remedy == "mount -t nfsd nfsd /proc/fs/nfsd")
    try tree.folder.makeFolder("proc/fs/nfsd/clients")
    sources = try probe(tree)
    #expect(sources["NFS clients"]?.status == .available)
  }

  @Test("What others tried is appended")
  func appended() throws {
    let other = SourceStatus(name: "bpf engine", purpose: "tasks", status: .denied)
    #expect(try probe(try HostTree(), appending: [other])["bpf engine"] == other)
  }

  @Test("This host: what can be read is said to be available", .enabled(if: Machine.isRoot))
  func live() throws {
    var probe = try SourceProbe()
    let sources = probe.run()
    for name in ["host counters", "disks", "file locks", "processes", "task I/O"] {
      #expect(sources.first { $0.name == name }?.status == .available, "\(name)")
    }
    let setting = TestFolder.text("/proc/sys/kernel/task_delayacct")
    if setting == "0\n" {
      #expect(sources.first { $0.name == "delay accounting" }?.status == .disabled)
    }
    // It changes nothing.
    #expect(TestFolder.text("/proc/sys/kernel/task_delayacct") == setting)
  }

  @Test(
    "CapEff, or nothing",
    arguments: ["", "CapEff:\n", "CapEff:\tzz\n", "CapEff:\t12345678901234567\n"])
  func hostileStatus(text: String) {
    #expect(Capabilities(Array(text.utf8).span) == nil)
  }
}
