import SSHFleet
import Testing

@testable import Collector

/// Ansible inventories and plain lists.
@Suite struct HostsFileTests {
  private func hosts(_ text: String) throws -> [String: FleetFile.Host] {
    let file = try HostsFile(text: text, file: "hosts")
    return Dictionary(uniqueKeysWithValues: file.hosts.map { ($0.name, $0) })
  }

  @Test func aPlainListIsAHostPerLine() throws {
    let file = try HostsFile(
      text: """
        # the database servers
        db1
        root@db2:2222   # the old one

        ; and these
        web[01:03].example.org
        10.0.0.7
        [fd00::1]:22

        """.replacing("[fd00::1]:22", with: "fd00::1"), file: "hosts")
    #expect(
      file.hosts.map(\.name) == [
        "db1", "db2:2222", "web01.example.org", "web02.example.org", "web03.example.org",
        "10.0.0.7", "fd00::1",
      ])
    #expect(file.hosts[1].settings == LinkSettings(user: "root", port: 2222))
    #expect(file.hosts.flatMap(\.tags).isEmpty)
  }

  @Test func groupsAreTagsAndVariablesSettings() throws {
    let hosts = try hosts(
      """
      mail.example.com
      [web]
      web[1:2] ansible_user=deploy
      [db]
      db1 ansible_host=10.0.0.5 ansible_port=2200 ansible_ssh_private_key_file='~/keys/my key'
      here ansible_connection=local
      [all:vars]
      ansible_user = admin
      [prod:children]
      web
      db
      [prod:vars]
      ansible_port=2222
      ntp_server="ntp.example.com"
      """)
    #expect(hosts["web1"]?.tags == ["web", "prod"])
    #expect(hosts["web1"]?.settings == LinkSettings(user: "deploy", port: 2222))
    #expect(hosts["db1"]?.address == "10.0.0.5")
    #expect(
      hosts["db1"]?.settings
        == LinkSettings(user: "admin", port: 2200, identities: ["~/keys/my key"]))
    #expect(hosts["here"]?.transport == .local)
    #expect(hosts["mail.example.com"]?.settings.user == "admin")
    #expect(hosts["mail.example.com"]?.tags.isEmpty ?? false)
  }

  /// Whose word counts, as Ansible has it; and what is only Ansible's is no error.
  @Test func strongerGroupsWin() throws {
    let hosts = try hosts(
      """
      [b_web]
      db-[a:c]
      [a_web]
      db-a
      [b_web:vars]
      ansible_user=late
      ansible_port=1
      ansible_port=22
      motd=Don't {{ panic }}
      [a_web:vars]
      ansible_user=early
      ansible_host="{{ address }}"
      [top:children]
      b_web
      [top:vars]
      ansible_user=weak
      ansible_ssh_private_key_file = "~/key one"
      """)
    #expect(hosts.keys.sorted() == ["db-a", "db-b", "db-c"])
    #expect(
      hosts["db-a"]?.settings == LinkSettings(user: "late", port: 22, identities: ["~/key one"]))
    #expect(hosts["db-a"]?.address == "db-a")
    #expect(hosts["db-a"]?.tags == ["a_web", "b_web", "top"])
  }

  @Test(arguments: [
    ("[we$b]\n", 1, "no group"), ("[web:bogus]\n", 1, "unknown"),
    ("\n-oProxyCommand=x\n", 2, "no host name"), ("web1 junk\n", 1, "key=value"),
    ("web1 ansible_port=0\n", 1, "65535"), ("web1 ansible_host=-x\n", 1, "no address"),
    ("web1 ansible_user='a b'\n", 1, "no user name"), ("web[1:99999999]\n", 1, "more than"),
    ("web[a:z][a:z][a:z][a:z]\n", 1, "no host name"),
    ("web1 x='open\n", 1, "quote"),
  ])
  func whatIsWrongHasItsLine(text: String, line: Int, words: String) {
    #expect {
      _ = try HostsFile(text: text, file: "inv")
    } throws: { error in
      let error = error as? FleetFileError
      return error?.file == "inv" && error?.line == line
        && error?.problem.contains(words) ?? false
    }
  }

  @Test func aHostOfTwoFilesHasTheTagsOfBoth() throws {
    var fleet = FleetFile()
    fleet.add(try HostsFile(text: "[a]\nweb1 ansible_port=22\n", file: "one"))
    fleet.add(try HostsFile(text: "[b]\nweb1 ansible_port=23\nweb2\n", file: "two"))
    #expect(fleet.hosts.map(\.name) == ["web1", "web2"])
    #expect(fleet.hosts[0].tags == ["a", "b"])
    #expect(fleet.hosts[0].settings.port == 22)
  }

  @Test func hostsAreLeftOut() throws {
    var fleet = FleetFile()
    fleet.add(try HostsFile(text: "[web]\nweb[1:5]\n[db]\ndb1\n", file: "one"))
    let selection = HostSelection(fleet: fleet)
    func names(_ arguments: String...) throws -> [String] {
      try selection.targets(arguments).map(\.name)
    }
    #expect(try names("@web", "!web3") == ["web1", "web2", "web4", "web5"])
    #expect(try names("!web[2-5]") == ["web1", "db1"])
    #expect(try names("@web", "db1", "!@web") == ["db1"])
    #expect(try names("@all", "!@web") == ["db1"])
    #expect(throws: HostSelection.Problem.self) { try names("@web", "!db1") }
    #expect(throws: HostSelection.Problem.self) { try names("db1", "!db1") }
  }

  @Test func aNameStandsForOneHost() throws {
    let selection = HostSelection(fleet: nil)
    #expect(try selection.targets(["web1", "web1"]).count == 1)
    #expect(throws: HostSelection.Problem.self) {
      try selection.targets(["root@web1", "bob@web1"])
    }
  }
}
