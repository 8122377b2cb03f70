import Foundation
import TestSupport
import Testing

@testable import SSHFleet

/// Hosts behind a bastion or a ProxyCommand, on real sshds.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct RouteTests {
  @Test func manyHostsShareOneLoginAtTheBastion() async throws {
    let site = try await BastionSite(hosts: 12)
    let recorders = (1...12).map { _ in LinkRecorder() }
    try await withFleet(site.options) { fleet in
      for (index, recorder) in recorders.enumerated() {
        fleet.add(try site.target(index + 1), delegate: recorder)
      }
      for recorder in recorders {
        let record = try await recorder.wait(for: "rows") { $0.rows >= 3 }
        #expect(record.failures.isEmpty)
      }
      #expect(site.bastion.logins == 1)
      #expect(site.host.logins == 12)
    }
    // Nothing of the ssh program is left.
    try await until("the bastion's session to end") { site.bastion.sessionProcesses.isEmpty }
  }

  @Test func aBastionThatComesBackIsUsedAgain() async throws {
    let site = try await BastionSite()
    let recorder = LinkRecorder()
    try await withFleet(site.options) { fleet in
      fleet.add(try site.target(), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
      site.bastion.kill()
      try await recorder.wait(for: "the loss") { !$0.failures.isEmpty }
      try await site.bastion.restart()
      try await recorder.wait(for: "another stream", within: 90) { $0.opens >= 2 && $0.isConnected }
    }
  }

  @Test func aBastionThatMayNotForwardIsNamed() async throws {
    let site = try await BastionSite(bastionLines: ["AllowTcpForwarding no"])
    let recorder = LinkRecorder()
    try await withFleet(site.options) { fleet in
      fleet.add(try site.target(), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      #expect(failure.description.contains("bastion gate can't reach"), "\(failure)")
      #expect(failure.description.contains("127.0.0.2:\(site.host.port)"))
    }
  }

  @Test func aBastionThatRefusesUsIsAskedOnce() async throws {
    let site = try await BastionSite(hosts: 5)
    try site.bastion.folder.write("", to: "authorized_keys")
    let recorders = (1...5).map { _ in LinkRecorder() }
    try await withFleet(site.options) { fleet in
      for (index, recorder) in recorders.enumerated() {
        fleet.add(try site.target(index + 1), delegate: recorder)
      }
      for recorder in recorders {
        let failure = try await recorder.failure()
        #expect(failure.kind == .refusedKey)
        #expect(failure.description.contains("bastion gate"))
        #expect(failure.description.contains("authorized_keys"))
      }
    }
    #expect(site.bastion.connections == 1)
  }

  @Test func aProxyCommandIsTheConnection() async throws {
    let site = try await BastionSite(route: "ProxyCommand ssh -F CONFIG -W %h:%p gate")
    var options = site.options
    let text = TestFolder.text(options.sshConfigFile ?? "")
    options.sshConfigFile = try site.bastion.folder.write(
      text.replacing("CONFIG", with: site.bastion.folder.file("config")), to: "config")
    let recorder = LinkRecorder()
    try await withFleet(options) { fleet in
      fleet.add(try site.target(), delegate: recorder)
      let record = try await recorder.wait(for: "rows") { $0.rows >= 3 || !$0.failures.isEmpty }
      #expect(record.failures.isEmpty)
    }
    #expect(site.bastion.logins == 1)
    try await until("the proxy to end") { site.bastion.sessionProcesses.isEmpty }
  }

  @Test func aProxyCommandThatFailsSaysWhy() async throws {
    let site = try await BastionSite(route: "ProxyCommand echo 'no way through' >&2; exit 3")
    let recorder = LinkRecorder()
    try await withFleet(site.options) { fleet in
      fleet.add(try site.target(), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.description.contains("no way through"), "\(failure)")
      #expect(failure.description.contains("ProxyCommand"))
    }
  }

  @Test(arguments: ["%h;id", "a b", "$(id)", "`id`", "-"])
  func whatAShellWouldTakeNeverGetsIntoAProxyCommand(name: String) {
    let values: [Character: String] = ["h": name, "%": "%"]
    let expanded = ProxyCommand.expand("nc %h 22", values)
    #expect(expanded == nil || expanded == "nc - 22")
  }
}
