import Bytes
import Glibc
import Records

/// `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5); `seq_show` in fs/proc/fd.c): where in the file a
/// descriptor is, how it was opened and in which mount, and the locks that were taken through it.
/// The file system is asked nothing, so that this never waits for it.
public struct DescriptorInfo: Equatable, Sendable {
  public var offset: UInt64
  /// As `open(2)` of this machine has them.
  public var flags: UInt32
  /// Since Linux 3.15.
  public var mountID: Int32?

  /// `nil` where one of the first two lines is missing or may have been cut.
  public init?(_ bytes: Span<UInt8>) {
    var cursor = 0
    guard let first = bytes.nextWholeLine(&cursor),
      let offset = DescriptorInfo.value("pos:", bytes.extracting(first)),
      let second = bytes.nextWholeLine(&cursor),
      let flags = DescriptorInfo.octal("flags:", bytes.extracting(second))
    else { return nil }
    self.offset = offset
    self.flags = flags
    if let third = bytes.nextWholeLine(&cursor) {
      mountID = DescriptorInfo.value("mnt_id:", bytes.extracting(third))
        .flatMap { Int32(exactly: $0) }
    }
  }

  public var access: OpenFile.Access {
    if flags & Bits.path != 0 { return .path }
    switch flags & 3 {
    case 0: return .read
    case 1: return .write
    default: return .readWrite
    }
  }

  public var isFolder: Bool { flags & Bits.folder != 0 }

  public var openFlags: OpenFile.Flags {
    var result: OpenFile.Flags = []
    if flags & Bits.append != 0 { result.insert(.append) }
    if flags & Bits.nonBlocking != 0 { result.insert(.nonBlocking) }
    if flags & Bits.direct != 0 { result.insert(.direct) }
    if flags & Bits.closeOnExec != 0 { result.insert(.closeOnExec) }
    // O_SYNC holds O_DSYNC's bit, and O_TMPFILE O_DIRECTORY's.
    if flags & Bits.sync == Bits.sync {
      result.insert(.sync)
    } else if flags & Bits.dataSync != 0 {
      result.insert(.dataSync)
    }
    if flags & Bits.temporary != 0 { result.insert(.temporary) }
    return result
  }

  /// include/uapi/asm-generic/fcntl.h, and arch/arm64/include/uapi/asm/fcntl.h for two of them.
  private enum Bits {
    static let append: UInt32 = 0o2000
    static let nonBlocking: UInt32 = 0o4000
    static let dataSync: UInt32 = 0o10000
    static let sync: UInt32 = 0o4_010000
    static let closeOnExec: UInt32 = 0o2_000000
    static let path: UInt32 = 0o10_000000
    static let temporary: UInt32 = 0o20_000000
    #if arch(arm64)
      static let direct: UInt32 = 0o200000
      static let folder: UInt32 = 0o40000
    #else
      static let direct: UInt32 = 0o40000
      static let folder: UInt32 = 0o200000
    #endif
  }

  /// Calls `body` with each lock that the text lists (`lock:`, since Linux 4.1), as /proc/locks
  /// writes it.
  public static func forEachLock(_ text: Span<UInt8>, _ body: (LockLine, Span<UInt8>) -> Void) {
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) {
      let line = text.extracting(range)
      guard line.starts(with: "lock:") else { continue }
      let rest = line.extracting(5..<line.count)
      if let lock = LockLine(rest) { body(lock, rest) }
    }
  }

  private static func value(_ key: StaticString, _ line: Span<UInt8>) -> UInt64? {
    guard line.starts(with: key) else { return nil }
    var cursor = key.utf8CodeUnitCount
    return line.nextCounter(&cursor)
  }

  private static func octal(_ key: StaticString, _ line: Span<UInt8>) -> UInt32? {
    guard line.starts(with: key) else { return nil }
    var cursor = key.utf8CodeUnitCount
    guard let word = line.nextWord(&cursor), word.count <= 12 else { return nil }
    var value: UInt64 = 0
    for index in word {
      let digit = line[index] &- UInt8(ascii: "0")
      guard digit < 8 else { return nil }
      value = value << 3 | UInt64(digit)
    }
    return UInt32(exactly: value)
  }
}
