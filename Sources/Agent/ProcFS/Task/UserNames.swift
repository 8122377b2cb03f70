import Bytes
import Glibc

/// Names of users by their number, out of `/etc/passwd` (passwd(5)). The name service can't be
/// asked from a static executable, so users of LDAP and the like have no name.
public struct UserNames: Sendable {
  /// Names kept.
  private static let limit = 1024

  private let path: String
  private var names: [UInt32: String?] = [:]
  private var changed = timespec()
  private var buffer = ReadBuffer(capacity: 1 << 12, limit: 1 << 22)

  public init(path: String = "/etc/passwd") { self.path = path }

  /// `nil` where the file names no such user, or there is no file.
  public mutating func name(of userID: UInt32) -> String? {
    forgetIfChanged()
    if let known = names[userID] { return known }
    let name = find(userID)
    if names.count < UserNames.limit { names[userID] = .some(name) }
    return name
  }

  private mutating func forgetIfChanged() {
    var status = stat()
    guard stat(path, &status) == 0,
      status.st_mtim.tv_sec != changed.tv_sec || status.st_mtim.tv_nsec != changed.tv_nsec
    else { return }
    changed = status.st_mtim
    names.removeAll(keepingCapacity: true)
  }

  private mutating func find(_ userID: UInt32) -> String? {
    guard let root = try? ProcRoot("/"), root.read(ProcPath(path), into: &buffer) == .bytes else {
      return nil
    }
    let name = buffer.withBytes { UserNames.name(of: userID, in: $0) }
    // A host with many users may have megabytes of them.
    if buffer.count > 1 << 16 { buffer = ReadBuffer(capacity: 1 << 12, limit: 1 << 22) }
    return name
  }

  /// `name:password:number:…`
  static func name(of userID: UInt32, in bytes: Span<UInt8>) -> String? {
    var cursor = 0
    while let line = bytes.nextLine(&cursor) {
      guard let first = bytes.index(of: UInt8(ascii: ":"), from: line.lowerBound),
        let second = bytes.index(of: UInt8(ascii: ":"), from: first + 1), second < line.upperBound
      else { continue }
      var position = second + 1
      guard bytes.nextUnsigned(&position) == UInt64(userID), position < line.upperBound,
        bytes.holds(":", at: position), first > line.lowerBound
      else { continue }
      return Printable.text(bytes.extracting(line.lowerBound..<first), limit: 64)
    }
    return nil
  }
}
