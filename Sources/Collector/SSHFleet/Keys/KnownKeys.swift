import CLibSSH2

/// What known_hosts says of a key that a host showed.
public enum KnownHostsVerdict: Equatable, Sendable {
  case match
  case unknown
  /// Other keys are listed for the host: at `file`:`line` stands the first of them.
  case changed(file: String, line: Int)
  case revoked(file: String, line: Int)
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

  /// Whether keys are listed, and none of a kind that libssh2 1.10 can still check against a
  /// current server: it knows RSA with SHA-1 only, which OpenSSH refuses since 8.8.
  public var hasOnlyUncheckableKinds: Bool {
    !types.isEmpty && !types.contains { HostKeyTypes.all.contains($0) && $0 != "ssh-rsa" }
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
        guard
          wildcardMatch(
            Array((isNegated ? pattern.dropFirst() : pattern).utf8)[...],
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
