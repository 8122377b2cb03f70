import Bytes
import Records

/// What sysfs says of a block device (Documentation/ABI/stable/sysfs-block, block/genhd.c).
public enum BlockDevice {
  /// Whether `name` is a whole device and no partition; `nil` where this sysfs has no devices to
  /// compare with.
  public static func isWhole(_ name: DiskName, in sys: borrowing ProcRoot) -> Bool? {
    guard sys.status(ProcPath("block")) != nil else { return nil }
    return sys.status(path(name, "")) != nil
  }

  /// Devices it is stacked on.
  public static func slaves(
    of name: DiskName, in sys: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> [String] { names(path(name, "/slaves"), sys, &buffer) }

  /// Devices stacked on it.
  public static func holders(
    of name: DiskName, in sys: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> [String] { names(path(name, "/holders"), sys, &buffer) }

  /// The file behind a loop device, as its owner named it; `nil` where it has none.
  public static func backingFile(
    of name: DiskName, in sys: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> String? {
    guard sys.readRecord(path(name, "/loop/backing_file"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { text in
      var cursor = 0
      return text.nextWholeLine(&cursor).map { Printable.text(text.extracting($0)) }
    }
  }

  /// Where the device stands among others, so that each byte is counted on one layer only.
  ///
  /// Network block devices (nbd, rbd) count as physical: nothing below them is on this host.
  public static func layer(
    of name: DiskName, in sys: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> DiskSample.Layer {
    if name.starts(with: "zram") || name.starts(with: "ram") { return .memory }
    for prefix in stackedPrefixes where name.starts(with: prefix) { return .stacked }
    return slaves(of: name, in: sys, using: &buffer).isEmpty ? .physical : .stacked
  }

  /// Drivers whose devices are always made of others, also while `slaves` is empty: device
  /// mapper, software RAID, loop, bcache, DRBD, ZFS volumes.
  private static let stackedPrefixes: [StaticString] = [
    "dm-", "md", "loop", "bcache", "drbd", "zd",
  ]

  private static func names(
    _ path: ProcPath, _ sys: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> [String] {
    var names: [String] = []
    _ = sys.list(path, using: &buffer) { names.append(Printable.text($0, limit: 64)) }
    return names
  }

  /// `block/NAME…`; a slash in a name (`cciss/c0d0`) is a `!` there.
  private static func path(_ name: DiskName, _ suffix: StaticString) -> ProcPath {
    // A name that climbs (`..`) is none the kernel gives: such a path is invalid.
    guard !name.starts(with: ".") else { return ProcPath("block/\0") }
    var path = ProcPath("block/")
    name.withBytes { bytes in
      var start = 0
      while let slash = bytes.first(UInt8(ascii: "/"), in: start..<bytes.count) {
        path.append(bytes.extracting(start..<slash))
        path.append("!")
        start = slash + 1
      }
      path.append(bytes.extracting(start..<bytes.count))
    }
    path.append(suffix)
    return path
  }
}

extension DiskName {
  /// Whether this names a partition of `disk` by the kernel's rule (`disk_name` in block/): the
  /// disk's name and a number, with a `p` between where the name ends with a digit.
  public func isPartition(of disk: DiskName) -> Bool {
    guard count > disk.count, disk.count > 0 else { return false }
    for index in 0..<disk.count where self[index] != disk[index] { return false }
    var index = disk.count
    if disk[disk.count - 1] &- UInt8(ascii: "0") <= 9 {
      guard self[index] == UInt8(ascii: "p") else { return false }
      index += 1
    }
    guard index < count else { return false }
    while index < count {
      guard self[index] &- UInt8(ascii: "0") <= 9 else { return false }
      index += 1
    }
    return true
  }

  /// Whether this is a path (`nvme0c1n1`) of the multipath head `head` (`nvme0n1`;
  /// drivers/nvme/host/multipath.c): the kernel counts the same requests on both.
  public func isMultipathPath(of head: DiskName) -> Bool {
    guard starts(with: "nvme"), head.starts(with: "nvme"), count > head.count else { return false }
    var index = 4
    while index < head.count, head[index] == self[index], head[index] != UInt8(ascii: "n") {
      index += 1
    }
    guard index < head.count, index > 4, head[index] == UInt8(ascii: "n"),
      self[index] == UInt8(ascii: "c")
    else { return false }
    var rest = index + 1
    while rest < count, self[rest] &- UInt8(ascii: "0") <= 9 { rest += 1 }
    guard rest > index + 1, count - rest == head.count - index else { return false }
    for offset in 0..<count - rest where self[rest + offset] != head[index + offset] {
      return false
    }
    return true
  }
}
