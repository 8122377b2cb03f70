import Bytes
import Records

/// A line of `/proc/locks` (proc_locks(5), `lock_get_status` in fs/locks.c), or of the same text
/// behind `lock:` in `/proc/PID/fdinfo/FD`:
/// `1: -> POSIX  ADVISORY  WRITE 878 00:19:812 0 EOF`.
public struct LockLine: Equatable, Sendable {
  /// Counts the locks that are held; who waits has the number of what it waits for.
  public var number: UInt64
  /// It isn't held but waited for (`->`, deeper where it waits for another waiter).
  public var isWaiting: Bool
  public var kind: FileLock.Kind
  public var isExclusive: Bool
  /// Thread group that took it; 0 or -1 where the kernel names none.
  public var pid: Int32
  /// Where `major:minor:inode` stands in the line.
  public var file: Range<Int>

  public init?(_ line: Span<UInt8>) {
    var cursor = 0
    guard let number = LockLine.number(line, &cursor), var word = line.nextWord(&cursor) else {
      return nil
    }
    self.number = number
    isWaiting = line.equals("->", in: word)
    if isWaiting {
      guard let next = line.nextWord(&cursor) else { return nil }
      word = next
    }
    kind = LockLine.kind(line, word)
    // ADVISORY, MANDATORY, MSNFS, *NOINODE*; ACTIVE, BREAKING, BREAKER; UNKNOWN.
    guard line.nextWord(&cursor) != nil, let access = line.nextWord(&cursor),
      let pid = line.nextWord(&cursor).flatMap({ line.decimal(in: $0) }),
      let file = line.nextWord(&cursor), line.nextWord(&cursor) != nil,
      line.nextWord(&cursor) != nil
    else { return nil }
    isExclusive = line.equals("WRITE", in: access) || line.equals("RW", in: access)
    self.pid = Int32(clamping: pid)
    self.file = file
  }

  private static func number(_ line: Span<UInt8>, _ cursor: inout Int) -> UInt64? {
    guard let word = line.nextWord(&cursor), word.count > 1,
      line[word.upperBound - 1] == UInt8(ascii: ":")
    else { return nil }
    return line.decimal(in: word.lowerBound..<word.upperBound - 1).flatMap { UInt64(exactly: $0) }
  }

  private static func kind(_ line: Span<UInt8>, _ word: Range<Int>) -> FileLock.Kind {
    if line.equals("FLOCK", in: word) { return .flock }
    if line.equals("POSIX", in: word) || line.equals("ACCESS", in: word) { return .posix }
    if line.equals("OFDLCK", in: word) { return .openFile }
    if line.equals("LEASE", in: word) || line.equals("DELEG", in: word) { return .lease }
    return .other
  }
}

/// The locks that somebody waits for.
public enum LockTable {
  /// Most locks kept of a reading, and most waiters of one.
  public static let limit = 256

  /// Appends the locks of `/proc/locks` that have waiters, in its order. Where none has, nothing
  /// is allocated.
  public static func contended(in text: Span<UInt8>, into locks: inout [FileLock]) {
    var held: (line: LockLine, start: Int)?
    var current: Int?
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) {
      guard let line = LockLine(text.extracting(range)) else { continue }
      guard line.isWaiting else {
        held = (line, range.lowerBound)
        current = nil
        continue
      }
      if held?.line.number != line.number { (held, current) = (nil, nil) }
      if current == nil, locks.count < limit {
        current = locks.count
        // The kernel leaves a holder out that the reader's pid namespace can't see.
        locks.append(lock(held ?? (line, range.lowerBound), isHolderKnown: held != nil, text))
        held = held ?? (line, range.lowerBound)
      }
      guard let current, line.pid > 0, locks[current].waiters.count < limit else { continue }
      locks[current].waiters.append(line.pid)
    }
  }

  /// Appends the locks of `/proc/locks` that `isWanted` says yes to, one by one: those that are
  /// held with whoever waits for them, by the holder's line; and to one of their waiters.
  public static func select(
    in text: Span<UInt8>, into locks: inout [FileLock],
    _ isWanted: (LockLine, Span<UInt8>) -> Bool
  ) {
    var current: (lock: FileLock, number: UInt64, isWanted: Bool)?
    func settle(_ locks: inout [FileLock]) {
      if let current, current.isWanted { locks.append(current.lock) }
    }
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) {
      let bytes = text.extracting(range)
      guard let line = LockLine(bytes) else { continue }
      if !line.isWaiting || current?.number != line.number {
        settle(&locks)
        // The kernel leaves a holder out that the reader's pid namespace can't see.
        let found = lock((line, range.lowerBound), isHolderKnown: !line.isWaiting, text)
        current = (found, line.number, false)
      }
      if isWanted(line, bytes) { current?.isWanted = true }
      guard line.isWaiting, line.pid > 0, current?.lock.waiters.count ?? 0 < limit else { continue }
      current?.lock.waiters.append(line.pid)
    }
    settle(&locks)
  }

  private static func lock(
    _ held: (line: LockLine, start: Int), isHolderKnown: Bool, _ text: Span<UInt8>
  ) -> FileLock {
    let (line, start) = held
    let file = start + line.file.lowerBound..<start + line.file.upperBound
    return FileLock(
      kind: line.kind, isExclusive: line.isExclusive,
      holder: isHolderKnown && line.pid > 0 ? line.pid : nil, waiters: [],
      file: Printable.text(text.extracting(file), limit: 64))
  }
}
