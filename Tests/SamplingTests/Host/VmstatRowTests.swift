import Foundation
import ProcFS
import Records
import TestSupport
import Testing

@testable import Sampling

@Suite("The vmstat row")
struct VmstatRowTests {
  @Test("The first tick has levels and no rates")
  func firstTick() throws {
    let tree = try HostTree()
    try HostFigures().write(to: tree)
    var ticks = try HostTicks(tree)
    let row = ticks.next().row
    #expect([row[.r], row[.b], row[.swpd]] == [3, 1, 192])
    #expect([row[.free], row[.buff], row[.cache]] == [440_324, 20_128, 7_640 + 322])
    #expect([row[.inact], row[.active]] == [653, 676])
    for column in [VmstatColumn.si, .so, .bi, .bo, .in, .cs, .us, .sy, .id, .wa, .st, .gu] {
      #expect(row[column] == nil, "\(column)")
    }
  }

  @Test("Rates are rounded as vmstat rounds, over one second and over three")
  func rates() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    figures.interrupts += 100
    figures.pagedIn += 5
    figures.swappedIn += 2
    figures.cpu[0] += 1
    figures.cpu[3] += 2
    try figures.write(to: tree)
    let row = ticks.next(after: 3_000_000_000).row
    // (100 + 1) / 3, (5 + 1) / 3, (8 + 1) / 3
    #expect([row[.in], row[.bi], row[.si], row[.cs]] == [33, 2, 3, 0])
    // (100 + 1) / 3, (200 + 1) / 3
    #expect([row[.us], row[.id], row[.sy]] == [33, 67, 0])
  }

  @Test("A tick a little off the second is the second; a late one is divided by its own length")
  func lateTick() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next(paced: 1_000_000_000)
    figures.interrupts += 10_000
    try figures.write(to: tree)
    #expect(ticks.next(after: 1_004_000_000, paced: 1_000_000_000).row[.in] == 10_000)
    figures.interrupts += 10_000
    try figures.write(to: tree)
    #expect(ticks.next(after: 2_000_000_000, paced: 1_000_000_000).row[.in] == 5000)
  }

  @Test("A counter that goes back has no rate; the others have theirs")
  func goneBack() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    figures.interrupts = 3
    figures.contextSwitches += 9
    figures.cpu[4] -= 10
    figures.cpu[3] += 50
    figures.cpu[0] += 50
    try figures.write(to: tree)
    let row = ticks.next().row
    #expect(row[.in] == nil)
    #expect(row[.cs] == 9)
    #expect([row[.us], row[.id], row[.wa]] == [50, 50, 0])
    figures.interrupts += 4
    try figures.write(to: tree)
    #expect(ticks.next().row[.in] == 4)
  }

  @Test("A CPU that went offline took its idle time along: no shares, and then again")
  func fewerCPUs() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    figures.cpu[3] -= 10_000
    figures.cpu[0] += 50
    try figures.write(to: tree)
    let row = ticks.next().row
    #expect([row[.us], row[.sy], row[.id], row[.wa], row[.st]] == [nil, nil, nil, nil, nil])
    figures.cpu[3] += 100
    try figures.write(to: tree)
    #expect(ticks.next().row[.id] == 100)
  }

  @Test("Time of guests is taken out of `us`")
  func guests() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    figures.cpu[8] = 5000
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    figures.cpu[0] += 60
    figures.cpu[3] += 40
    figures.cpu[8] += 20
    try figures.write(to: tree)
    let row = ticks.next().row
    #expect([row[.us], row[.gu], row[.id]] == [40, 20, 40])
  }

  @Test("Counters of 64 bits overflow nothing")
  func hugeCounters() throws {
    let tree = try HostTree()
    var figures = HostFigures()
    try figures.write(to: tree)
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    figures.cpu = Array(repeating: UInt64.max, count: 10)
    (figures.interrupts, figures.swappedIn, figures.swapTotal) = (.max, .max, .max)
    figures.cached = .max - 20_000_000
    try figures.write(to: tree)
    let row = ticks.next(after: 1).row
    #expect(row[.in] == nil && row[.si] == nil)
    #expect(row[.us] ?? 0 >= 0)
    #expect(row[.swpd] == nil || row[.swpd] ?? -1 >= 0)
  }

  @Test("Without its files the row is empty, and memory says why")
  func nothing() throws {
    var ticks = try HostTicks(try HostTree())
    _ = ticks.next()
    let tick = ticks.next()
    #expect(tick.row.isEmpty)
    #expect(tick.memory.dirtyKiB == .gap)
    #expect(tick.pressure == .unsupported)
    #expect(tick.load == nil && tick.disks.isEmpty && tick.locks.isEmpty)
  }

  @Test("A file that comes back is read again")
  func reopened() throws {
    let tree = try HostTree()
    var ticks = try HostTicks(tree)
    _ = ticks.next()
    try HostFigures().write(to: tree)
    #expect(ticks.next().row[.r] == 3)
  }
}
