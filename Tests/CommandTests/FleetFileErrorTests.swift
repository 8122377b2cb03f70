import TestSupport
import Testing

/// A wrong fleet file: each message names file, line and key, and what is right.
@Suite(.live) struct FleetFileErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var line: Int?
    var words: [String]

    var testDescription: String { text.replacing("\n", with: "⏎") }
  }

  static let cases = [
    Case(text: "[[host]]\nname = ", line: 2, words: ["no valid TOML"]),
    Case(text: "[defaults]\nuser = \"a\nport = 1", line: 2, words: ["no valid TOML"]),
    Case(text: "colour = \"red\"", line: 1, words: ["colour", "unknown key", "host"]),
    Case(text: "\n[defualts]\nuser = \"a\"", line: 2, words: ["defualts", "unknown key"]),
    Case(
      text: "[[host]]\nname = \"a\"\nadress = \"b\"", line: 3,
      words: ["host.adress", "unknown key", "address"]),
    Case(
      text: "[[host]]\nname = \"a\"\n\n[[host]]\nname = \"b\"\nprot = 1", line: 6,
      words: ["host.prot", "port"]),
    Case(text: "[defaults]\ninterval = \"0s\"", line: 2, words: ["defaults.interval", "1s", "1h"]),
    Case(text: "[defaults]\ninterval = \"1500ms\"", line: 2, words: ["defaults.interval"]),
    Case(text: "[defaults]\ninterval = 5", line: 2, words: ["defaults.interval", "text"]),
    Case(text: "[defaults]\nport = 0", line: 2, words: ["defaults.port", "1 to 65535"]),
    Case(text: "[defaults]\nport = 65536", line: 2, words: ["defaults.port", "1 to 65535"]),
    Case(text: "[defaults]\nport = \"22\"", line: 2, words: ["defaults.port"]),
    Case(text: "[defaults]\nuser = \"\"", line: 2, words: ["defaults.user"]),
    Case(text: "[defaults]\nuser = \"-l root\"", line: 2, words: ["defaults.user"]),
    Case(
      text: "[defaults]\ntransport = \"telnet\"", line: 2,
      words: ["defaults.transport", "telnet", "libssh2", "local"]),
    Case(text: "[defaults]\nidentity = 7", line: 2, words: ["defaults.identity"]),
    Case(text: "[defaults]\nknown_hosts = [1]", line: 2, words: ["defaults.known_hosts"]),
    Case(text: "[history]\nkeep = \"14 fortnights\"", line: 2, words: ["history.keep", "14d"]),
    Case(
      text: "[history]\nmax_size = \"5 floppies\"", line: 2, words: ["history.max_size", "5GB"]),
    Case(
      text: "[history]\nsynchronous = \"off\"", line: 2,
      words: ["history.synchronous", "full", "normal"]),
    Case(text: "[[host]]\naddress = \"a\"", line: 1, words: ["name"]),
    Case(text: "[[host]]\nname = \"a b\"", line: 2, words: ["host.name"]),
    Case(text: "[[host]]\nname = \"-oProxyCommand=x\"", line: 2, words: ["host.name"]),
    Case(text: "[[host]]\nname = \"a\"\naddress = \"b;c\"", line: 3, words: ["host.address"]),
    Case(text: "[[host]]\nname = \"a\"\ntags = [3]", line: 3, words: ["host.tags"]),
    Case(text: "[host]\nname = \"a\"", line: 1, words: ["host", "[[host]]"]),
    Case(text: "defaults = 3", line: 1, words: ["defaults", "[defaults]"]),
    Case(
      text: "[[host]]\nname = \"a\"\n[[host]]\nname = \"a\"", line: 4, words: ["a", "twice"]),
    // With Windows' line ends the lines are the same.
    Case(text: "[defaults]\r\n\r\nport = 0\r\n", line: 3, words: ["defaults.port"]),
    Case(text: "[defaults]\nuser = \"\u{1B}[31m\"", line: 2, words: []),
  ]

  @Test(arguments: cases) func itIsRefusedWithItsPlace(example: Case) async throws {
    let home = try CulpritHome()
    let file = try home.folder.write(example.text, to: "fleet.toml")
    let result = try await home.run("collect", "--fleet", file, "--db", home.db, "--for", "1s")
    #expect(result.code == 2, "\(result)")
    let place = example.line.map { "\(file):\($0): " } ?? "\(file): "
    #expect(result.errorText.hasPrefix("culprit: \(place)"), "\(result)")
    for word in example.words { #expect(result.errorText.contains(word), "\(result)") }
    #expect(result.firstControl == nil)
  }

  @Test func anEmptyFleetSaysWhatToAdd() async throws {
    let home = try CulpritHome()
    let file = try home.folder.write("# nothing yet\n", to: "fleet.toml")
    let result = try await home.run("collect", "--fleet", file, "--db", home.db)
    #expect(result.code == 2)
    #expect(result.errorText.contains("[[host]]"))
  }

  @Test func anUnknownTagNamesThoseThereAre() async throws {
    let home = try CulpritHome()
    let file = try home.folder.write(
      "[[host]]\nname = \"a\"\ntags = [\"db\", \"web\"]\n", to: "fleet.toml")
    let result = try await home.run("watch", "--fleet", file, "@mail")
    #expect(result.code == 2)
    #expect(result.errorText.contains("@mail") && result.errorText.contains("@db @web"))
  }
}
