import Glibc

/// Why the programs can't be used.
public enum BPFError: Error, Equatable, CustomStringConvertible {
  /// Loading failed: errno, and what the kernel or libbpf said.
  case cannotLoad(errno: Int32, String)
  case cannotRead(errno: Int32)

  /// A load that failed: `words` is what it left, up to its NUL.
  init(loading code: Int32, _ words: [CChar]) {
    self = .cannotLoad(
      errno: code,
      String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// Whether a right is missing, and not a feature.
  public var isDenied: Bool {
    switch self {
    case .cannotLoad(let code, _), .cannotRead(let code): code == EPERM || code == EACCES
    }
  }

  public var description: String {
    switch self {
    case .cannotLoad(_, let reason): "BPF programs can't be loaded: \(reason)"
    case .cannotRead(let code): "BPF programs can't be read: errno \(code)"
    }
  }
}
