import Bytes
import SSHFleet

/// A host as the command line names it: `[user@]host[:port]`, `[address]:port`, or `local`.
struct HostSpecifier: Equatable {
  var user: String?
  var host: String
  var port: UInt16?

  /// `nil` where the text is no such thing.
  init?(_ text: String) {
    var rest = text[...]
    if let at = rest.lastIndex(of: "@") {
      user = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
      guard let user, HostSpecifier.isSafeUser(user) else { return nil }
    }
    if rest.hasPrefix("[") {
      guard let close = rest.firstIndex(of: "]") else { return nil }
      host = String(rest[rest.index(after: rest.startIndex)..<close])
      rest = rest[rest.index(after: close)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty { guard setPort(rest.dropFirst()) else { return nil } }
    } else if let colon = rest.firstIndex(of: ":"), colon == rest.lastIndex(of: ":") {
      host = String(rest[..<colon])
      guard setPort(rest[rest.index(after: colon)...]) else { return nil }
    } else {
      // Several colons without brackets are an IPv6 address without a port.
      host = String(rest)
    }
    guard HostSpecifier.isSafeName(host) else { return nil }
  }

  private mutating func setPort(_ digits: Substring) -> Bool {
    port = UInt16(digits)
    return port ?? 0 > 0
  }

  /// How the host is shown and stored: with its port, so that two on one address differ.
  var name: String {
    port.map { placeText(host, port: $0) } ?? host
  }

  /// Whether a text can be a host's name: nothing that a program could take for an option, no
  /// white space, no control characters, bounded.
  static func isSafeName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count) && !text.hasPrefix("-")
      && text.unicodeScalars.allSatisfy { scalar in
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || ".-_:%[]".unicodeScalars.contains(scalar)
      }
  }

  static func isSafeUser(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && !text.hasPrefix("-")
      && text.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || $0.properties.numericType != nil
          || ".-_@\\+$".unicodeScalars.contains($0)
      }
  }
}
