import CSystem
import Glibc

/// An open root folder, `/proc` or one recorded elsewhere; everything is read relative to it.
///
/// It owns its descriptor. Reading allocates nothing once the buffer has its size.
public struct ProcRoot: ~Copyable {
  public let path: String
  let descriptor: Int32

  /// - Throws: `ProcError.open`, where the folder isn't there or can't be entered.
  public init(_ path: String = "/proc") throws(ProcError) {
    let result = path.withCString { culprit_open_at(AT_FDCWD, $0, O_DIRECTORY) }
    guard result >= 0 else { throw .open(path: path, errno: -result) }
    self.path = path
    descriptor = result
  }

  deinit { close(descriptor) }

  /// Whether this is the kernel's own procfs, and not a recording.
  public var isLive: Bool { culprit_is_procfs(descriptor) == 1 }

  /// Reads a whole file, as often as it takes to come to its end.
  public func read(_ path: ProcPath, into buffer: inout ReadBuffer) -> ReadOutcome {
    read(path, into: &buffer, isRecord: false)
  }

  /// Reads a file that comes whole out of one read(2): those of tasks do.
  public func readRecord(_ path: ProcPath, into buffer: inout ReadBuffer) -> ReadOutcome {
    read(path, into: &buffer, isRecord: true)
  }

  /// The same for a path that is known when the source is written: `"sys/kernel/osrelease"`.
  public func read(_ path: StaticString, into buffer: inout ReadBuffer) -> ReadOutcome {
    read(ProcPath(path), into: &buffer)
  }

  /// Opens a file, to be read again and again.
  public func open(_ path: ProcPath) -> OpenOutcome {
    let result = openDescriptor(path, 0)
    return result >= 0 ? .file(HeldFile(descriptor: result)) : .none(ReadOutcome(errno: -result))
  }

  /// What fstatat(2) says of a file or folder; `nil` where there is none.
  public func status(_ path: ProcPath) -> stat? {
    var status = stat()
    guard path.isValid else { return nil }
    let result = path.withCString { fstatat(descriptor, $0, &status, 0) }
    return result == 0 ? status : nil
  }

  /// Where a symbolic link points to; it is the buffer's bytes, cut at its present size.
  public func readLink(_ path: ProcPath, into buffer: inout ReadBuffer) -> ReadOutcome {
    guard path.isValid else { return .failed(ENAMETOOLONG) }
    let size = buffer.fill { bytes, room in
      path.withCString { name in
        let size = readlinkat(descriptor, name, bytes, room)
        return size < 0 ? -Int(errno) : size
      }
    }
    return size < 0 ? ReadOutcome(errno: Int32(truncatingIfNeeded: -size)) : .bytes
  }

  private func read(
    _ path: ProcPath, into buffer: inout ReadBuffer, isRecord: Bool
  ) -> ReadOutcome {
    let file = openDescriptor(path, 0)
    guard file >= 0 else {
      buffer.removeAll()
      return ReadOutcome(errno: -file)
    }
    defer { close(file) }
    return buffer.fill(from: file, offset: nil, isRecord: isRecord)
  }

  /// The descriptor, or -errno.
  func openDescriptor(_ path: ProcPath, _ flags: Int32) -> Int32 {
    guard path.isValid else { return -ENAMETOOLONG }
    return path.withCString { culprit_open_at(descriptor, $0, flags) }
  }
}

/// What opening a file gave.
public enum OpenOutcome: ~Copyable {
  case file(HeldFile)
  /// Never `.bytes`.
  case none(ReadOutcome)

  /// The file, where there is one.
  public consuming func file() -> HeldFile? {
    switch consume self {
    case .file(let file): file
    case .none: nil
    }
  }
}

/// An open file that is read from its start again and again. It owns its descriptor.
public struct HeldFile: ~Copyable {
  let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The whole file, from its start.
  public func read(into buffer: inout ReadBuffer) -> ReadOutcome {
    buffer.fill(from: descriptor, offset: 0, isRecord: false)
  }

  /// A file that comes whole out of one read(2).
  public func readRecord(into buffer: inout ReadBuffer) -> ReadOutcome {
    buffer.fill(from: descriptor, offset: 0, isRecord: true)
  }
}
