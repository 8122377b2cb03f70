import ProcFS
import Records

// The file locks that a process holds or waits for, and who is on the other side.

extension ProcessReporter {
  /// /proc/locks names who took a lock, which needn't be who has it: a child that took it for its
  /// parent may have gone, and an open-file lock names nobody. The descriptors tell those.
  mutating func tellLocks(_ descriptors: DescriptorScan, in report: inout ProcessReport) {
    let pid = report.identity.id.pid
    let outcome = root.read("locks", into: &buffer)
    // A kernel without CONFIG_FILE_LOCKING has no such file.
    guard outcome == .bytes else {
      return report.locks = outcome == .vanished ? .unsupported : outcome.reading { nil }
    }
    var locks: [FileLock] = []
    buffer.withBytes { text in
      LockTable.select(in: text, into: &locks) { line, bytes in
        if line.pid == pid { return true }
        guard !line.isWaiting, !descriptors.locks.isEmpty else { return false }
        let text = DescriptorScan.Lock.unnumbered(bytes)
        return descriptors.locks.contains { $0.line == text }
      }
    }
    for index in locks.indices { complete(&locks[index], descriptors, pid) }
    report.omittedLocks = max(0, locks.count - ProcessReport.lockLimit)
    report.locks = .known(Array(locks.prefix(ProcessReport.lockLimit)))
  }

  private mutating func complete(
    _ lock: inout FileLock, _ descriptors: DescriptorScan, _ pid: Int32
  ) {
    let own = descriptors.locks.first { $0.kind == lock.kind && $0.file == lock.file }
    if let own, !lock.waiters.contains(pid) || lock.holder == pid {
      lock.holder = pid
      lock.path = path(own.descriptor, descriptors)
    } else if lock.holder != pid {
      var others = [lock]
      var holders = LockHolders()
      holders.complete(&others, proc: root, using: &buffer)
      lock = others.first ?? lock
    }
  }

  private mutating func path(_ descriptor: Int32, _ descriptors: DescriptorScan) -> String? {
    root.readLink(descriptors.path("fd/", descriptor), into: &buffer).reading {
      buffer.withBytes { DescriptorTarget($0).path }
    }.value
  }
}
