import Foundation
import TestSupport

@testable import SSHFleet

/// A bastion, hosts that know only its key and ours, and the user's configuration for both.
struct BastionSite {
  let bastion: SSHServer
  let host: SSHServer
  var options = FleetOptions()

  init(hosts: Int = 1, bastionLines: [String] = [], route: String = "ProxyJump gate") async throws {
    bastion = try await SSHServer.start(.init(lines: bastionLines))
    host = try await SSHServer.start(
      .init(addresses: (1...hosts).map { "127.0.0.\($0 + 1)" }))
    let known = try bastion.folder.write(
      TestFolder.text(try bastion.knownHosts()) + TestFolder.text(try host.knownHosts()),
      to: "both_hosts")
    options.sshConfigFile = try bastion.folder.write(
      """
      Host gate
        HostName 127.0.0.1
        Port \(bastion.port)
        User \(Machine.user)
        IdentityFile \(bastion.login.path)
        IdentitiesOnly yes
        UserKnownHostsFile \(known)
      Host * !gate
        UserKnownHostsFile \(known)
        \(route)

      """, to: "config")
  }

  func target(_ number: Int = 1, transport: Transport = .libssh2) throws -> FleetTarget {
    var target = try host.target(
      "web\(number)", address: "127.0.0.\(number + 1)", transport: transport)
    target.explicit.knownHosts = nil
    return target
  }
}
