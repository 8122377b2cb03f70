import Foundation
import TestSupport
import Testing

/// `culprit watch` over real sshd and real vmstat.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct WatchCommandTests {
  private static let documented: Set<String> = [
    "host", "time", "r", "b", "swpd", "free", "buff", "cache", "si", "so", "bi", "bo", "in", "cs",
    "us", "sy", "id", "wa", "st",
  ]
  /// Where the row came from, columns that only some vmstats print, and what was read with it.
  private static let more: Set<String> = [
    "source", "gu", "inact", "active", "load1", "load5", "load15", "cpus",
  ]

  @Test func jsonRowsHaveTheDocumentedKeys() async throws {
    let fleet = try await LoopbackFleet.start(4)
    let result = try await fleet.watch(fleet.arguments, rows: 3)
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["host"] as? String }) == Set(fleet.names))
    for row in rows {
      #expect(Self.documented.isSubset(of: row.keys), "\(row)")
      #expect(Set(row.keys).subtracting(Self.documented).isSubset(of: Self.more), "\(row)")
      let time = try #require(row["time"] as? String)
      #expect(try /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/.wholeMatch(in: time) != nil)
      let moment = try #require(ISO8601DateFormatter().date(from: time))
      #expect(abs(moment.timeIntervalSinceNow) < 120)
    }
    #expect(fleet.server.logins == 4)
    #expect(result.firstControl == nil)
  }

  @Test func plainRowsAreTimeHostRow() async throws {
    let fleet = try await LoopbackFleet.start(2)
    let result = try await fleet.home.run(["watch", "--plain"] + fleet.arguments, until: "rows") {
      $0.outputText.contains(" web1 ") && $0.outputText.contains(" web2 ")
    }
    #expect(result.code == 0, "\(result)")
    let header = try #require(result.lines.first)
    #expect(
      header.split(separator: " ").map(String.init)
        .starts(with: ["TIME", "HOST"] + PrintedRow.columns))
    #expect(result.lines.count > 2)
    for line in result.lines.dropFirst() {
      let isRow = try /\d\d:\d\d:\d\d web[12]( +\d+){17,18}/.wholeMatch(in: line) != nil
      #expect(isRow, "\(line)")
    }
  }

  @Test(arguments: [
    (["web[1-2]"], ["web1", "web2"]), (["@odd"], ["web1", "web3"]), (["@even", "web2"], ["web2"]),
    (["web3", "web3"], ["web3"]), ([], ["web1", "web2", "web3"]),
  ])
  func rangesAndTagsChoose(hosts: [String], chosen: [String]) async throws {
    let fleet = try await LoopbackFleet.start(3)
    let result = try await fleet.watch(fleet.arguments + hosts, rows: 1, of: chosen)
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["host"] as? String }) == Set(chosen))
    #expect(fleet.server.logins == chosen.count)
  }

  /// No fleet file names them: user, port, key and known_hosts come from the command line.
  @Test func hostsOfTheCommandLine() async throws {
    let fleet = try await LoopbackFleet.start(3)
    let port = fleet.server.port
    let hosts = ["\(Machine.user)@127.0.0.[2-3]:\(port)", "127.0.0.4:\(port)"]
    let names = [2, 3, 4].map { "127.0.0.\($0):\(port)" }
    let result = try await fleet.watch(fleet.connection() + hosts, rows: 1, of: names)
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["host"] as? String }) == Set(names), "\(result)")
  }

  /// Twenty hosts on two servers, which know different keys: all of them show up, merged.
  @Test func twentyHostsAreMerged() async throws {
    let home = try CulpritHome()
    let fleets = [
      try await LoopbackFleet.start(10, home: home), try await LoopbackFleet.start(10, home: home),
    ]
    var words = ["watch", "--json", "--ssh-config", "none"]
    var hosts: Set<String> = []
    for server in fleets.map(\.server) {
      words += ["--identity", server.login.path, "--known-hosts", try server.knownHosts()]
      words.append("127.0.0.[2-11]:\(server.port)")
      hosts.formUnion((2...11).map { "127.0.0.\($0):\(server.port)" })
    }
    let result = try await home.run(words, until: "two rows of each of 20 hosts") { program in
      try JSONLines.rowsByHost(program).values.filter { $0 >= 2 }.count == 20
    }
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["host"] as? String }) == hosts)
    for fleet in fleets { #expect(fleet.server.logins == 10) }
  }

  @Test func anIPv6HostOfTheCommandLine() async throws {
    let home = try CulpritHome()
    let server = try await SSHServer.start(.init(addresses: ["::1"]))
    let words = [
      "watch", "--json", "--ssh-config", "none", "--identity", server.login.path, "--known-hosts",
      try server.knownHosts(), "[::1]:\(server.port)",
    ]
    let result = try await home.run(words, until: "a row") { !$0.output.isEmpty }
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["host"] as? String }) == ["[::1]:\(server.port)"])
  }

  /// Every row is one that vmstat printed on that host, number by number, and none is missing.
  @Test func rowsAreThoseThatVmstatPrinted() async throws {
    let fleet = try await LoopbackFleet.start(2) { _, home in
      HostScript.copying(into: home.folder.path)
    }
    let result = try await fleet.watch(fleet.arguments, rows: 4)
    #expect(result.code == 0, "\(result)")
    let all = try JSONLines.objects(result.outputText)
    for number in 1...2 {
      let printed = PrintedRow.rows(fleet.home.folder.read(LoopbackFleet.address(number)))
      let rows = all.filter { $0["host"] as? String == "web\(number)" }
        .compactMap { PrintedRow(json: $0) }
      #expect(rows.count >= 2, "\(result)")
      #expect(rows == Array(printed.prefix(rows.count)))
      // The last may have been under way when the time was up.
      #expect(printed.count - rows.count <= 2)
    }
  }

  /// The first `@load` line comes with the first row after it.
  @Test func loadAndCPUsAreThoseOfTheHost() async throws {
    let fleet = try await LoopbackFleet.start(1) { _, home in
      """
      echo "@culprit 1"; echo "@cpus 6"; echo "@load 2.47 1.50 0.33 1/100 4711 1000.5"
      printf '%s\\n' '\(HostScript.header)' '\(HostScript.row(1))' '\(HostScript.row(2))'
      \(HostScript.untilGone)

      """
    }
    let result = try await fleet.watch(fleet.arguments, rows: 1)
    let row = try #require(try JSONLines.objects(result.outputText).first, "\(result)")
    #expect(row["cpus"] as? Int == 6)
    #expect(result.outputText.contains("\"load1\":2.47,"), "\(result)")
    #expect(result.outputText.contains("\"load5\":1.5,"), "\(result)")
    #expect(result.outputText.contains("\"load15\":0.33,"), "\(result)")
  }

  /// It ends by itself when its time is up.
  @Test func thisMachineNeedsNoSSH() async throws {
    let home = try CulpritHome()
    let start = Monotonic.now
    let result = try await home.run("watch", "--json", "--for", "10s", "local")
    #expect(result.code == 0, "\(result)")
    #expect(try JSONLines.objects(result.outputText).count >= 1)
    #expect((10..<100).contains(Monotonic.now - start))
  }

  /// A reader that has seen enough is a good end, at once.
  @Test func aClosedPipeIsAGoodEnd() async throws {
    let fleet = try await LoopbackFleet.start()
    let words = ["watch", "--json", "--for", "60s"] + fleet.arguments
    let start = Monotonic.now
    let result = try await Program.run(
      ["bash", "-c", "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}", CulpritHome.binary]
        + words,
      environment: fleet.home.environment)
    #expect(result.code == 0, "\(result)")
    #expect(result.lines.count == 1)
    #expect(result.error.isEmpty, "\(result)")
    #expect(Monotonic.now - start < 40)
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func aSignalEndsItQuickly(signal: Int32) async throws
  {
    let fleet = try await LoopbackFleet.start()
    let watch = try fleet.home.start(["watch", "--plain"] + fleet.arguments)
    try await until("a row", detail: { watch.errorText }) {
      watch.outputText.contains(" web1 ")
    }
    let start = Monotonic.now
    watch.send(signal)
    let result = try await watch.end()
    #expect(result.code == 0, "\(result)")
    #expect(Monotonic.now - start < 20)
  }

  @Test func aNewKeyIsWrittenWhereAccepted() async throws {
    let fleet = try await LoopbackFleet.start()
    let known = fleet.home.folder.file("new_known_hosts")
    let words = try fleet.connection(knownHosts: known) + [fleet.place()]
    let result = try await fleet.watch(words + ["--accept-new"], rows: 1, of: [fleet.place()])
    #expect(result.code == 0, "\(result)")
    #expect(TestFolder.text(known).contains(fleet.server.hostKey.publicKey))
    // From now on it is known.
    let again = try await fleet.watch(words, rows: 1, of: [fleet.place()])
    #expect(again.code == 0, "\(again)")
    #expect(!again.output.isEmpty)
  }
}
