import Bytes

/// A block device's name: at most 31 bytes (`DISK_NAME_LEN`), kept inside the struct.
public struct DiskName: Equatable, Sendable {
  public static let limit = 32

  private var storage: InlineArray<32, UInt8> = InlineArray(repeating: 0)
  public private(set) var count = 0

  public init(_ bytes: Span<UInt8>) {
    for index in 0..<min(bytes.count, DiskName.limit) { storage[index] = bytes[index] }
    count = min(bytes.count, DiskName.limit)
  }

  public init(_ text: StaticString) {
    count = min(text.utf8CodeUnitCount, DiskName.limit)
    for index in 0..<count { storage[index] = text.utf8Start[index] }
  }

  public subscript(index: Int) -> UInt8 { storage[index] }

  /// Harmless to a terminal.
  public var text: String { withBytes { Printable.text($0) } }

  public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    body(storage.span.extracting(0..<count))
  }

  public func starts(with prefix: StaticString) -> Bool {
    guard count >= prefix.utf8CodeUnitCount else { return false }
    for index in 0..<prefix.utf8CodeUnitCount where storage[index] != prefix.utf8Start[index] {
      return false
    }
    return true
  }

  public static func == (left: DiskName, right: DiskName) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}

/// A line of `/proc/diskstats` (Documentation/admin-guide/iostats.rst; block/genhd.c): fields 1–3
/// name the device; 4–14 are there since Linux 2.6, 15–18 (discards) since 4.18, 19–20 (flushes)
/// since 5.5. Before 2.6.25 a partition had only four; such a line isn't understood.
public struct DiskCounters: Equatable, Sendable {
  public var major: UInt32
  public var minor: UInt32
  public var name: DiskName
  public var reads: UInt64
  /// Of 512 bytes, whatever the device's own sectors have.
  public var sectorsRead: UInt64
  /// 32 bits in the kernel: starts over after 49 days of reading.
  public var readMilliseconds: UInt64
  public var writes: UInt64
  public var sectorsWritten: UInt64
  public var writeMilliseconds: UInt64
  /// Requests that aren't done: the only figure that isn't a counter.
  public var inFlight: UInt64
  public var busyMilliseconds: UInt64

  public static let sectorBytes: UInt64 = 512

  /// The next line that is understood; `nil` at the end.
  public static func next(in text: Span<UInt8>, _ cursor: inout Int) -> DiskCounters? {
    while let range = text.nextWholeLine(&cursor) {
      if let counters = DiskCounters(text.extracting(range)) { return counters }
    }
    return nil
  }

  init?(_ line: Span<UInt8>) {
    var cursor = 0
    guard let major = line.nextCounter(&cursor), let minor = line.nextCounter(&cursor),
      let name = line.nextWord(&cursor), name.count < DiskName.limit
    else { return nil }
    self.major = UInt32(clamping: major)
    self.minor = UInt32(clamping: minor)
    self.name = DiskName(line.extracting(name))
    guard let reads = line.nextCounter(&cursor), line.nextCounter(&cursor) != nil,
      let sectorsRead = line.nextCounter(&cursor), let readTime = line.nextCounter(&cursor),
      let writes = line.nextCounter(&cursor), line.nextCounter(&cursor) != nil,
      let sectorsWritten = line.nextCounter(&cursor), let writeTime = line.nextCounter(&cursor),
      let inFlight = DiskCounters.inFlight(line, &cursor),
      let busy = line.nextCounter(&cursor), line.nextCounter(&cursor) != nil
    else { return nil }
    (self.reads, self.sectorsRead, readMilliseconds) = (reads, sectorsRead, readTime)
    (self.writes, self.sectorsWritten, writeMilliseconds) = (writes, sectorsWritten, writeTime)
    (self.inFlight, busyMilliseconds) = (inFlight, busy)
  }

  /// The count is the difference of others and was seen below 0 in many kernels, printed with its
  /// sign, or as a huge number of 32 or 64 bits. Nothing is in flight then.
  private static func inFlight(_ line: Span<UInt8>, _ cursor: inout Int) -> UInt64? {
    guard let word = line.nextWord(&cursor) else { return nil }
    if line[word.lowerBound] == UInt8(ascii: "-") {
      return line.decimal(in: word) == nil ? nil : 0
    }
    var start = word.lowerBound
    return line.nextCounter(&start).map { $0 > UInt64(Int32.max) ? 0 : $0 }
  }
}
