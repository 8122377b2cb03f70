import CLibSSH2
import CSystem
import Foundation
import Synchronization

/// What known_hosts says of a key that a host showed.
public enum KnownHostsVerdict: Equatable, Sendable {
  case match
  case unknown
  /// Other keys are listed for the host: at `file`:`line` stands the first of them.
  case changed(file: String, line: Int)
  case revoked(file: String, line: Int)
}

/// The entries of OpenSSH's known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"):
/// plain, wildcard, negated, hashed and `[host]:port` names; `@revoked` marks.
///
/// `@cert-authority` lines are read over: libssh2 asks for no host certificates, so the host
/// shows its plain key. A line that can't be read is skipped, never the file.
public struct KnownHosts: Sendable {
  struct Entry: Sendable {
    var patterns: Patterns
    var isRevoked: Bool
    var keyType: String
    var key: [UInt8]
    var file: String
    var line: Int
  }

  enum Patterns: Sendable {
    case names([Substring])
    case hashed(salt: [UInt8], digest: [UInt8])
  }

  /// Longest file read, bytes: known_hosts of 10,000 hosts is about 4 MB.
  static let fileLimit = 64 << 20

  private var entries: [Entry] = []
  /// Entries by each plain name; those with wildcards, negations or hashes must be looked at.
  private var byName: [Substring: [Int]] = [:]
  private var scanned: [Int] = []

  public init() {}

  public init(text: String, file: String) {
    add(text: text, file: file)
  }

  /// Reads the files that exist; a missing one is empty, as for ssh.
  public init(files: [String]) {
    for file in files {
      guard let data = FileManager.default.contents(atPath: file), data.count <= Self.fileLimit
      else { continue }
      add(text: String(decoding: data, as: UTF8.self), file: file)
    }
  }

  mutating func add(text: String, file: String) {
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd) {
      number += 1
      if let entry = KnownHosts.entry(line, file: file, number: number) { add(entry) }
    }
  }

  private mutating func add(_ entry: Entry) {
    let index = entries.count
    entries.append(entry)
    if case .names(let names) = entry.patterns,
      !names.contains(where: { $0.contains { "*?!".contains($0) } })
    {
      for name in names { byName[name, default: []].append(index) }
    } else {
      scanned.append(index)
    }
  }

  /// What is listed for a host, in the order of the files.
  public func keys(host: String, port: UInt16) -> KnownKeys {
    let name = KnownHosts.lookupName(host: host, port: port)
    let found = (byName[name[...]] ?? []) + scanned.filter { entries[$0].matches(name) }
    return KnownKeys(entries: Set(found).sorted().map { entries[$0] })
  }

  /// The line that makes `key` known.
  public static func line(host: String, port: UInt16, keyType: String, key: [UInt8]) -> String {
    let name = lookupName(host: host, port: port)
    return "\(name) \(keyType) \(Data(key).base64EncodedString())\n"
  }

  /// `host`, or `[host]:port` off port 22; in lower case, as ssh looks it up.
  static func lookupName(host: String, port: UInt16) -> String {
    let name = host.lowercased()
    return port == 22 ? name : "[\(name)]:\(port)"
  }

  private static func entry(_ line: Substring, file: String, number: Int) -> Entry? {
    var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })[...]
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    let isRevoked = first == "@revoked"
    if first.hasPrefix("@") {
      guard isRevoked else { return nil }
      words = words.dropFirst()
    }
    guard words.count >= 3, let patterns = patterns(words[words.startIndex]),
      let key = Data(base64Encoded: String(words[words.startIndex + 2]))
    else { return nil }
    return Entry(
      patterns: patterns, isRevoked: isRevoked, keyType: String(words[words.startIndex + 1]),
      key: [UInt8](key), file: file, line: number)
  }

  private static func patterns(_ field: Substring) -> Patterns? {
    guard field.hasPrefix("|") else {
      return .names(field.lowercased().split(separator: ","))
    }
    // |1|base64(salt)|base64(HMAC-SHA1(salt, name)): version 1 is the only one there is.
    let parts = field.split(separator: "|")
    guard parts.count == 3, parts[0] == "1", let salt = Data(base64Encoded: String(parts[1])),
      let digest = Data(base64Encoded: String(parts[2])), digest.count == 20
    else { return nil }
    return .hashed(salt: [UInt8](salt), digest: [UInt8](digest))
  }
}

/// The keys that known_hosts lists for one host.
public struct KnownKeys: Sendable {
  let entries: [KnownHosts.Entry]

  /// The kinds of key among them.
  public var types: [String] {
    var types: [String] = []
    for entry in entries where !entry.isRevoked {
      if !types.contains(entry.keyType) { types.append(entry.keyType) }
    }
    return types
  }

  /// Whether `key`, the blob the host showed, is the one we know.
  public func verdict(_ key: [UInt8]) -> KnownHostsVerdict {
    var other: KnownHosts.Entry?
    var isKnown = false
    for entry in entries {
      if entry.isRevoked {
        if entry.key == key { return .revoked(file: entry.file, line: entry.line) }
      } else if entry.key == key {
        isKnown = true
      } else if other == nil {
        other = entry
      }
    }
    if isKnown { return .match }
    return other.map { .changed(file: $0.file, line: $0.line) } ?? .unknown
  }
}

extension KnownHosts.Entry {
  func matches(_ name: String) -> Bool {
    switch patterns {
    case .hashed(let salt, let digest):
      return hmacSHA1(key: salt, data: Array(name.utf8)) == digest
    case .names(let names):
      var isMatch = false
      for pattern in names {
        let isNegated = pattern.hasPrefix("!")
        guard wildcardMatch(Array((isNegated ? pattern.dropFirst() : pattern).utf8)[...],
          Array(name.utf8)[...])
        else { continue }
        // A negated pattern that matches wins over every other of its line.
        if isNegated { return false }
        isMatch = true
      }
      return isMatch
    }
  }
}

private func hmacSHA1(key: [UInt8], data: [UInt8]) -> [UInt8]? {
  var digest = [UInt8](repeating: 0, count: 20)
  let status = culprit_hmac_sha1(key, key.count, data, data.count, &digest)
  return status == 1 ? digest : nil
}

/// `*` stands for any bytes, `?` for one, as in ssh_config(5), PATTERNS.
private func wildcardMatch(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
  var pattern = pattern
  var name = name
  // Where to go on if a match after the last `*` fails: linear in practice, never exponential.
  var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
  while true {
    if pattern.first == UInt8(ascii: "*") {
      pattern = pattern.dropFirst()
      retry = (pattern, name)
    } else if let byte = name.first,
      pattern.first == byte || pattern.first == UInt8(ascii: "?")
    {
      pattern = pattern.dropFirst()
      name = name.dropFirst()
    } else if name.isEmpty, pattern.isEmpty {
      return true
    } else if let last = retry, !last.name.isEmpty {
      retry = (last.pattern, last.name.dropFirst())
      pattern = last.pattern
      name = last.name.dropFirst()
    } else {
      return false
    }
  }
}

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
