import Foundation
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite(
  "Recorded host-wide files of other kernels",
  .enabled(if: RecordedFile.hasCorpus, "the recorded trees are not beside the package"))
struct RecordedFileTests {
  @Test("stat", arguments: RecordedFile.all("stat"))
  func stat(file: RecordedFile) throws {
    let stat = parse(file.bytes) { HostStat($0) }
    let cpu = try #require(stat.cpu)
    #expect(cpu.user > 0 && cpu.idle > 0 && cpu.stolen != nil)
    let text = String(decoding: file.bytes, as: UTF8.self)
    // The same numbers, found another way.
    func number(_ key: String) -> UInt64? {
      text.split(separator: "\n").first { $0.hasPrefix(key + " ") }?
        .split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
    }
    #expect(cpu.user == number("cpu"))
    #expect(stat.interrupts == number("intr"))
    #expect(stat.contextSwitches == number("ctxt"))
    #expect(stat.bootSeconds == number("btime"))
    #expect(stat.forks == number("processes"))
    #expect(stat.running == number("procs_running"))
    #expect(stat.blocked == number("procs_blocked"))
    #expect(stat.cpus == text.split(separator: "\n").count { $0.hasPrefix("cpu") } - 1)
  }

  @Test("meminfo", arguments: RecordedFile.all("meminfo"))
  func memory(file: RecordedFile) throws {
    let memory = parse(file.bytes) { MemoryInfo($0) }
    let (total, free) = (try #require(memory.total), try #require(memory.free))
    #expect(total > free && memory.buffers != nil && memory.cached != nil)
    #expect(memory.swapTotal != nil && memory.swapFree != nil)
    #expect(memory.dirty != nil && memory.writeback != nil)
  }

  @Test("vmstat", arguments: RecordedFile.all("vmstat"))
  func paging(file: RecordedFile) {
    let paging = parse(file.bytes) { PagingCounters($0) }
    #expect(paging.pagedInKiB != nil && paging.pagedOutKiB != nil)
    #expect(paging.swappedInPages != nil && paging.swappedOutPages != nil)
  }

  @Test("loadavg, uptime and swaps")
  func small() {
    for file in RecordedFile.all("loadavg") {
      #expect(parse(file.bytes) { LoadReading($0) } != nil, "\(file)")
    }
    for file in RecordedFile.all("uptime") {
      #expect(parse(file.bytes) { Uptime($0) } != nil, "\(file)")
    }
    for file in RecordedFile.all("swaps") {
      #expect(parse(file.bytes) { SwapArea.all(in: $0) }.isEmpty == false, "\(file)")
    }
  }

  @Test("pressure", arguments: RecordedFile.all("pressure/cpu", "pressure/io", "pressure/memory"))
  func pressure(file: RecordedFile) throws {
    let totals = try #require(parse(file.bytes) { PressureTotals($0) })
    #expect(totals.fullMicroseconds != nil || file.path.hasSuffix("cpu"))
  }

  @Test("diskstats: a line that isn't understood is one of a partition before 2.6.25, or none")
  func disks() {
    for file in RecordedFile.all("diskstats") {
      let lines = file.bytes.split(separator: 10)
      var (cursor, count) = (0, 0)
      parse(file.bytes) { text in
        while DiskCounters.next(in: text, &cursor) != nil { count += 1 }
      }
      #expect(count == lines.count { $0.split(separator: 32).count >= 14 }, "\(file)")
      #expect(count > 0, "\(file)")
    }
  }

  @Test("locks: every line is understood", arguments: RecordedFile.all("locks"))
  func locks(file: RecordedFile) throws {
    for line in file.bytes.split(separator: 10) {
      let lock = try #require(parse(Array(line)) { LockLine($0) })
      #expect(lock.pid > 0 && lock.isExclusive && !lock.isWaiting && lock.kind != .other)
    }
  }

  @Test("mountinfo", arguments: RecordedFile.all("pid_mountinfo", "26231/mountinfo"))
  func mounts(file: RecordedFile) {
    let table = parse(file.bytes) { MountTable($0) }
    #expect(table.entries.count == file.bytes.split(separator: 10).count)
    #expect(table.mount(of: "/") != nil)
  }

  @Test(
    "Cut anywhere, a file gives what the whole one gives, or nothing",
    arguments: RecordedFile.all(
      "stat", "meminfo", "vmstat", "loadavg", "uptime", "pressure/io", "pressure/cpu"))
  func truncations(file: RecordedFile) {
    let whole = figures(file, file.bytes[...])
    #expect(whole.contains { $0 != nil })
    let wrong = file.truncations.first { cut in
      zip(figures(file, cut), whole).contains { $0 != nil && $0 != $1 }
    }
    #expect(wrong == nil, "cut to \(wrong?.count ?? 0) bytes")
  }

  /// All figures that are found in a file of this name.
  private func figures(_ file: RecordedFile, _ bytes: ArraySlice<UInt8>) -> [Double?] {
    parse(Array(bytes)) { text in
      switch file.path.split(separator: "/").last {
      case "stat":
        let stat = HostStat(text)
        return [
          stat.cpu?.user, stat.cpu?.softInterrupt, stat.cpu?.guestNice, stat.interrupts,
          stat.contextSwitches, stat.bootSeconds, stat.forks, stat.running, stat.blocked,
        ].map { $0.map(Double.init) }
      case "meminfo":
        let memory = MemoryInfo(text)
        return [
          memory.total, memory.free, memory.buffers, memory.cached, memory.slabReclaimable,
          memory.active, memory.inactive, memory.dirty, memory.writeback, memory.swapTotal,
          memory.swapFree,
        ].map { $0.map(Double.init) }
      case "vmstat":
        let paging = PagingCounters(text)
        return [
          paging.pagedInKiB, paging.pagedOutKiB, paging.swappedInPages, paging.swappedOutPages,
          paging.dirtyPages, paging.writebackPages,
        ].map { $0.map(Double.init) }
      case "loadavg":
        let load = LoadReading(text)
        return [
          load?.average.oneMinute, load?.average.fiveMinutes, load?.average.fifteenMinutes,
          load.map { Double($0.runnable) }, load.map { Double($0.tasks) },
        ]
      case "uptime":
        let uptime = Uptime(text)
        return [uptime?.seconds, uptime?.idleSeconds]
      default:
        let totals = PressureTotals(text)
        return [totals?.someMicroseconds, totals?.fullMicroseconds].map { $0.map(Double.init) }
      }
    }
  }

  @Test("Cut anywhere, a table has rows of the whole one only")
  func truncatedTables() {
    for file in RecordedFile.all("diskstats", "swaps", "pid_mountinfo") {
      let disks = diskRows(file.bytes)
      let areas = parse(file.bytes) { SwapArea.all(in: $0) }
      let mounts = parse(file.bytes) { MountTable($0).entries }
      let wrong = file.truncations.first { cut in
        let bytes = Array(cut)
        return !disks.starts(with: diskRows(bytes))
          || !areas.starts(with: parse(bytes) { SwapArea.all(in: $0) })
          || !mounts.starts(with: parse(bytes) { MountTable($0).entries })
      }
      #expect(wrong == nil, "\(file) cut to \(wrong?.count ?? 0) bytes")
    }
  }

  private func diskRows(_ bytes: [UInt8]) -> [DiskCounters] {
    parse(bytes) { text in
      var (cursor, rows): (Int, [DiskCounters]) = (0, [])
      while let row = DiskCounters.next(in: text, &cursor) { rows.append(row) }
      return rows
    }
  }
}
