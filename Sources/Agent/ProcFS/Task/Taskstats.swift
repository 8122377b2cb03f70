import Records

/// What the kernel says of a task that exits: `struct taskstats` of include/uapi/linux/taskstats.h
/// (Documentation/accounting/taskstats-struct.rst).
///
/// Its layout goes by the first field, the version. Each one added fields at the end, but for 15
/// (Linux 6.14), which put two beside each delay; 16 took them out again and to the end.
public struct Taskstats: Equatable, Sendable {
  public var version: UInt16
  public var tid: Int32
  /// Since version 12 (Linux 5.18).
  public var processID: Int32?
  public var parentPID: Int32
  public var name: TaskName
  public var userID: UInt32
  /// Whether it was the last of its process to exit (`AGROUP`); since version 12.
  public var endsProcess: Bool?
  /// From its start to now, microseconds.
  public var elapsedMicroseconds: UInt64
  public var userMicroseconds: UInt64
  public var systemMicroseconds: UInt64
  /// Time on a CPU; 0 where delay accounting is off.
  public var runNanoseconds: UInt64
  /// What the task moved itself.
  public var io: IOCounters
  /// 0 where delay accounting is off, or was when the task started.
  public var blockDelayNanoseconds: UInt64
  public var swapDelayNanoseconds: UInt64

  /// Versions from 8 (Linux 2.6.31) on are known; a later one is read as 16.
  private static let oldest: UInt16 = 8
  private static let agroup: UInt8 = 0x20

  /// `nil` for a version we don't know, or less bytes than it has.
  public init?(_ bytes: Span<UInt8>) {
    guard let version = bytes.number16(at: 0), version >= Taskstats.oldest else { return nil }
    let isBroken = version == 15
    guard bytes.count >= Taskstats.size(version) else { return nil }
    // What version 15 put in front of the basic fields: three pairs.
    let basic = isBroken ? 48 : 0
    self.version = version
    name = TaskName(bytes.extracting((80 + basic)..<(112 + basic)))
    guard let userID = bytes.number32(at: 120 + basic), let tid = bytes.number32(at: 128 + basic),
      let parent = bytes.number32(at: 132 + basic)
    else { return nil }
    // These keep their distances in every version.
    func field(_ offset: Int) -> UInt64 { bytes.number64(at: offset + basic) ?? 0 }
    self.userID = userID
    self.tid = Int32(truncatingIfNeeded: tid)
    parentPID = Int32(truncatingIfNeeded: parent)
    elapsedMicroseconds = field(144)
    userMicroseconds = field(152)
    systemMicroseconds = field(160)
    io = IOCounters(
      readCharacters: field(216), writeCharacters: field(224), readCalls: field(232),
      writeCalls: field(240), readBytes: field(248), writeBytes: field(256),
      cancelledWriteBytes: field(264))
    blockDelayNanoseconds = bytes.number64(at: isBroken ? 56 : 40) ?? 0
    swapDelayNanoseconds = bytes.number64(at: isBroken ? 88 : 56) ?? 0
    runNanoseconds = field(64)
    guard version >= 12 else { return }
    endsProcess = bytes[8] & Taskstats.agroup != 0
    processID = bytes.number32(at: isBroken ? 464 : 368).map { Int32(truncatingIfNeeded: $0) }
  }

  /// Bytes up to and with the last field we read of a version.
  private static func size(_ version: UInt16) -> Int {
    switch version {
    case 15: 560
    case 12...: 400
    default: 328
    }
  }
}
