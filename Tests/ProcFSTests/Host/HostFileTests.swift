import Foundation
import Records
import Testing

@testable import ProcFS

@Suite("Host-wide files")
struct HostFileTests {
  @Test("The CPU line, the counters and the number of CPUs of proc_stat(5)")
  func stat() {
    let text = """
      cpu  301854 612 111922 8979004 3552 2 3944 7 8 9
      cpu0 44490 19 21045 1087069 220 1 3410 0 0 0
      cpu1 47869 23 16474 1110787 591 0 46 0 0 0
      intr 8885917 17 0 0 0
      ctxt 38014093
      btime 1418183276
      processes 26442
      procs_running 2
      procs_blocked 1
      softirq 5057579 250191

      """
    let stat = parse(text) { HostStat($0) }
    var cpu = CPUTicks()
    (cpu.user, cpu.nice, cpu.system, cpu.idle) = (301854, 612, 111922, 8_979_004)
    (cpu.ioWait, cpu.interrupt, cpu.softInterrupt) = (3552, 2, 3944)
    (cpu.stolen, cpu.guest, cpu.guestNice) = (7, 8, 9)
    #expect(stat.cpu == cpu)
    #expect(stat.cpus == 2)
    #expect(stat.interrupts == 8_885_917)
    #expect(stat.contextSwitches == 38_014_093)
    #expect(stat.bootSeconds == 1_418_183_276)
    #expect(stat.forks == 26442)
    #expect(stat.running == 2)
    #expect(stat.blocked == 1)
  }

  @Test("What an old kernel's CPU line lacks is absent", arguments: [7, 8, 9, 10])
  func oldCPULine(fields: Int) throws {
    let line = "cpu  " + (1...fields).map(String.init).joined(separator: " ") + "\n"
    let cpu = try #require(parse(line) { HostStat($0).cpu })
    #expect(cpu.softInterrupt == 7)
    #expect(cpu.stolen == (fields > 7 ? 8 : nil))
    #expect(cpu.guest == (fields > 8 ? 9 : nil))
    #expect(cpu.guestNice == (fields > 9 ? 10 : nil))
  }

  @Test("A line of interrupts of 100,000 numbers is passed over")
  func longLine() {
    let text = "intr 77 " + String(repeating: "0 ", count: 100_000) + "\nprocs_blocked 5\n"
    let stat = parse(text) { HostStat($0) }
    #expect(stat.interrupts == 77)
    #expect(stat.blocked == 5)
  }

  @Test("meminfo")
  func memory() {
    let text = """
      MemTotal:       15666184 kB
      MemFree:          440324 kB
      Buffers:         1020128 kB
      Cached:         12007640 kB
      SwapCached:           9 kB
      Active:          6761276 kB
      Inactive:        6532708 kB
      Active(anon):     267256 kB
      Inactive(anon):        1 kB
      SwapTotal:       100 kB
      SwapFree:        40 kB
      Dirty:               768 kB
      Writeback:             3 kB
      WritebackTmp:          5 kB
      SReclaimable:     222 kB

      """
    let memory = parse(text) { MemoryInfo($0) }
    #expect(memory.total == 15_666_184)
    #expect(memory.free == 440324)
    #expect(memory.available == nil)
    #expect(memory.buffers == 1_020_128)
    #expect(memory.cached == 12_007_640)
    #expect(memory.active == 6_761_276)
    #expect(memory.inactive == 6_532_708)
    #expect(memory.swapTotal == 100)
    #expect(memory.swapFree == 40)
    #expect(memory.dirty == 768)
    #expect(memory.writeback == 3)
    #expect(memory.slabReclaimable == 222)
  }

  @Test("vmstat's counters, and no others that begin alike")
  func paging() {
    let text =
      "nr_dirty_threshold 9\nnr_dirty 4\nnr_writeback_temp 8\nnr_writeback 5\npgpgin 10\n"
      + "pgpgout 20\npswpin 30\npswpout 40\npswpoutx 41\n"
    let paging = parse(text) { PagingCounters($0) }
    #expect(paging.dirtyPages == 4)
    #expect(paging.writebackPages == 5)
    #expect(paging.pagedInKiB == 10)
    #expect(paging.pagedOutKiB == 20)
    #expect(paging.swappedInPages == 30)
    #expect(paging.swappedOutPages == 40)
  }

