import Foundation
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("What is looked up by name: mounts, devices, FUSE, NFS, settings")
struct SystemFileTests {
  @Test("Mounts: type, place, options, escapes; how their bytes are counted")
  func mounts() throws {
    let text = """
      36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue
      37 36 0:52 / /mnt\\0402/nfs rw - nfs4 srv:/x rw,vers=4.2
      38 36 0:53 / /mnt\\0402/nfsx rw - fuse.sshfs a@b: rw
      39 36 0:54 / /tank rw - zfs tank rw
      40 36 0:5 / /proc rw,nosuid - proc proc rw,hidepid=2

      """
    let table = parse(text) { MountTable($0) }
    #expect(table.entries.map(\.type) == ["ext3", "nfs4", "fuse.sshfs", "zfs", "proc"])
    let accounting: [MountEntry.Accounting] = [.local, .network, .userspace, .ownCache, .memory]
    #expect(table.entries.map(\.accounting) == accounting)
    #expect(table.entries.last?.options == "rw,hidepid=2")
    #expect(table[0, 52]?.source == "srv:/x")
    #expect(table.mount(of: "/mnt 2/nfs/a")?.type == "nfs4")
    #expect(table.mount(of: "/mnt 2/nfsy")?.type == "ext3")
    #expect(table.mount(of: "/elsewhere") == nil)
  }

