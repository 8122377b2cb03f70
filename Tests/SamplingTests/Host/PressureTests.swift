import Foundation
import ProcFS
import Records
import Testing

@testable import Sampling

@Suite("Pressure, load and the facts beside a tick")
struct PressureTests {
  private func text(_ some: UInt64, _ full: UInt64?) -> String {
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(some)\n"
      + (full.map { "full avg10=0.00 avg60=0.00 avg300=0.00 total=\($0)\n" } ?? "")
  }

  @Test("A gap at first, then what was added; a gap again where time went back")
  func stalls() throws {
    let tree = try HostTree()
    try tree.set(text(1000, 500), "pressure/io")
    try tree.set(text(70, nil), "pressure/cpu")
    var ticks = try HostTicks(tree)
    var pressure = ticks.next().pressure
    #expect(pressure.io == .gap && pressure.cpu == .gap && pressure.memory == .unsupported)
    try tree.set(text(1800, 900), "pressure/io")
    try tree.set(text(75, nil), "pressure/cpu")
    pressure = ticks.next().pressure
    #expect(pressure.io == .known(Stall(someMicroseconds: 800, fullMicroseconds: 400)))
    #expect(pressure.cpu == .known(Stall(someMicroseconds: 5, fullMicroseconds: 0)))
    try tree.set(text(10, 5), "pressure/io")
    #expect(ticks.next().pressure.io == .gap)
    try tree.set(text(11, 5), "pressure/io")
    #expect(
      ticks.next().pressure.io == .known(Stall(someMicroseconds: 1, fullMicroseconds: 0)))
    try tree.set("some total=garbage\n", "pressure/io")
    #expect(ticks.next().pressure.io == .gap)
  }

  @Test("Switched off is told from not there and from refused")
  func absences() {
    #expect(ReadOutcome(errno: EOPNOTSUPP).reading { 1 } == .disabled)
    var resource = StallMeter.Resource()
    #expect(resource.advance(.disabled) == .disabled)
    #expect(resource.advance(.denied) == .denied)
    #expect(resource.advance(.unsupported) == .unsupported)
  }

  @Test("Load, tasks, forks and time of boot")
  func facts() throws {
    let tree = try HostTree()
    try HostFigures().write(to: tree)
    try tree.set("1.50 2.25 3.00 4/567 8910\n", "loadavg")
    var ticks = try HostTicks(tree)
    let tick = ticks.next()
    #expect(
      tick.load == LoadAverage(oneMinute: 1.5, fiveMinutes: 2.25, fifteenMinutes: 3))
    #expect(ticks.sampler.taskCount == 567)
    #expect(ticks.sampler.forks == 26442)
    #expect(ticks.sampler.bootSeconds == 1_418_183_276)
    #expect(ticks.sampler.fuseWaiting == .unsupported)
    #expect(tick.cpus == 1)
    #expect(tick.memory.dirtyKiB == .known(768) && tick.memory.writebackKiB == .known(12))
    #expect(tick.memory.swapTotalKiB == .known(8192) && tick.memory.swapFreeKiB == .known(8000))
  }

  @Test("CPUs of sysfs, where /proc/stat lists none")
  func cpus() throws {
    let tree = try HostTree()
    try tree.set("cpu  1 1 1 1 1 1 1 1 1 1\n", "stat")
    try tree.folder.makeFolder("sys/devices/system/cpu")
    try tree.folder.write("0-2,6\n", to: "sys/devices/system/cpu/online")
    var ticks = try HostTicks(tree)
    #expect(ticks.next().cpus == 4)
  }
}
