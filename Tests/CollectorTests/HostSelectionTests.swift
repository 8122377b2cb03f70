import SSHFleet
import Testing

@testable import Collector

@Suite("host selection")
struct HostSelectionTests {
  static func fleet() throws -> FleetFile {
    try FleetFile(
      text: """
        [defaults]
        user = "monitor"
        port = 2200
        interval = "5s"
        [[host]]
        name = "web1"
        address = "192.0.2.1"
        tags = ["web"]
        [[host]]
        name = "web2"
        address = "192.0.2.2"
        tags = ["web"]
        port = 22
        interval = "1s"
        [[host]]
        name = "db1"
        """, file: "fleet.toml")
  }

  @Test("tags, ranges, names and strangers, each host once")
  func chooses() throws {
    let selection = HostSelection(fleet: try Self.fleet())
    #expect(try selection.targets(["@web"]).map(\.name) == ["web1", "web2"])
    #expect(
      try selection.targets(["web[1-2]", "db1", "web1"]).map(\.name) == ["web1", "web2", "db1"])
    #expect(try selection.targets([]).map(\.name) == ["web1", "web2", "db1"])
    #expect(try selection.targets(["new.example"]).map(\.address) == ["new.example"])
  }

  @Test("the command line is stronger than the host, and [defaults] stay the weakest")
  func precedence() throws {
    let selection = HostSelection(
      fleet: try Self.fleet(), overrides: LinkSettings(identities: ["/key"]))
    let web2 = try #require(try selection.targets(["root@web2"]).first)
    #expect(web2.name == "web2")
    #expect(web2.address == "192.0.2.2")
    #expect(web2.explicit == LinkSettings(user: "root", port: 22, identities: ["/key"]))
    #expect(web2.defaults == LinkSettings(user: "monitor", port: 2200))
    #expect(web2.intervalSeconds == 1)
    #expect(try selection.targets(["web1"]).first?.intervalSeconds == 5)
  }

  @Test("without hosts and without a fleet file it is this machine")
  func thisMachine() throws {
    let targets = try HostSelection(fleet: nil).targets([])
    #expect(targets.map(\.transport) == [.local])
    #expect(try HostSelection(fleet: nil).targets(["local"]).map(\.transport) == [.local])
  }

  @Test(
    "specifiers",
    arguments: [
      ("web1", nil, "web1", nil, "web1"),
      ("root@web1:2222", "root", "web1", 2222, "web1:2222"),
      ("[::1]:22", nil, "::1", 22, "[::1]:22"),
      ("[fe80::1%eth0]", nil, "fe80::1%eth0", nil, "fe80::1%eth0"),
      ("2001:db8::5", nil, "2001:db8::5", nil, "2001:db8::5"),
      ("a@b@web1", "a@b", "web1", nil, "web1"),
    ] as [(String, String?, String, UInt16?, String)])
  func specifiers(text: String, user: String?, host: String, port: UInt16?, name: String) throws {
    let specifier = try #require(HostSpecifier(text))
    #expect(specifier.user == user)
    #expect(specifier.host == host)
    #expect(specifier.port == port)
    #expect(specifier.name == name)
  }

  @Test(
    "what could be an option, a command or a control sequence is no host",
    arguments: [
      "-oProxyCommand=x", "a b", "a;b", "$(x)", "web1:", "web1:0", "web1:99999", "@", "x@-l",
      "\u{1B}[2J", "", "[::1", "`x`", "a'b", "a/b", "web1\n",
    ])
  func refused(text: String) {
    #expect(HostSpecifier(text) == nil)
  }

  @Test("an unknown tag names those there are")
  func unknownTag() throws {
    let selection = HostSelection(fleet: try Self.fleet())
    do throws(HostSelection.Problem) {
      _ = try selection.targets(["@db"])
      Issue.record("found @db")
    } catch {
      #expect(error.description.contains("@web"))
    }
  }
}