  @Test("loadavg and uptime")
  func load() throws {
    let load = try #require(parse("0.02 1.04 12.50 3/1234 5678\n") { LoadReading($0) })
    #expect(load.average == LoadAverage(oneMinute: 0.02, fiveMinutes: 1.04, fifteenMinutes: 12.5))
    #expect(load.runnable == 3)
    #expect(load.tasks == 1234)
    // The count may have been cut.
    #expect(parse("0.02 1.04 12.50 3/12") { LoadReading($0) } == nil)
    let uptime = try #require(parse("46901.13 46856.66\n") { Uptime($0) })
    #expect(uptime.seconds == 46901.13)
    #expect(uptime.idleSeconds == 46856.66)
  }

  @Test("Pressure, with and without the line `full`")
  func pressure() throws {
    let both = "some avg10=0.10 avg60=2.00 avg300=3.85 total=15\nfull avg10=0.20 total=25\n"
    let io = try #require(parse(both) { PressureTotals($0) })
    #expect(io.someMicroseconds == 15)
    #expect(io.fullMicroseconds == 25)
    let cpu = try #require(
      parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n") { PressureTotals($0) })
    #expect(cpu.someMicroseconds == 7)
    #expect(cpu.fullMicroseconds == nil)
  }

  @Test("Swap areas")
  func swaps() {
    let text =
      "Filename\t\tType\t\tSize\tUsed\tPriority\n/dev/sda5  partition\t8342524\t100724\t-1\n"
      + "/a\\040b\\033[2J file 10 2 -2\n"
    let areas = parse(text) { SwapArea.all(in: $0) }
    #expect(areas.map(\.name) == ["/dev/sda5", "/a\\040b\\033[2J"])
    #expect(areas.map(\.isPartition) == [true, false])
    #expect(areas.map(\.sizeKiB) == [8_342_524, 10])
    #expect(areas.map(\.usedKiB) == [100724, 2])
  }

  @Test(
    "Lists of CPUs",
    arguments: [
      ("0\n", 1), ("0-3\n", 4), ("0-3,5,8-11\n", 9), ("0-1", 2), ("", nil), ("3-1\n", nil),
      ("a\n", nil), ("0-99999999\n", nil),
    ] as [(String, Int?)])
  func cpuList(text: String, count: Int?) {
    #expect(parse(text) { CPUList.count($0) } == count)
  }

  @Test("A boot's id, whole or not at all")
  func bootID() {
    let text = "8fd1b6f0-7c4e-4d5b-9c1e-0123456789ab\n"
    let id = parse(text) { BootID($0) }
    #expect(id == BootID(high: 0x8fd1_b6f0_7c4e_4d5b, low: 0x9c1e_0123_4567_89ab))
    for length in 0..<36 { #expect(parse(String(text.prefix(length))) { BootID($0) } == nil) }
  }

  @Test("Nothing that no kernel prints makes a parser trap", arguments: hostileTexts)
  func hostile(bytes: [UInt8]) {
    readEverything(bytes)
    let stat = parse(bytes) { HostStat($0) }
    #expect(stat.cpu?.user ?? 0 < 1 << 63)
  }
}

/// Every parser of host-wide files over the same bytes.
func readEverything(_ bytes: [UInt8]) {
  parse(bytes) { text in
    _ = HostStat(text)
    _ = MemoryInfo(text)
    _ = PagingCounters(text)
    _ = LoadReading(text)
    _ = Uptime(text)
    _ = PressureTotals(text)
    _ = SwapArea.all(in: text)
    _ = CPUList.count(text)
    _ = BootID(text)
    _ = MountTable(text)
    _ = KernelSetting.value(text)
    _ = NFSClients.lock(on: "fd:00:1", in: text)
    _ = NFSClients.client(text)
    var locks: [FileLock] = []
    LockTable.contended(in: text, into: &locks)
    var cursor = 0
    while DiskCounters.next(in: text, &cursor) != nil {}
  }
}
