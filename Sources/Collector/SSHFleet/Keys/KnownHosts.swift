import Foundation

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
