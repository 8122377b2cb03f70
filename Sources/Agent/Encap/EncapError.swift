import Bytes
import Glibc

/// Why something about packages can't be done. What is in the way of single links is no error but an
/// ``EncapConflict``.
public enum EncapError: Error, Equatable, CustomStringConvertible {
  /// A system call failed: what was to be done, with which path.
  case system(action: String, path: String, errno: Int32)
  /// Source and target don't go together.
  case places(why: String)
  /// Somebody else changes packages there.
  case inUse(path: String, holder: String?)
  /// There is no such package, or none that fits; what there is instead.
  case noPackage(String, why: String)
  /// A file of a package that can't be taken, with its line where it has one.
  case badFile(path: String, line: Int?, why: String)
  /// What a package needs and isn't there.
  case prerequisites(package: String, missing: [String])
  /// A script said no, or wasn't heard of in time.
  case script(String, package: String, why: String)
  case archive(TarError)
  /// Not what was announced.
  case checksum(expected: String, found: String)
  /// Something in the target isn't any more what it was when the plan was made.
  case changed(path: String)
  /// A change broke off earlier, and can be neither finished nor undone.
  case unfinished(journal: String, why: String)
  /// More than there may be.
  case tooLarge(what: String, limit: Int)

  static func failed(_ action: String, _ path: String) -> EncapError {
    .system(action: action, path: path, errno: Glibc.errno)
  }

  public var description: String {
    switch self {
    case .system(let action, let path, let code):
      "can't \(action) \(path): \(String(cString: strerror(code)))\(EncapError.remedy(code))"
    case .places(let why): why
    case .inUse(let path, let holder):
      "\(path) is being changed by \(holder ?? "somebody else"): try again when that is done"
    case .noPackage(let name, let why): "no package \(name): \(why)"
    case .badFile(let path, let line, let why): "\(path):\(line.map { "\($0):" } ?? "") \(why)"
    case .prerequisites(let package, let missing):
      "\(package) needs what isn't there: \(missing.joined(separator: "; "))"
    case .script(let script, let package, let why): "\(script) of \(package) \(why)"
    case .archive(let error): error.description
    case .checksum(let expected, let found):
      "the archive's SHA-256 is \(found), not \(expected): it was changed on its way; send it again"
    case .changed(let path):
      "\(path) was changed by somebody meanwhile: look at it, and run it again"
    case .unfinished(let journal, let why):
      "a change that broke off can be neither finished nor undone: \(why); the plan is in \(journal)"
    case .tooLarge(let what, let limit): "more than \(limit) \(what)"
    }
  }

  /// The next step, where the number tells it.
  private static func remedy(_ code: Int32) -> String {
    switch code {
    case EACCES, EPERM: "; run it as root, or name folders of your own (--source, --target)"
    case EROFS: "; mount it writable first (mount -o remount,rw), or name other folders"
    case ENOSPC, EDQUOT: "; make room and run it again"
    case ENOENT, ENOTDIR: "; make that folder, or name others with --source and --target"
    case ELOOP: "; it is a link, and none is followed here"
    default: ""
    }
  }
}
