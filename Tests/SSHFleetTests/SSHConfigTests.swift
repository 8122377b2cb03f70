import Foundation
import TestSupport
import Testing

@testable import SSHFleet

/// What `ssh -G -F FILE` makes of a real configuration file.
@Suite(.enabled(if: Machine.has("ssh"), "needs openssh-client"), .live)
struct SSHConfigTests {
  private let folder: TestFolder
  private let file: String

  init() throws {
    folder = try TestFolder()
    file = try folder.write(
      """
      Host alias
        HostName 127.0.0.7
        Port 2207
        User seven
        IdentityFile \(folder.file("key-of-seven"))
        IdentitiesOnly yes
        IdentityAgent \(folder.file("agent"))
        HostKeyAlias the-seven
        UserKnownHostsFile \(folder.file("kh1")) \(folder.file("kh2"))
      Host jumped
        HostName 127.0.0.8
        ProxyJump bastion.example.org
      Host commanded
        ProxyCommand nc %h %p
      Host freed
        HostName 127.0.0.9
        ProxyJump none
        IdentityAgent none
      Host plain
        HostName 127.0.0.10
        Port 22
        User \(Machine.user)
      Match user special exec "true"
        Port 2299

      """, to: "config")
  }

  private func target(
    _ address: String, explicit: LinkSettings = .init(), defaults: LinkSettings = .init()
  ) -> FleetTarget {
    FleetTarget(
      name: address, address: address, explicit: explicit, defaults: defaults, command: "true")
  }

  private func endpoint(
    _ address: String, explicit: LinkSettings = .init(), defaults: LinkSettings = .init()
  ) throws -> Endpoint {
    try EndpointResolver(config: SSHConfigSource(file: file))
      .resolve(target(address, explicit: explicit, defaults: defaults))
  }

  @Test func anAliasGivesEverything() throws {
    let endpoint = try endpoint("alias")
    #expect(endpoint.addresses.map(\.text) == ["127.0.0.7:2207"])
    #expect(endpoint.user == "seven")
    #expect(endpoint.port == 2207)
    #expect(endpoint.identities == [folder.file("key-of-seven")])
    #expect(endpoint.identitiesAreAll)
    #expect(endpoint.agentSocket == folder.file("agent"))
    #expect(endpoint.keyName == "the-seven")
    #expect(endpoint.knownHostsFiles.starts(with: [folder.file("kh1"), folder.file("kh2")]))
  }

  @Test func theCommandLineIsStrongerThanTheFile() throws {
    let explicit = LinkSettings(
      user: "root", port: 22, identities: ["/k"], knownHosts: ["/known"])
    let endpoint = try endpoint("alias", explicit: explicit)
    #expect(endpoint.addresses.map(\.text) == ["127.0.0.7:22"])
    #expect(endpoint.user == "root")
    #expect(endpoint.port == 22)
    #expect(endpoint.identities == ["/k"])
    #expect(endpoint.knownHostsFiles == ["/known"])
  }

  @Test func theFileIsStrongerThanTheDefaults() throws {
    let defaults = LinkSettings(
      user: "fallback", port: 4000, identities: ["/d"], knownHosts: ["/dk"])
    let alias = try endpoint("alias", defaults: defaults)
    #expect(alias.user == "seven")
    #expect(alias.port == 2207)
    #expect(alias.identities == [folder.file("key-of-seven")])
    // Where the file is silent, the defaults hold.
    let freed = try endpoint("freed", defaults: defaults)
    #expect(freed.user == "fallback")
    #expect(freed.port == 4000)
    #expect(freed.identities == ["/d"])
    #expect(freed.knownHostsFiles == ["/dk"])
    #expect(freed.addresses.map(\.text) == ["127.0.0.9:4000"])
  }

  /// A file that says what would hold anyway has said it: `[defaults]` don't change it.
  @Test func aSettingEqualToOpenSSHsDefaultIsSaid() throws {
    let endpoint = try endpoint("plain", defaults: LinkSettings(user: "fallback", port: 4000))
    #expect(endpoint.port == 22)
    #expect(endpoint.user == Machine.user)
  }

  @Test func aMissingFileIsAnError() throws {
    let resolver = EndpointResolver(config: SSHConfigSource(file: folder.file("nowhere")))
    #expect { _ = try resolver.resolve(target("127.0.0.3")) } throws: { error in
      (error as? LinkFailure)?.description.contains("nowhere") ?? false
    }
  }

  @Test func openSSHsDefaultsAreTheLast() throws {
    let endpoint = try endpoint("freed")
    #expect(endpoint.user == Machine.user)
    #expect(endpoint.port == 22)
    #expect(endpoint.agentSocket == nil)
    #expect(!endpoint.identitiesAreAll)
    #expect(endpoint.identities.contains { $0.hasSuffix("/.ssh/id_ed25519") })
    #expect(endpoint.knownHostsFiles.contains { $0.hasSuffix("/.ssh/known_hosts") })
    #expect(endpoint.identities.allSatisfy { !$0.hasPrefix("~") })
  }

  @Test func aMatchUserSeesTheUserOfTheCommandLine() throws {
    #expect(try endpoint("freed", explicit: LinkSettings(user: "special")).port == 2299)
    #expect(try endpoint("freed").port == 22)
  }

  @Test func aHostBehindAProxyHasItsRoute() throws {
    #expect(try endpoint("jumped").route == .jump("bastion.example.org"))
    let template = "nc %h %p"
    #expect(
      try endpoint("commanded", explicit: LinkSettings(port: 2222)).route
        == .command("nc commanded 2222", template: template))
    // Behind a proxy nobody asks our name service.
    #expect(try endpoint("jumped").addresses.isEmpty)
    #expect(try endpoint("freed").route == .direct)
  }

  @Test func noneReadsNoFile() throws {
    let resolver = EndpointResolver(config: SSHConfigSource(file: "none"))
    let endpoint = try resolver.resolve(target("127.0.0.3"))
    #expect(endpoint.addresses.map(\.text) == ["127.0.0.3:22"])
    #expect(endpoint.keyName == "127.0.0.3")
  }

  @Test func aChangedFileIsReadAgain() throws {
    let source = SSHConfigSource(file: file)
    #expect(try source.config(host: "alias", explicit: .init()).answer.said.port == 2207)
    try folder.write("Host alias\n  Port 2208\n  HostName 127.0.0.1\n", to: "config")
    #expect(try source.config(host: "alias", explicit: .init()).answer.said.port == 2208)
  }

  @Test func aDamagedFileIsToldInSSHsWords() throws {
    try folder.write("Host alias\n  Prot 22\n", to: "config")
    #expect { _ = try endpoint("alias") } throws: { error in
      let text = (error as? LinkFailure)?.description ?? ""
      return text.contains("line 2") && text.contains("--ssh-config none")
    }
  }

  @Test func anUnknownNameSaysSo() throws {
    #expect { _ = try endpoint("no-such-host.invalid") } throws: { error in
      (error as? LinkFailure)?.description.contains("no-such-host.invalid") ?? false
    }
  }

  @Test func anIPv6AddressKeepsItsBrackets() throws {
    let endpoint = try endpoint("::1", explicit: LinkSettings(port: 2222))
    #expect(endpoint.addresses.map(\.text) == ["[::1]:2222"])
    #expect(endpoint.keyName == "::1")
  }
}
