import Foundation

/// Everything needed to log in to a host, after every source of settings has been asked.
struct Endpoint: Sendable {
  /// Network addresses in the order in which they are tried.
  var addresses: [SocketAddress]
  /// The name known_hosts lists it under.
  var keyName: String
  var user: String
  var port: UInt16
  /// Whether only these may be offered, as with `ssh -o IdentitiesOnly=yes`.
  var identitiesAreAll: Bool
  var identities: [String]
  /// The ssh-agent's socket; `nil` where none is to be asked.
  var agentSocket: String?
  var knownHostsFiles: [String]
}

/// Turns a target into an endpoint: `~/.ssh/config` by way of `ssh -G`, then the name service.
/// It blocks, so it runs on a worker.
struct EndpointResolver: Sendable {
  let config: SSHConfigSource

  func resolve(_ target: FleetTarget) throws(LinkFailure) -> Endpoint {
    let (answer, ultimate) = try config.config(host: target.address, explicit: target.explicit)
    if let proxy = answer.proxy {
      throw LinkFailure(
        .unsupported,
        "~/.ssh/config reaches it through \(proxy), which this version can't do; "
          + "give it an address that can be reached directly")
    }
    // Command line and [[host]], then ~/.ssh/config, then [defaults], then OpenSSH's defaults.
    let settings = target.explicit.over(answer.said).over(target.defaults)
    let port = settings.port ?? ultimate.port
    let isExplicit = target.explicit.identities != nil
    return Endpoint(
      addresses: try SocketAddress.look(up: answer.hostName, port: port),
      keyName: answer.hostKeyAlias ?? answer.hostName,
      user: settings.user ?? ultimate.user, port: port,
      identitiesAreAll: isExplicit || answer.identitiesOnly,
      identities: (settings.identities ?? ultimate.identities).map(expandHome),
      agentSocket: agentSocket(answer.identityAgent),
      knownHostsFiles: (settings.knownHosts ?? ultimate.knownHosts).map(expandHome))
  }

  private func agentSocket(_ setting: String?) -> String? {
    switch setting {
    case "none": nil
    case nil, "SSH_AUTH_SOCK": ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"]
    case .some(let path): path
    }
  }
}

/// An address that connect(2) takes.
struct SocketAddress: Sendable {
  var family: Int32
  /// The bytes of the `sockaddr`.
  var bytes: [UInt8]
  /// `10.0.0.11:22`, `[fd00::1]:22`
  var text: String

  static func look(up host: String, port: UInt16) throws(LinkFailure) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    var status = getaddrinfo(host, String(port), &hints, &list)
    if status != 0 {
      // AI_ADDRCONFIG hides ::1 on a machine that has no other IPv6 address.
      hints.ai_flags = AI_NUMERICSERV
      status = getaddrinfo(host, String(port), &hints, &list)
    }
    guard status == 0 else {
      let reason = String(cString: gai_strerror(status))
      throw LinkFailure(
        .unreachable, "no address for “\(host)”: \(reason); check the name, or set address = …")
    }
    defer { freeaddrinfo(list) }
    var result: [SocketAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ai_addr {
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
        result.append(
          SocketAddress(
            family: entry.ai_family, bytes: [UInt8](bytes), text: numericText(entry)))
      }
      next = entry.ai_next
    }
    return result
  }

  private static func numericText(_ entry: addrinfo) -> String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: 32)
    getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &host, socklen_t(host.count), &service,
      socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
    let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let port = String(
      decoding: service.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return entry.ai_family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }
}
