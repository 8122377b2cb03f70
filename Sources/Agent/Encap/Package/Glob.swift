import Glibc

/// A pattern as fnmatch(3) takes it, over the whole path in a package: `*` and `?` match neither `/`
/// nor a leading dot.
struct Glob: Equatable, Sendable {
  let pattern: [UInt8]
  /// Files of the old format name what they mean.
  var isExact = false

  func matches(_ path: EncapPath) -> Bool {
    if isExact { return path.bytes == pattern }
    return Folder.withName(pattern) { pattern in
      Folder.withName(path.bytes) { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) } == 0
    }
  }

  /// Whether something below this folder may match.
  func mayMatch(below folder: EncapPath) -> Bool {
    let parts = pattern.split(separator: UInt8(ascii: "/"))
    guard parts.count > folder.names.count else { return false }
    let start = Array(parts.prefix(folder.names.count).joined(separator: [UInt8(ascii: "/")]))
    return Glob(pattern: start).matches(folder)
  }
}
