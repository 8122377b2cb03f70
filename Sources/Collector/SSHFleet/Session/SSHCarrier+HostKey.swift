/// The order in which kinds of host key are asked for.
enum HostKeyTypes {
  static let all = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
  ]

  /// The known kinds first, so that a host shows the key we can check; the rest behind them, so
  /// that a host that changed its kind of key is told as changed, not as a failed negotiation.
  static func preferred(_ known: [String]) -> [String] {
    let usable = known.filter(all.contains)
    return usable + all.filter { !usable.contains($0) }
  }
}

extension SSHCarrier {
  /// Holds the key that the host showed against known_hosts; whether to go on.
  func checkHostKey(_ session: SSHSession) -> Bool {
    guard let endpoint, let knownKeys else { return false }
    let key = session.hostKey
    let fingerprint = HostKeyScan.fingerprint(key)
    switch knownKeys.verdict(key) {
    case .match: return true
    case .unknown: return accept(key, fingerprint: fingerprint, endpoint: endpoint)
    case .changed(let file, let line) where knownKeys.hasOnlyUncheckableKinds:
      let kinds = knownKeys.types.joined(separator: ", ")
      fail(
        LinkFailure(
          .unsupported,
          "\(file):\(line) knows \(endpoint.keyName) by its \(kinds) key only, which libssh2 1.10 "
            + "can't check; add its ed25519 or ecdsa key to that file (\(addressText) shows "
            + "\(fingerprint))", program: .any))
    case .changed(let file, let line):
      fail(
        LinkFailure(
          .changedKey,
          "HOST KEY CHANGED: \(addressText) shows \(fingerprint), but \(file):\(line) has another "
            + "key. Somebody may be listening in, or the host was reinstalled. If you know why, "
            + "remove that line (ssh-keygen -R) and accept the new key"))
    case .revoked(let file, let line):
      fail(
        LinkFailure(
          .changedKey,
          "HOST KEY REVOKED: \(addressText) shows \(fingerprint), which \(file):\(line) revokes"))
    }
    return false
  }

  private func accept(_ key: [UInt8], fingerprint: String, endpoint: Endpoint) -> Bool {
    var reader = SSHBuffer(key)
    guard environment.options.acceptsNewKeys, let type = reader.string() else {
      let file = endpoint.knownHostsFiles.first ?? "known_hosts"
      fail(
        LinkFailure(
          .unknownKey,
          "unknown host key \(fingerprint) of \(endpoint.keyName): check it with the host's admin, "
            + "then let `culprit enrol` or `culprit watch --accept-new` write it to \(file)"))
      return false
    }
    let line = KnownHosts.line(
      host: endpoint.keyName, port: endpoint.port,
      keyType: String(decoding: type, as: UTF8.self), key: key)
    do throws(LinkFailure) {
      try environment.knownHosts.append(line, files: endpoint.knownHostsFiles)
      return true
    } catch {
      fail(error)
      return false
    }
  }
}
