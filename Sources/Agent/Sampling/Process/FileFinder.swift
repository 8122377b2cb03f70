import Glibc
import ProcFS
import Records

/// Tells what the descriptors of a process lead to that are no sockets.
enum FileFinder {
  static func files(
    of pid: Int32, _ descriptors: DescriptorScan, _ root: borrowing ProcRoot,
    _ buffer: inout ReadBuffer
  ) -> OpenFiles {
    guard descriptors.count.value != nil else {
      return OpenFiles(told: descriptors.count.map { _ in [] })
    }
    let mounts =
      root.read(ProcPath(pid: pid, "mountinfo"), into: &buffer) == .bytes
      ? buffer.withBytes { MountTable($0) } : MountTable()
    let entries = descriptors.entries.filter { $0.inode == nil }.sorted(by: comesBefore)
    var files: [OpenFile] = []
    var used: [FileMount] = []
    for entry in entries.prefix(ProcessReport.fileLimit) {
      let mount = entry.info?.mountID.flatMap { mounts[$0] }
      files.append(file(entry, mount, descriptors, root, &buffer))
      if let mount, !used.contains(where: { $0.number == mount.number }) {
        used.append(FileMount(mount))
      }
    }
    return OpenFiles(
      told: .known(files), omitted: entries.count - files.count, mounts: used)
  }

  /// Those that grow first, the fastest before.
  private static func comesBefore(
    _ left: DescriptorScan.Entry, _ right: DescriptorScan.Entry
  ) -> Bool {
    let (leftAdvance, rightAdvance) = (left.advance ?? 0, right.advance ?? 0)
    if leftAdvance.magnitude != rightAdvance.magnitude {
      return leftAdvance.magnitude > rightAdvance.magnitude
    }
    return left.descriptor < right.descriptor
  }

  private static func file(
    _ entry: DescriptorScan.Entry, _ mount: MountEntry?, _ descriptors: DescriptorScan,
    _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> OpenFile {
    let path = descriptors.path("fd/", entry.descriptor)
    let outcome = root.readLink(path, into: &buffer)
    let target = outcome.reading { buffer.withBytes { DescriptorTarget($0) } }
    var file = OpenFile(
      descriptor: entry.descriptor, kind: target.value?.kind ?? .other,
      path: target.map(\.path), isDeleted: target.value?.isDeleted ?? false)
    guard let info = entry.info else {
      // Who may not read where it is may not know how it was opened either.
      if outcome == .denied { (file.access, file.offset, file.mount) = (.denied, .denied, .denied) }
      return file
    }
    if info.isFolder, file.kind == .file { file.kind = .folder }
    file.access = .known(info.access)
    file.flags = info.openFlags
    file.offset = .known(info.offset)
    file.advance = entry.advance.map { .known($0) } ?? .gap
    file.mount = info.mountID.map { .known($0) } ?? .unsupported
    if file.kind == .memory || file.kind == .file && mount.map(answersAtOnce) ?? false {
      file.size = root.status(path).map { .known(UInt64(clamping: $0.st_size)) } ?? .gap
    }
    return file
  }

  /// File systems that know the size of an open file without a device, a server or a program: the
  /// others aren't asked, for they may hang.
  private static func answersAtOnce(_ mount: MountEntry) -> Bool {
    switch mount.type {
    case "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "vfat", "exfat", "tmpfs", "ramfs",
      "squashfs", "erofs", "iso9660", "udf", "hugetlbfs":
      true
    default: false
    }
  }
}

extension FileMount {
  fileprivate init(_ mount: MountEntry) {
    self.init(
      number: mount.number, mountPoint: mount.mountPoint, type: mount.type, source: mount.source,
      major: mount.major, minor: mount.minor)
  }
}
