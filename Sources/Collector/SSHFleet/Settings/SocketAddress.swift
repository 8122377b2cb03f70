import Foundation

/// `host:port`, with brackets around a host that holds colons itself.
public func placeText(_ host: String, port: UInt16) -> String {
  host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}

/// An address that connect(2) takes.
struct SocketAddress: Sendable {
  var family: Int32
  /// The bytes of the `sockaddr`.
  var bytes: [UInt8]
  /// `10.0.0.11:22`, `[fd00::1]:22`
  var text: String

  /// A socket of this machine: a bastion's forwarding.
  init?(unixPath path: String, text: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    family = AF_UNIX
    self.bytes = withUnsafeBytes(of: address) { Array($0) }
    self.text = text
  }

  init(family: Int32, bytes: [UInt8], text: String) {
    self.family = family
    self.bytes = bytes
    self.text = text
  }

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
