import SSHFleet
import Testing

@testable import Collector

@Suite("fleet file")
struct FleetFileTests {
  static let whole = """
    [defaults]
    user = "monitor"
    interval = "2s"
    identity = ["~/.ssh/a", "keys/b"]

    [trace]
    on_episode = true
    for = "8s"
    processes = 7
    cooldown = "10m"
    host_per_hour = 3
    fleet_per_hour = 9

    [history]
    path = "h.db"
    keep = "14d"
    max_size = "5GB"
    synchronous = "normal"

    [[host]]
    name = "web1"
    address = "192.0.2.11"
    tags = ["web", "front"]

    [[host]]
    name = "db1"
    port = 2222
    user = "root"
    interval = "10s"
    transport = "local"
    """

  @Test("every key is read")
  func readsAll() throws {
    let file = try FleetFile(text: Self.whole, file: "/etc/culprit/fleet.toml")
    #expect(file.defaults.settings.user == "monitor")
    #expect(file.defaults.settings.identities == ["~/.ssh/a", "/etc/culprit/keys/b"])
    #expect(file.defaults.intervalSeconds == 2)
    #expect(file.history.path == "h.db")
    #expect(file.history.keepSeconds == 1_209_600)
    #expect(file.history.maxSizeBytes == 5_000_000_000)
    #expect(!file.history.survivesPowerCut)
    var tracing = FleetFile.Tracing()
    tracing.onEpisode = true
    (tracing.seconds, tracing.processes, tracing.cooldownSeconds) = (8, 7, 600)
    (tracing.hourlyOfHost, tracing.hourlyOfFleet) = (3, 9)
    #expect(file.tracing == tracing)
    #expect(file.hosts.map(\.name) == ["web1", "db1"])
    #expect(file.hosts[0].address == "192.0.2.11")
    #expect(file.hosts[0].tags == ["web", "front"])
    #expect(file.hosts[1].address == "db1")
    #expect(file.hosts[1].settings == LinkSettings(user: "root", port: 2222))
    #expect(file.hosts[1].transport == .local)
    #expect(file.tags == ["front", "web"])
  }

  @Test(
    "an error names file, line, key and what is allowed",
    arguments: [
      ("[defaults]\nuser = \"a\"\nprot = 22\n", 3, "defaults.prot"),
      ("[[host]]\nname = \"a\"\n[[host]]\nname = \"b\"\nport = \"22\"\n", 5, "1 to 65535"),
      ("[[host]]\nname = \"a\"\nport = 70000\n", 3, "1 to 65535"),
      ("[[host]]\nname = \"a\"\n\n[[host]]\nname = \"a\"\n", 5, "used twice"),
      ("[[host]]\naddress = \"a\"\n", 1, "needs a name"),
      ("[[host]]\nname = \"-oProxyCommand=x\"\n", 2, "letters"),
      ("[[host]]\nname = \"a b\"\n", 2, "letters"),
      ("[[host]]\nname = \"a\"\naddress = \"-x\"\n", 3, "no host name"),
      ("[history]\nkeep = \"14 fortnights\"\n", 2, "14d"),
      ("[history]\nmax_size = \"big\"\n", 2, "5GB"),
      ("[history]\nsynchronous = \"maybe\"\n", 2, "normal"),
      ("[trace]\non_episode = \"yes\"\n", 2, "true or false"),
      ("[trace]\non_episode = true\nfor = \"5m\"\n", 3, "60s"),
      ("[trace]\nprocesses = 0\n", 2, "from 1 to 100"),
      ("[trace]\nprocesses = \"5\"\n", 2, "from 1 to 100"),
      ("[trace]\ncooldown = \"10s\"\n", 2, "at least"),
      ("[trace]\nhost_per_hour = 61\n", 2, "from 1 to 60"),
      ("[trace]\nfleet_per_hour = 1.5\n", 2, "from 1 to 3600"),
      ("[trace]\nengine = \"strace\"\n", 2, "unknown key"),
      ("[defaults]\ninterval = \"0.5s\"\n", 2, "whole seconds"),
      ("[defaults]\ntransport = \"telnet\"\n", 2, "local"),
      ("[defaults]\nuser = 5\n", 2, "text"),
      ("[[host]]\nname = \"a\"\ntags = [1]\n", 3, "texts"),
      ("[hosts]\nname = \"a\"\n", 1, "hosts"),
      ("host = 5\n", 1, "[[host]]"),
      ("[defaults\n", 1, "TOML"),
      ("[history]\npath = \"a\"\npath = \"b\"\n", 3, "TOML"),
    ])
  func errors(text: String, line: Int, part: String) {
    do throws(FleetFileError) {
      _ = try FleetFile(text: text, file: "fleet.toml")
      Issue.record("no error for \(text)")
    } catch {
      #expect(error.line == line, "\(error.description)")
      #expect(error.description.hasPrefix("fleet.toml:\(line): "))
      #expect(error.description.contains(part), "\(error.description)")
    }
  }

  @Test("no prefix of a file is a crash")
  func truncations() {
    for length in 0..<Self.whole.count {
      _ = try? FleetFile(text: String(Self.whole.prefix(length)), file: "f")
    }
  }

  @Test("the example that is shipped is valid")
  func example() throws {
    let path = TestPlaces.root.appendingPathComponent("config/fleet.toml").path
    let file = try FleetFile.read(path: path)
    #expect(file.hosts.map(\.name) == ["web1", "web2", "db1"])
    // What it shows is what holds without it: nothing is traced unasked.
    #expect(file.tracing == FleetFile.Tracing() && !file.tracing.onEpisode)
  }

  @Test("a missing file says what to do")
  func missing() {
    #expect(throws: FleetFileError.self) { try FleetFile.read(path: "/nonexistent/fleet.toml") }
  }

  @Test(
    "durations and sizes",
    arguments: [
      ("90s", 90), ("5m", 300), ("1.5h", 5400), ("14d", 1_209_600), ("2w", 1_209_600),
      ("5", nil), ("-5m", nil), ("5 y", nil), ("", nil), ("9e9d", nil),
    ] as [(String, Double?)])
  func durations(text: String, seconds: Double?) {
    #expect(Quantity.seconds(text) == seconds)
  }

  @Test("sizes are decimal or binary as their unit says")
  func sizes() {
    #expect(Quantity.bytes("5GB") == 5_000_000_000)
    #expect(Quantity.bytes("2GiB") == 2_147_483_648)
    #expect(Quantity.bytes("500 MB") == 500_000_000)
    #expect(Quantity.bytes("5") == nil)
    #expect(Quantity.bytes("999999999TB") == nil)
  }
}
