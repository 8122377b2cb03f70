import Glibc

/// Why a spool can't be had or used.
public enum SpoolError: Error, Equatable, CustomStringConvertible {
  /// The folder can't be made or entered.
  case folder(path: String, errno: Int32)
  /// Another agent has it; its pid, where the lock's file tells.
  case inUse(path: String, pid: Int32?)
  /// A file in it can't be written or read.
  case file(path: String, errno: Int32)
  /// What a file holds isn't what was written.
  case damaged(path: String)
  /// A frame is larger than a piece of the spool may be.
  case tooLarge(bytes: Int)

  /// Whether it is the disk that fails, and not who named the folder: an agent is needed most then,
  /// with a spool or without.
  public var isOfDisk: Bool {
    switch self {
    case .folder(_, let code), .file(_, let code): [EROFS, ENOSPC, EDQUOT, EIO].contains(code)
    case .damaged: true
    case .inUse, .tooLarge: false
    }
  }

  /// Whether it is about one file, and the others are as good as before.
  var isOfOneFile: Bool {
    guard case .file(_, let code) = self else { return false }
    return [EACCES, EPERM, EISDIR, ELOOP, ESPIPE, ENXIO, EINVAL].contains(code)
  }

  public var description: String {
    switch self {
    case .folder(let path, let code):
      "the spool's folder \(path) can't be used: \(String(cString: strerror(code))); name another "
        + "with --spool DIR"
    case .inUse(let path, let pid):
      "the spool \(path) is in use by another culprit-agent\(pid.map { " (pid \($0))" } ?? ""): "
        + "end that one, or name another folder with --spool DIR"
    case .file(let path, let code): "\(path): \(String(cString: strerror(code)))"
    case .damaged(let path): "\(path) is damaged"
    case .tooLarge(let bytes): "a frame of \(bytes) bytes is larger than the spool allows"
    }
  }
}
