import Foundation
import ProcFS
import Records
import TestSupport
import Testing

@testable import Sampling

@Suite("Block devices of a tick")
struct DiskTableTests {
  /// `8 0 sda` and its eleven counters: reads, sectors and milliseconds of both kinds.
  static func line(
    _ device: String, reads: UInt64 = 0, sectorsRead: UInt64 = 0, readTime: UInt64 = 0,
    writes: UInt64 = 0, sectorsWritten: UInt64 = 0, writeTime: UInt64 = 0, inFlight: UInt64 = 0,
    busy: UInt64 = 0
  ) -> String {
    "\(device) \(reads) 0 \(sectorsRead) \(readTime) \(writes) 0 \(sectorsWritten) \(writeTime) "
      + "\(inFlight) \(busy) 0 0 0 0 0 0 0\n"
  }

  private func tree(_ folders: String...) throws -> HostTree {
    let tree = try HostTree()
    for folder in folders { try tree.folder.makeFolder("sys/block/\(folder)") }
    return tree
  }

  @Test("Bytes, times and requests of what isn't idle; the device's bytes in the attribution")
  func figures() throws {
    let tree = try tree("sda", "sdb")
    let idle = Self.line("8 16 sdb")
    try tree.set(Self.line("8 0 sda", reads: 5, sectorsRead: 80) + idle, "diskstats")
    var ticks = try HostTicks(tree)
    #expect(ticks.next().disks.isEmpty)
    try tree.set(
      Self.line(
        "8 0 sda", reads: 7, sectorsRead: 96, readTime: 30, writes: 3, sectorsWritten: 8,
        writeTime: 12, inFlight: 2, busy: 40) + idle, "diskstats")
    let tick = ticks.next()
    #expect(
      tick.disks == [
        DiskSample(
          name: "sda", layer: .physical, reads: 2, writes: 3, readBytes: 8192, writeBytes: 4096,
          readMilliseconds: 30, writeMilliseconds: 12, inFlight: 2, busyMilliseconds: 40)
      ])
    #expect(tick.disks[0].awaitMilliseconds == 8.4)
    #expect(tick.attribution.read.devices == 8192)
    #expect(tick.attribution.write.devices == 4096)
  }

  @Test("The same bytes on a partition, LVM, RAID, a loop device and memory count once")
  func stacked() throws {
    let tree = try tree("sda", "sdb", "dm-0/slaves/sda", "md0/slaves/sdb", "loop0", "zram0")
    let names = [
      "8 0 sda", "8 1 sda1", "8 16 sdb", "253 0 dm-0", "9 0 md0", "7 0 loop0", "252 0 zram0",
    ]
    try tree.set(names.map { Self.line($0) }.joined(), "diskstats")
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    try tree.set(names.map { Self.line($0, writes: 1, sectorsWritten: 8) }.joined(), "diskstats")
    let tick = ticks.next()
    #expect(tick.disks.map(\.name) == ["sda", "sdb", "dm-0", "md0", "loop0", "zram0"])
    #expect(
      tick.disks.map(\.layer) == [.physical, .physical, .stacked, .stacked, .stacked, .memory])
    #expect(tick.attribution.write.devices == 2 * 4096)
  }

  @Test("A multipath head is counted below where its paths are listed, and itself where not")
  func multipath() throws {
    for (names, expected) in [
      (["259 0 nvme0n1", "259 1 nvme0c0n1", "259 2 nvme0c1n1"], 2 * 4096),
      (["259 1 nvme0c0n1", "259 0 nvme0n1"], 4096), (["259 0 nvme0n1"], 4096),
    ] {
      let tree = try tree("nvme0n1", "nvme0c0n1", "nvme0c1n1")
      try tree.set(names.map { Self.line($0) }.joined(), "diskstats")
      var ticks = try HostTicks(tree)
      _ = ticks.next()
      try tree.set(names.map { Self.line($0, reads: 1, sectorsRead: 8) }.joined(), "diskstats")
      #expect(ticks.next().attribution.read.devices == UInt64(expected), "\(names)")
    }
  }

  @Test("Without sysfs, partitions are known by their names")
  func withoutSys() throws {
    let tree = try HostTree()
    try FileManager.default.removeItem(atPath: tree.sys)
    let names = ["8 0 sda", "8 1 sda1", "259 0 nvme0n1", "259 1 nvme0n1p1", "253 0 dm-0"]
    try tree.set(names.map { Self.line($0) }.joined(), "diskstats")
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    try tree.set(names.map { Self.line($0, reads: 1, sectorsRead: 8) }.joined(), "diskstats")
    let tick = ticks.next()
    #expect(tick.disks.map(\.name) == ["sda", "nvme0n1", "dm-0"])
    #expect(tick.attribution.read.devices == 2 * 4096)
  }

  @Test("A device that comes did all its counters say; one that goes is forgotten")
  func comingAndGoing() throws {
    let tree = try tree("sda", "sdb")
    try tree.set(Self.line("8 0 sda", reads: 1000, sectorsRead: 8000), "diskstats")
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    let new = Self.line("8 16 sdb", reads: 2, sectorsRead: 16)
    try tree.set(Self.line("8 0 sda", reads: 1000, sectorsRead: 8000) + new, "diskstats")
    let tick = ticks.next()
    #expect(tick.disks.map(\.name) == ["sdb"])
    #expect(tick.attribution.read.devices == 8192)
    try tree.set(new, "diskstats")
    #expect(ticks.next().disks.isEmpty)
    // sda is back, as another device: it isn't compared with what it was.
    try tree.set(Self.line("8 0 sda", reads: 3, sectorsRead: 8) + new, "diskstats")
    #expect(ticks.next().disks.map(\.readBytes) == [4096])
  }

  @Test("Counters that all went back are a new instance's; if only some did, nothing is said")
  func goneBack() throws {
    let tree = try tree("sda")
    func set(_ reads: UInt64, _ sectors: UInt64) throws {
      try tree.set(Self.line("8 0 sda", reads: reads, sectorsRead: sectors), "diskstats")
    }
    try set(100, 800)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    try set(2, 16)
    #expect(ticks.next().attribution.read.devices == 8192)
    try set(3, 8)
    #expect(ticks.next().disks.isEmpty)
    try set(4, 16)
    #expect(ticks.next().attribution.read.devices == 4096)
  }

  @Test("Milliseconds start over after 32 bits; a small step back is no time")
  func milliseconds() throws {
    let tree = try tree("sda")
    let most = UInt64(UInt32.max)
    try tree.set(Self.line("8 0 sda", readTime: most - 4, writeTime: 50, busy: 9), "diskstats")
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    try tree.set(Self.line("8 0 sda", reads: 1, readTime: 5, writeTime: 49, busy: 9), "diskstats")
    let disk = try #require(ticks.next().disks.first)
    #expect(disk.readMilliseconds == 10)
    #expect(disk.writeMilliseconds == 0)
  }

  @Test("A hostile table: no trap, no name that reaches a terminal")
  func hostile() throws {
    let tree = try HostTree()
    try tree.set(Self.line("8 0 \u{1b}[2Jx") + Self.line("8 0 .."), "diskstats")
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    let most = UInt64.max
    let line = Self.line("8 0 \u{1b}[2Jx", reads: most, sectorsRead: most, busy: most)
    try tree.set(line + String(repeating: line, count: 50) + "8 0", "diskstats")
    for disk in ticks.next().disks {
      #expect(!disk.name.unicodeScalars.contains { $0.value < 32 })
    }
  }

  @Test(
    "A loop device on a disk, for real: its bytes count once",
    .enabled(if: Machine.isRoot && Machine.has("losetup"), "needs root and losetup"))
  func loopDevice() async throws {
    let folder = try TestFolder()
    let image = try folder.write("", to: "disk.img")
    truncate(image, 64 << 20)
    let device = try await shell("losetup --find --show --direct-io=on \(image)")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    try #require(device.hasPrefix("/dev/loop"))
    defer { detach(device) }
    let bytes: UInt64 = 32 << 20
    var sampler = try HostSampler()
    var tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc)
    sampler.sample(into: &tick)
    _ = try await shell("dd if=/dev/zero of=\(device) bs=1M count=32 oflag=direct && sync \(image)")
    sampler.sample(into: &tick)
    let loop = try #require(tick.disks.first { "/dev/\($0.name)" == device })
    #expect(loop.layer == .stacked)
    #expect(loop.writeBytes >= bytes)
    let physical = tick.disks.filter { $0.layer == .physical }.reduce(0) { $0 + $1.writeBytes }
    #expect(tick.attribution.write.devices == physical)
    #expect(physical >= bytes)
    let layers = Set(tick.disks.filter { $0.name.hasPrefix("loop") }.map(\.layer))
    #expect(layers == [.stacked])
  }

  private func detach(_ device: String) {
    guard let program = try? Program(["losetup", "-d", device]) else { return }
    for _ in 0..<500 where !program.hasEnded { usleep(10_000) }
  }

  private func shell(_ command: String) async throws -> String {
    let program = try Program(["sh", "-c", command])
    try await until(command) { program.hasEnded }
    return program.outputText
  }
}
