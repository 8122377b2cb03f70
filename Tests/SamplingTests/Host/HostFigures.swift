import Foundation

/// The three files a vmstat row is made of, with figures that can be changed.
struct HostFigures {
  /// user nice system idle iowait irq softirq steal guest guest_nice
  var cpu: [UInt64] = [1000, 10, 500, 90000, 100, 5, 6, 7, 0, 0]
  var interrupts: UInt64 = 500_000
  var contextSwitches: UInt64 = 900_000
  var running: UInt64 = 3
  var blocked: UInt64 = 1
  var free: UInt64 = 440_324
  var buffers: UInt64 = 20_128
  var cached: UInt64 = 7_640
  var slab: UInt64 = 322
  var swapTotal: UInt64 = 8192
  var swapFree: UInt64 = 8000
  var pagedIn: UInt64 = 12345
  var pagedOut: UInt64 = 54321
  var swappedIn: UInt64 = 44
  var swappedOut: UInt64 = 55

  var stat: String {
    let numbers = cpu.map(String.init).joined(separator: " ")
    return """
      cpu  \(numbers)
      cpu0 \(numbers)
      intr \(interrupts) 1 2 3
      ctxt \(contextSwitches)
      btime 1418183276
      processes 26442
      procs_running \(running)
      procs_blocked \(blocked)

      """
  }

  var meminfo: String {
    """
    MemTotal:       15666184 kB
    MemFree:        \(free) kB
    MemAvailable:   \(free + cached) kB
    Buffers:        \(buffers) kB
    Cached:         \(cached) kB
    SwapCached:     9 kB
    Active:         676 kB
    Inactive:       653 kB
    SwapTotal:      \(swapTotal) kB
    SwapFree:       \(swapFree) kB
    Dirty:          768 kB
    Writeback:      12 kB
    SReclaimable:   \(slab) kB

    """
  }

  var vmstat: String {
    "nr_dirty 7\npgpgin \(pagedIn)\npgpgout \(pagedOut)\npswpin \(swappedIn)\npswpout \(swappedOut)\n"
  }

  func write(to tree: HostTree) throws {
    try tree.set(stat, "stat")
    try tree.set(meminfo, "meminfo")
    try tree.set(vmstat, "vmstat")
  }

  /// Some time later, at random: quiet or busy, now and then with idle time or iowait going back.
  func later(using random: inout some RandomNumberGenerator) -> HostFigures {
    var next = self
    for index in 0..<8 {
      let most: UInt64 = [0, 3, 100, 400].randomElement(using: &random) ?? 0
      next.cpu[index] += UInt64.random(in: 0...most, using: &random)
    }
    if Int.random(in: 0..<4, using: &random) == 0 { next.cpu[4] -= min(next.cpu[4], 5) }
    if Int.random(in: 0..<8, using: &random) == 0 { next.cpu[3] -= 40 }
    func grow(_ value: inout UInt64, _ most: UInt64) {
      value += UInt64.random(in: 0...most, using: &random)
    }
    grow(&next.interrupts, 300_000)
    grow(&next.contextSwitches, 700_000)
    grow(&next.pagedIn, 5_000_000)
    grow(&next.pagedOut, 5_000_000)
    grow(&next.swappedIn, 3000)
    grow(&next.swappedOut, 3000)
    next.running = UInt64.random(in: 0...200, using: &random)
    next.blocked = UInt64.random(in: 0...50, using: &random)
    return next
  }
}
