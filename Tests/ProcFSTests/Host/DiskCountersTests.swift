import Testing

@testable import ProcFS

@Suite("Lines of diskstats")
struct DiskCountersTests {
  @Test(
    "14, 18 and 20 fields",
    arguments: ["", " 68851 0 1925173784 11130", " 18851 0 125173784 11130 1555 1944"])
  func fields(more: String) throws {
    let line = "   8      32 sdc 126552 141 1657779 14 11822 1895 172905 1007 3 10730 17070"
    var cursor = 0
    let disk = try #require(parse(line + more + "\n") { DiskCounters.next(in: $0, &cursor) })
    #expect((disk.major, disk.minor) == (8, 32))
    #expect(disk.name == DiskName("sdc"))
    #expect((disk.reads, disk.sectorsRead, disk.readMilliseconds) == (126552, 1_657_779, 14))
    #expect((disk.writes, disk.sectorsWritten, disk.writeMilliseconds) == (11822, 172905, 1007))
    #expect((disk.inFlight, disk.busyMilliseconds) == (3, 10730))
  }

  @Test("A partition of four fields (before Linux 2.6.25) and garbage are passed over")
  func skipped() {
    let text =
      "8 1 sda1 1 2 3 4\nnonsense\n8 0 sda 1 1 1 1 1 1 1 1 1 1\n8 2 sda2 1 2 3 4 5 6 7 8 9 10 11\n"
    var cursor = 0
    let names = parse(text) { text in
      var names: [String] = []
      while let disk = DiskCounters.next(in: text, &cursor) { names.append(disk.name.text) }
      return names
    }
    #expect(names == ["sda2"])
  }

  @Test(
    "Requests in flight below 0 are none", arguments: ["-1", "4294967295", "18446744073709551615"])
  func negativeInFlight(text: String) throws {
    var cursor = 0
    let line = "8 0 sda 1 2 3 4 5 6 7 8 \(text) 10 11\n"
    #expect(try #require(parse(line) { DiskCounters.next(in: $0, &cursor) }).inFlight == 0)
  }

  @Test(
    "Which name is whose partition",
    arguments: [
      ("sda1", "sda", true), ("sdaa1", "sda", false), ("sda", "sda", false),
      ("nvme0n1p2", "nvme0n1", true), ("nvme0n12", "nvme0n1", false),
      ("mmcblk0p1", "mmcblk0", true), ("mmcblk0boot0", "mmcblk0", false),
      ("md127p", "md127", false),
      ("loop0p1", "loop0", true), ("loop01", "loop0", false), ("sdb1", "sda", false),
      ("cciss/c0d0p1", "cciss/c0d0", true),
    ])
  func partitions(name: String, disk: String, expected: Bool) {
    #expect(diskName(name).isPartition(of: diskName(disk)) == expected)
  }

  @Test(
    "Which name is a path of which multipath head",
    arguments: [
      ("nvme0c0n1", "nvme0n1", true), ("nvme0c12n1", "nvme0n1", true),
      ("nvme10c1n2", "nvme10n2", true), ("nvme1c0n1", "nvme0n1", false),
      ("nvme0c0n2", "nvme0n1", false), ("nvme0n1", "nvme0n1", false),
      ("nvme0c0n11", "nvme0n1", false), ("nvme0cn1", "nvme0n1", false), ("sda", "nvme0n1", false),
      ("nvme0c0n1", "nvme0", false), ("nvme0c0n1", "sda", false),
    ])
  func multipath(name: String, head: String, expected: Bool) {
    #expect(diskName(name).isMultipathPath(of: diskName(head)) == expected)
  }

  @Test("A name of 32 bytes or more is refused, not cut to another's")
  func longName() {
    let name = String(repeating: "x", count: 32)
    var cursor = 0
    let line = "8 0 \(name) 1 2 3 4 5 6 7 8 9 10 11\n"
    #expect(parse(line) { DiskCounters.next(in: $0, &cursor) } == nil)
  }
}

func diskName(_ text: String) -> DiskName { parse(text) { DiskName($0) } }
