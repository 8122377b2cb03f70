import CSystem
import Foundation
import Synchronization

/// Parsed known_hosts files, read again only when a file changed.
final class KnownHostsCache: Sendable {
  private struct Cached {
    var stamps: [FileStamp?]
    var known: KnownHosts
  }

  private let cached = Mutex<[[String]: Cached]>([:])

  func knownHosts(files: [String]) -> KnownHosts {
    let stamps = files.map(FileStamp.init(path:))
    return cached.withLock { cached in
      if let hit = cached[files], hit.stamps == stamps { return hit.known }
      let known = KnownHosts(files: files)
      cached[files] = Cached(stamps: stamps, known: known)
      return known
    }
  }

  /// Appends a line to the first of `files`, making its folder (0700) and itself (0600) where
  /// they are missing. Lines of one process never mix: one lock holds for all.
  func append(_ line: String, files: [String]) throws(LinkFailure) {
    guard let file = files.first else {
      throw LinkFailure(.unknownKey, "no known_hosts file to write to; give --known-hosts FILE")
    }
    let problem = cached.withLock { _ in appendLine(line, to: file) }
    if let problem {
      throw LinkFailure(.unknownKey, "can't write the new host key to \(file): \(problem)")
    }
  }
}

private func appendLine(_ line: String, to file: String) -> String? {
  let folder = (file as NSString).deletingLastPathComponent
  if !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: attributes)
  }
  let number = culprit_open(file, O_RDWR | O_CREAT | O_APPEND, 0o600)
  guard number >= 0 else { return errorText(errno) }
  let descriptor = Descriptor(owning: number)
  // A last line without its newline must not swallow ours.
  var last: UInt8 = UInt8(ascii: "\n")
  let size = lseek(descriptor.number, 0, SEEK_END)
  if size > 0 { pread(descriptor.number, &last, 1, size - 1) }
  let bytes = Array(((last == UInt8(ascii: "\n") ? "" : "\n") + line).utf8)
  return write(descriptor.number, bytes, bytes.count) == bytes.count ? nil : errorText(errno)
}
