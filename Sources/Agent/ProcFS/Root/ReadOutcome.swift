import Glibc
import Records

/// How a reading of a file went.
public enum ReadOutcome: Equatable, Sendable {
  /// The buffer holds what was read, which may be nothing.
  case bytes
  /// There is no such file or process (any more): `ENOENT`, `ESRCH`, `ENOTDIR`.
  case vanished
  /// We may not: `EACCES`, `EPERM`.
  case denied
  /// Anything else, by errno.
  case failed(Int32)

  public init(errno: Int32) {
    switch errno {
    case ENOENT, ESRCH, ENOTDIR: self = .vanished
    case EACCES, EPERM: self = .denied
    default: self = .failed(errno)
    }
  }

  /// What a reading is that ended so: the value `make` finds in the buffer, or why there is none.
  /// Bytes without a value are a gap.
  public func reading<Value>(_ make: () -> Value?) -> Reading<Value> {
    switch self {
    case .bytes: make().map { .known($0) } ?? .gap
    case .vanished: .gap
    case .denied: .denied
    case .failed(let errno): errno == EOPNOTSUPP ? .disabled : .gap
    }
  }
}

/// Why a root could not be opened.
public enum ProcError: Error, Equatable {
  case open(path: String, errno: Int32)
}
