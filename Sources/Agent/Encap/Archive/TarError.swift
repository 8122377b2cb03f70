import Bytes
import Glibc

/// Why an archive can't be read or written.
public enum TarError: Error, Equatable, CustomStringConvertible {
  /// The stream ended inside the archive; its offset, bytes.
  case truncated(at: UInt64)
  /// The stream can't be read.
  case unreadable(errno: Int32)
  /// No tar archive, or a damaged one.
  case damaged(at: UInt64, why: String)
  /// An entry that isn't taken: what it is called, and why.
  case refused(path: String, why: String)
  /// More than there may be.
  case tooLarge(what: String, limit: UInt64)

  static func refused(_ path: [UInt8], _ why: String) -> TarError {
    .refused(path: Printable.text(path.span, limit: 200), why: why)
  }

  public var description: String {
    switch self {
    case .truncated(let offset):
      "the archive breaks off after \(offset) bytes; send it again "
        + "(a compressed one is unpacked before: gzip -dc)"
    case .unreadable(let code): "the archive can't be read: \(String(cString: strerror(code)))"
    case .damaged(let offset, let why):
      "no tar archive, or a damaged one: \(why) at byte \(offset) (a compressed one is "
        + "unpacked before: gzip -dc)"
    case .refused(let path, let why): "the archive's entry “\(path)” is refused: \(why)"
    case .tooLarge(let what, let limit): "the archive has more than \(limit) \(what)"
    }
  }
}
