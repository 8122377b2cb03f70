import ProcFS
import Records

/// The block devices of a host and what their counters were at the last tick.
///
/// Devices keep their place from tick to tick, so that a steady one costs a comparison each and
/// allocates nothing.
struct DiskTable {
  /// One whole device.
  private struct Device {
    var counters: DiskCounters
    /// The name as it is shown, made once.
    var text: String
    var layer: DiskSample.Layer
    var isWhole: Bool
    /// Reading it was last seen in.
    var seen: UInt64
  }

  /// Most devices kept; hosts with thousands of loop devices exist.
  static let limit = 8192

  private var devices: [Device] = []
  private var reading: UInt64 = 0
  /// What physical devices read and wrote during the tick.
  private(set) var readBytes: UInt64 = 0
  private(set) var writtenBytes: UInt64 = 0

  /// Takes a reading of `/proc/diskstats`; appends what each device did since the one before, of
  /// those that did something.
  mutating func take(
    _ text: Span<UInt8>, sys: borrowing ProcRoot, using buffer: inout ReadBuffer,
    into disks: inout [DiskSample]
  ) {
    reading &+= 1
    (readBytes, writtenBytes) = (0, 0)
    let known = devices.count
    var (cursor, place) = (0, 0)
    while let counters = DiskCounters.next(in: text, &cursor) {
      // The kernel's order hardly ever changes: the next one is nearly always the next one.
      if let index = find(counters, from: place) {
        place = index + 1
        advance(index, to: counters, into: &disks)
      } else if devices.count < DiskTable.limit {
        add(counters, sys, &buffer)
      }
    }
    if devices.count > known { settle(from: known, into: &disks) }
    if devices.contains(where: { $0.seen != reading }) {
      devices.removeAll { $0.seen != reading }
    }
  }

  private func find(_ counters: DiskCounters, from place: Int) -> Int? {
    func matches(_ index: Int) -> Bool {
      let other = devices[index].counters
      return other.major == counters.major && other.minor == counters.minor
        && other.name == counters.name
    }
    for index in place..<max(place, devices.count) where matches(index) { return index }
    for index in 0..<min(place, devices.count) where matches(index) { return index }
    return nil
  }

  private mutating func advance(
    _ index: Int, to counters: DiskCounters, into disks: inout [DiskSample]
  ) {
    let old = devices[index].counters
    devices[index].counters = counters
    devices[index].seen = reading
    guard devices[index].isWhole, let sample = sample(index, since: old) else { return }
    count(sample, into: &disks)
  }

  private mutating func add(
    _ counters: DiskCounters, _ sys: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) {
    let isWhole = BlockDevice.isWhole(counters.name, in: sys)
    let isPartition = devices.contains { counters.name.isPartition(of: $0.counters.name) }
    devices.append(
      Device(
        counters: counters, text: counters.name.text,
        layer: BlockDevice.layer(of: counters.name, in: sys, using: &buffer),
        isWhole: isWhole ?? !isPartition, seen: reading))
  }

  /// New devices: a multipath head is known by its paths, and what came after the first reading
  /// did all that its counters say since the tick before.
  private mutating func settle(from first: Int, into disks: inout [DiskSample]) {
    for index in devices.indices where devices[index].layer == .physical {
      let name = devices[index].counters.name
      let isHead = devices.contains {
        $0.seen == reading && $0.counters.name.isMultipathPath(of: name)
      }
      if isHead { devices[index].layer = .stacked }
    }
    guard reading > 1 else { return }
    for index in first..<devices.count where devices[index].isWhole {
      var start = devices[index].counters
      start.restart()
      if let sample = sample(index, since: start) { count(sample, into: &disks) }
    }
  }

  private mutating func count(_ sample: DiskSample, into disks: inout [DiskSample]) {
    if sample.layer == .physical {
      readBytes &+= sample.readBytes
      writtenBytes &+= sample.writeBytes
    }
    if !sample.isIdle { disks.append(sample) }
  }

  /// What a device did since `old`; `nil` where the counters can't tell.
  private func sample(_ index: Int, since old: DiskCounters) -> DiskSample? {
    let (new, old) = (devices[index].counters, old.origin(of: devices[index].counters))
    guard let old else { return nil }
    let sector = DiskCounters.sectorBytes
    return DiskSample(
      name: devices[index].text, layer: devices[index].layer, reads: new.reads &- old.reads,
      writes: new.writes &- old.writes,
      readBytes: bounded(new.sectorsRead &- old.sectorsRead, times: sector),
      writeBytes: bounded(new.sectorsWritten &- old.sectorsWritten, times: sector),
      readMilliseconds: elapsed(old.readMilliseconds, new.readMilliseconds),
      writeMilliseconds: elapsed(old.writeMilliseconds, new.writeMilliseconds),
      inFlight: new.inFlight, busyMilliseconds: elapsed(old.busyMilliseconds, new.busyMilliseconds)
    )
  }

  private func bounded(_ value: UInt64, times factor: UInt64) -> UInt64 {
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  /// Milliseconds are counted in 32 bits (diskstats_show) and start over; a step back beside that
  /// is rounding.
  private func elapsed(_ old: UInt64, _ new: UInt64) -> UInt64 {
    if new >= old { return new - old }
    guard old <= UInt32.max else { return 0 }
    let wrapped = UInt32(truncatingIfNeeded: new) &- UInt32(truncatingIfNeeded: old)
    return wrapped < 1 << 31 ? UInt64(wrapped) : 0
  }
}

extension DiskCounters {
  /// Every counter at 0, as of a device that was just made.
  mutating func restart() {
    (reads, sectorsRead, readMilliseconds) = (0, 0, 0)
    (writes, sectorsWritten, writeMilliseconds, busyMilliseconds) = (0, 0, 0, 0)
  }

  /// What `new` is to be compared with: these counters; zeros where the device is another one of
  /// the same name, so that all counters went back; `nil` where only some did, which no device
  /// does.
  func origin(of new: DiskCounters) -> DiskCounters? {
    let isContinued =
      new.reads >= reads && new.writes >= writes && new.sectorsRead >= sectorsRead
      && new.sectorsWritten >= sectorsWritten
    if isContinued { return self }
    let isReplaced =
      new.reads <= reads && new.writes <= writes && new.sectorsRead <= sectorsRead
      && new.sectorsWritten <= sectorsWritten
    guard isReplaced else { return nil }
    var zero = self
    zero.restart()
    return zero
  }
}
