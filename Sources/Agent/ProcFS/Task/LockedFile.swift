import Bytes
import Records

/// The path of a file that a process holds or awaits a lock on.
///
/// `/proc/PID/fdinfo/N` lists the locks that were taken through a descriptor, as /proc/locks does
/// (proc_pid_fdinfo(5), since Linux 4.1). So the file system itself is never asked: it may hang.
public enum LockedFile {
  /// Descriptors of one process that are looked at.
  static let descriptorLimit = 4096

  /// - Parameter file: `major:minor:inode` as /proc/locks prints it.
  public static func path(
    of file: String, heldBy pid: Int32, root: borrowing ProcRoot, listing: inout ReadBuffer,
    buffer: inout ReadBuffer
  ) -> Reading<String> {
    let wanted = Array(file.utf8)
    var descriptors: [Int32] = []
    let outcome = root.listNumbers(ProcPath(pid: pid, "fdinfo"), using: &listing) {
      if descriptors.count < descriptorLimit { descriptors.append($0) }
    }
    guard outcome == .bytes else { return outcome.reading { nil } }
    for descriptor in descriptors {
      var info = ProcPath(pid: pid, "fdinfo/")
      info.append(number: Int64(descriptor))
      guard root.readRecord(info, into: &buffer) == .bytes,
        buffer.withBytes({ hasLock(on: wanted.span, in: $0) })
      else { continue }
      return link(pid, descriptor, root, &buffer)
    }
    return .gap
  }

  /// Where a descriptor leads to.
  static func link(
    _ pid: Int32, _ descriptor: Int32, _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> Reading<String> {
    var path = ProcPath(pid: pid, "fd/")
    path.append(number: Int64(descriptor))
    return root.readLink(path, into: &buffer).reading {
      buffer.withBytes { Printable.text($0, limit: 1024) }
    }
  }

  /// `lock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF`
  static func hasLock(on file: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
    var cursor = 0
    while let line = bytes.nextLine(&cursor) {
      guard bytes.holds("lock:", at: line.lowerBound) else { continue }
      var position = line.lowerBound
      while let word = bytes.extracting(0..<line.upperBound).nextWord(&position) {
        if word.count == file.count, bytes.equals(file, at: word.lowerBound) { return true }
      }
    }
    return false
  }
}

extension Span<UInt8> {
  fileprivate func equals(_ other: Span<UInt8>, at start: Int) -> Bool {
    for index in other.indices where self[start + index] != other[index] { return false }
    return true
  }
}
