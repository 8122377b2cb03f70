import Bytes
import ProcFS
import Records

/// Finds out of which file system the file is that a task reads or writes. A task that waits for
/// a page of a file doesn't show it in its stack, and whose page it is makes all the difference:
/// a disk's, a server's, a FUSE program's.
///
/// Nothing here asks the file system itself, which may hang: the descriptor's mount and the
/// table of mounts tell.
enum FileSystemOfWait {
  /// Calls whose first argument is the descriptor of the file they work on.
  private static let calls: Set<String> = [
    "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "preadv2",
    "pwritev2", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "getdents64",
  ]

  /// Its type, as mountinfo has it (`ext4`, `fuse.sshfs`); `nil` where that can't be found out.
  static func type(
    of task: WaitingTask, _ root: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> String? {
    guard let call = task.systemCall.value, calls.contains(call) else { return nil }
    let pid = task.process.pid
    guard root.readRecord(ProcPath(pid: pid, tid: task.tid, "syscall"), into: &buffer) == .bytes,
      let descriptor = buffer.withBytes({ firstArgument($0) })
    else { return nil }
    var path = ProcPath(pid: pid, "fdinfo/")
    path.append(number: descriptor)
    guard root.read(path, into: &buffer) == .bytes,
      let mount = buffer.withBytes({ mountID($0) }),
      root.read(ProcPath(pid: pid, "mountinfo"), into: &buffer) == .bytes
    else { return nil }
    return buffer.withBytes { type(ofMount: mount, $0) }
  }

  /// `0 0x3 0x7ffd… …`: the second word of proc_pid_syscall(5).
  static func firstArgument(_ bytes: Span<UInt8>) -> Int64? {
    var cursor = 0
    guard bytes.nextWord(&cursor) != nil, let word = bytes.nextWord(&cursor),
      word.count > 2, bytes.extracting(word).starts(with: "0x")
    else { return nil }
    var value: Int64 = 0
    for index in word.dropFirst(2) {
      let byte = bytes[index]
      let digit: Int64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = Int64(byte - UInt8(ascii: "a")) + 10
      default: return nil
      }
      value = value << 4 | digit
      guard value <= Int64(Int32.max) else { return nil }
    }
    return value
  }

  /// `mnt_id:	42` of proc_pid_fdinfo(5), since Linux 3.15.
  static func mountID(_ bytes: Span<UInt8>) -> Int64? {
    var cursor = 0
    while let range = bytes.nextLine(&cursor) {
      let line = bytes.extracting(range)
      guard line.starts(with: "mnt_id:") else { continue }
      var start = "mnt_id:".utf8.count
      return line.nextWord(&start).flatMap { line.decimal(in: $0) }
    }
    return nil
  }

  /// The type stands behind the single hyphen of the line that begins with the mount's number.
  static func type(ofMount mount: Int64, _ bytes: Span<UInt8>) -> String? {
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      let line = bytes.extracting(start..<end)
      start = end + 1
      var cursor = 0
      guard let first = line.nextWord(&cursor), line.decimal(in: first) == mount else { continue }
      while let word = line.nextWord(&cursor) {
        if line.equals("-", in: word) {
          return line.nextWord(&cursor).map { Printable.text(line.extracting($0), limit: 64) }
        }
      }
    }
    return nil
  }
}
