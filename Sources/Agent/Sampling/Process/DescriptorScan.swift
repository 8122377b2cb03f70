import Bytes
import ProcFS
import Records

/// The descriptors of one process, looked at twice: where each leads to, where in its file it is,
/// and which locks were taken through it.
///
/// Nothing is asked of a file system, and nothing is kept but numbers: thousands of descriptors
/// take some ten milliseconds.
struct DescriptorScan {
  struct Entry {
    var descriptor: Int32
    /// Of a socket.
    var inode: UInt64?
    /// `nil` where it was closed meanwhile, or may not be looked at.
    var info: DescriptorInfo?
    /// How far it got between the two looks.
    var advance: Int64?
  }

  /// A lock that was taken through a descriptor.
  struct Lock {
    var descriptor: Int32
    var kind: FileLock.Kind
    /// `major:minor:inode`
    var file: String
    /// As /proc/locks has it too, but for the number in front.
    var line: String

    /// Several may have locks of one kind on one file: who took it and which part of the file it
    /// is tell them apart.
    static func unnumbered(_ line: Span<UInt8>) -> String {
      var cursor = 0
      _ = line.nextWord(&cursor)
      line.skipBlanks(&cursor)
      return Printable.text(line.extracting(cursor..<line.count), limit: 256)
    }
  }

  let pid: Int32
  private(set) var entries: [Entry] = []
  private(set) var locks: [Lock] = []
  /// All there are, looked at or not.
  private(set) var count = Reading<Int>.gap

  init(of pid: Int32) { self.pid = pid }

  mutating func look(
    _ root: borrowing ProcRoot, _ listing: inout ReadBuffer, _ buffer: inout ReadBuffer
  ) {
    list(root, &listing)
    for index in entries.indices {
      entries[index].inode = inode(entries[index].descriptor, root, &buffer)
      guard entries[index].inode == nil else { continue }
      read(index, root, &buffer)
      guard entries[index].info != nil, locks.count < ProcessReport.lockLimit else { continue }
      takeLocks(entries[index].descriptor, buffer)
    }
  }

  /// Sockets are all that is wanted.
  mutating func lookForSockets(
    _ root: borrowing ProcRoot, _ listing: inout ReadBuffer, _ buffer: inout ReadBuffer
  ) {
    list(root, &listing)
    for index in entries.indices {
      entries[index].inode = inode(entries[index].descriptor, root, &buffer)
    }
  }

  /// What has moved since.
  mutating func lookAgain(_ root: borrowing ProcRoot, _ buffer: inout ReadBuffer) {
    for index in entries.indices {
      guard let before = entries[index].info else { continue }
      read(index, root, &buffer)
      guard let after = entries[index].info else {
        // Closed: it is told as it was.
        entries[index].info = before
        continue
      }
      // Another file under the same number went nowhere from there.
      guard after.mountID == before.mountID else { continue }
      entries[index].advance = Int64(bitPattern: after.offset &- before.offset)
    }
  }

  private mutating func list(_ root: borrowing ProcRoot, _ listing: inout ReadBuffer) {
    var total = 0
    let outcome = root.listNumbers(ProcPath(pid: pid, "fd"), using: &listing) { number in
      total += 1
      if entries.count < ProcessReport.descriptorLimit {
        entries.append(Entry(descriptor: number))
      }
    }
    count = outcome.reading { total }
  }

  private func inode(
    _ descriptor: Int32, _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> UInt64? {
    guard root.readLink(path("fd/", descriptor), into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { DescriptorTarget.socketInode($0) }
  }

  private mutating func read(
    _ index: Int, _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) {
    let path = path("fdinfo/", entries[index].descriptor)
    entries[index].info =
      root.readRecord(path, into: &buffer) == .bytes
      ? buffer.withBytes { DescriptorInfo($0) } : nil
  }

  private mutating func takeLocks(_ descriptor: Int32, _ buffer: ReadBuffer) {
    buffer.withBytes { text in
      DescriptorInfo.forEachLock(text) { lock, line in
        guard !lock.isWaiting else { return }
        locks.append(
          Lock(
            descriptor: descriptor, kind: lock.kind,
            file: Printable.text(line.extracting(lock.file), limit: 64),
            line: Lock.unnumbered(line)))
      }
    }
  }

  func path(_ folder: StaticString, _ descriptor: Int32) -> ProcPath {
    var path = ProcPath(pid: pid, folder)
    path.append(number: Int64(descriptor))
    return path
  }
}