  @Test("Devices: whole or partition, what is stacked on what")
  func devices() throws {
    let tree = try TestFolder()
    let folders = [
      "sda/holders/dm-0", "dm-0/slaves/sda", "odd0/slaves/sda", "sdb/slaves",
      "cciss!c0d0/slaves", "zram0", "ram1", "loop3/loop", "md7/slaves",
    ]
    for folder in folders {
      try tree.makeFolder("block/\(folder)")
    }
    try tree.write("/srv/disk\u{1b}.img\n", to: "block/loop3/loop/backing_file")
    let sys = try ProcRoot(tree.path)
    var buffer = ReadBuffer()
    let layers: [(String, DiskSample.Layer)] = [
      ("sda", .physical), ("sdb", .physical), ("cciss/c0d0", .physical), ("dm-0", .stacked),
      ("odd0", .stacked), ("loop3", .stacked), ("md7", .stacked), ("zram0", .memory),
      ("ram1", .memory), ("nothing", .physical),
    ]
    for (name, layer) in layers {
      #expect(BlockDevice.layer(of: diskName(name), in: sys, using: &buffer) == layer, "\(name)")
    }
    #expect(BlockDevice.isWhole(diskName("sda"), in: sys) == true)
    #expect(BlockDevice.isWhole(diskName("cciss/c0d0"), in: sys) == true)
    #expect(BlockDevice.isWhole(diskName("sda1"), in: sys) == false)
    #expect(BlockDevice.holders(of: diskName("sda"), in: sys, using: &buffer) == ["dm-0"])
    #expect(BlockDevice.slaves(of: diskName("dm-0"), in: sys, using: &buffer) == ["sda"])
    #expect(
      BlockDevice.backingFile(of: diskName("loop3"), in: sys, using: &buffer)
        == "/srv/disk\u{241b}.img")
    #expect(BlockDevice.backingFile(of: diskName("sda"), in: sys, using: &buffer) == nil)
  }

  @Test("A name that climbs out of sysfs finds nothing")
  func climbing() throws {
    let tree = try TestFolder()
    try tree.makeFolder("block/sda")
    try tree.makeFolder("slaves/x")
    let sys = try ProcRoot(tree.path)
    var buffer = ReadBuffer()
    for name in ["..", "../..", "."] {
      #expect(BlockDevice.slaves(of: diskName(name), in: sys, using: &buffer).isEmpty)
    }
  }

  @Test("FUSE: without the folder unsupported, unmounted disabled, else the sum of all requests")
  func fuse() throws {
    let tree = try TestFolder()
    let sys = try ProcRoot(tree.path)
    var (numbers, buffer): ([Int32], ReadBuffer) = ([], ReadBuffer())
    #expect(FuseConnections.waiting(in: sys, numbers: &numbers, using: &buffer) == .unsupported)
    try tree.makeFolder("fs/fuse/connections")
    #expect(FuseConnections.waiting(in: sys, numbers: &numbers, using: &buffer) == .disabled)
    for (number, waiting) in [(52, "3\n"), (60, "0\n"), (61, "4"), (62, "x\n")] {
      try tree.makeFolder("fs/fuse/connections/\(number)")
      try tree.write(waiting, to: "fs/fuse/connections/\(number)/waiting")
    }
    #expect(FuseConnections.waiting(in: sys, numbers: &numbers, using: &buffer) == .known(7))
    let busy = FuseConnections.busy(in: sys, using: &buffer)
    #expect(
      Dictionary(uniqueKeysWithValues: busy.map { ($0.minor, $0.waiting) }) == [52: 3, 61: 4])
  }

  @Test("NFS: the client that holds a lock of a file, and the file's name")
  func nfs() throws {
    let tree = try TestFolder()
    try tree.makeFolder("fs/nfsd/clients/3")
    try tree.makeFolder("fs/nfsd/clients/4")
    try tree.write(
      "clientid: 0x1\naddress: \"10.0.0.7:862\"\nname: \"Linux NFSv4.2 web3\"\nminor version: 2\n",
      to: "fs/nfsd/clients/4/info")
    try tree.write(
      "- 0x1: { type: open, access: rw, superblock: \"fd:00:1234\", filename: \"a/b\" }\n",
      to: "fs/nfsd/clients/3/states")
    try tree.write(
      "- 0x1: { type: lock, superblock: \"fd:00:12345\", filename: \"a/c\", owner: \"o\" }\n"
        + "- 0x2: { type: lock, superblock: \"fd:00:1234\", filename: \"a/b\", owner: \"o\" }\n",
      to: "fs/nfsd/clients/4/states")
    let proc = try ProcRoot(tree.path)
    var buffer = ReadBuffer()
    #expect(
      NFSClients.holder(of: "fd:00:1234", in: proc, using: &buffer)
        == NFSClients.Holder(client: "10.0.0.7:862 (Linux NFSv4.2 web3)", file: "a/b"))
    #expect(NFSClients.holder(of: "fd:00:123", in: proc, using: &buffer) == nil)
  }

  @Test("Settings: a number, or why there is none")
  func settings() throws {
    let tree = try TestFolder()
    try tree.makeFolder("sys/kernel/yama")
    try tree.write("1\n", to: "sys/kernel/task_delayacct")
    try tree.write("-1", to: "sys/kernel/perf_event_paranoid")
    try tree.write("junk\n", to: "sys/kernel/kptr_restrict")
    let proc = try ProcRoot(tree.path)
    var buffer = ReadBuffer()
    #expect(KernelSetting.delayAccounting.read(from: proc, using: &buffer) == .known(1))
    #expect(KernelSetting.perfEventParanoia.read(from: proc, using: &buffer) == .known(-1))
    #expect(KernelSetting.pointerRestriction.read(from: proc, using: &buffer) == .gap)
    #expect(KernelSetting.ptraceScope.read(from: proc, using: &buffer) == .unsupported)
  }

  @Test("This host's own files")
  func live() throws {
    let proc = try ProcRoot()
    var buffer = ReadBuffer()
    #expect(proc.read("stat", into: &buffer) == .bytes)
    let stat = buffer.withBytes { HostStat($0) }
    #expect(stat.cpus == ProcessInfo.processInfo.activeProcessorCount)
    #expect(stat.forks ?? 0 > 0)
    #expect(BootID.read(from: proc, using: &buffer) != nil)
    #expect(proc.read("self/mountinfo", into: &buffer) == .bytes)
    #expect(buffer.withBytes { MountTable($0) }.mount(of: "/proc/self")?.type == "proc")
  }
}
