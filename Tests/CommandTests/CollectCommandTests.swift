import Foundation
import TestSupport
import Testing

/// `culprit collect` over real sshd, and what the other commands say of its history.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)), .live)
struct CollectCommandTests {
  /// Starts `culprit collect` on the fleet and waits for its first rows.
  private func collect(_ fleet: LoopbackFleet, rows: Int = 1) async throws -> Program {
    let collect = try fleet.home.start(["collect", "--db", fleet.home.db] + fleet.arguments)
    try await until("\(rows) rows", detail: { collect.errorText }) {
      guard !collect.hasEnded else { throw TestTrouble("ended: \(try await collect.end())") }
      return try await fleet.home.number("SELECT count(*) FROM vmstat") >= rows
    }
    return collect
  }

  /// Every row in the history is one that vmstat printed, every one that it printed is there, and
  /// all commands and plain sqlite3 tell the same.
  @Test func theHistoryIsWhatVmstatPrinted() async throws {
    let fleet = try await LoopbackFleet.start(3) { _, home in
      HostScript.copying(into: home.folder.path)
    }
    let home = fleet.home
    let collect = try await collect(fleet)
    try await until("four rows of each host", detail: { collect.errorText }) {
      try await home.number("SELECT min(rows) FROM host") >= 4
    }
    collect.send(SIGTERM)
    let result = try await collect.end()
    #expect(result.code == 0, "\(result)")
    #expect(result.output.isEmpty)
    for number in 1...3 {
      let name = "web\(number)"
      let printed = PrintedRow.rows(home.folder.read(LoopbackFleet.address(number)))
      let export = try await home.run("export", name, "--json", "--db", home.db)
      let rows = try JSONLines.objects(export.outputText).compactMap { PrintedRow(json: $0) }
      #expect(rows.count >= 4)
      #expect(rows == Array(printed.prefix(rows.count)), "\(name)")
      #expect(printed.count - rows.count <= 2)
      try await compareCommands(home, name, rows: rows)
    }
    #expect(fleet.server.logins == 3)
  }

  private func compareCommands(_ home: CulpritHome, _ name: String, rows: [PrintedRow]) async throws
  {
    let fields = ["r", "free", "bi", "cs", "us", "id"]
    let expected = rows.map { row in
      ([row.stamp] + fields.map { String(row.values[$0] ?? -1) }).joined(separator: "|")
    }
    let sqlite = try await home.sqlite(
      "SELECT replace(substr(time, 1, 19), 'T', ' '), r, free, bi, cs, us, id FROM vmstat "
        + "WHERE host = '\(name)' ORDER BY time_ns")
    #expect(sqlite == expected)

    let csv = try await home.run("export", name, "--db", home.db).outputText
    let lines = csv.components(separatedBy: "\r\n")
    let names = lines[0].split(separator: ",").map(String.init)
    #expect(lines.last == "" && lines.count == rows.count + 2)
    let places = try (["time"] + fields).map { try #require(names.firstIndex(of: $0)) }
    let cells = lines.dropFirst().dropLast().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      return places.map { String(cells[$0]) }.joined(separator: "|")
        .replacing("T", with: " ").replacing("Z", with: "")
    }
    #expect(Array(cells) == expected)

    let middle = try #require(rows.dropFirst(rows.count / 2).first)
    let show = try await home.run(
      "show", name, "--at", middle.stamp.replacing(" ", with: "T") + "Z", "--window", "4s",
      "--json",
      "--db", home.db)
    let shown = try JSONLines.objects(show.outputText).compactMap { PrintedRow(json: $0) }
    #expect(shown.contains(middle))
    #expect(shown == rows.filter { shown.contains($0) })
    #expect(shown.count >= min(3, rows.count) && shown.count <= 5, "\(show)")

    let host = try #require(try await home.hosts()[name])
    #expect(host["rows"] as? Int == rows.count)
    #expect((host["last_row"] as? String)?.prefix(10) == rows.last?.stamp.prefix(10))
    #expect(host["cpus"] as? Int == ProcessInfo.processInfo.processorCount)
    let view = try await home.sqlite("SELECT rows, state, cpus FROM host WHERE host = '\(name)'")
    #expect(view == ["\(rows.count)|stopped|\(ProcessInfo.processInfo.processorCount)"])
  }

  /// A host that has a spike: 60 calm rows, 60 with 20 tasks on 2 CPUs, 60 calm ones.
  private static let spike: String = {
    let rows = (0..<180).map { number in
      guard (60..<120).contains(number) else { return HostScript.row(number) }
      return HostScript.row(number).replacing(" 1  0      0", with: "20  0      0")
        .replacing("  1  1 98  0  0", with: " 97  3  0  0  0")
    }
    return "@culprit 1\n@cpus 2\n\(HostScript.header)\n\(rows.joined(separator: "\n"))\n"
  }()

  @Test func aSpikeIsFoundAndToldAlike() async throws {
    let fleet = try await LoopbackFleet.start { _, home in
      HostScript.printing(try home.folder.write(Self.spike, to: "printed"))
    }
    let home = fleet.home
    let collect = try await collect(fleet, rows: 179)
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)

    let json = try await home.run(
      "spikes", "--since", "2026-11-22T00:00:00Z", "--json", "--check", "--db", home.db)
    #expect(json.code == 3)
    let spikes = try JSONLines.objects(json.outputText)
    let spike = try #require(spikes.first, "\(json)")
    #expect(spikes.count == 1)
    #expect(spike["host"] as? String == "web1")
    #expect(spike["kind"] as? String == "cpu")
    #expect(spike["runnable_peak"] as? Int == 20)
    #expect(spike["cpus"] as? Int == 2)
    #expect(spike["open"] as? Bool == false)
    #expect((spike["start"] as? String)?.hasPrefix("2026-11-22T00:01:0") ?? false)
    #expect((spike["end"] as? String)?.hasPrefix("2026-11-22T00:01:59") ?? false, "\(json)")
    #expect(spike.keys.contains("suspects") && spike.keys.contains("load1_peak"))

    let view = try await home.sqlite(
      "SELECT episode, host, start, peak, \"end\", kind, runnable_peak, blocked_peak, cpus, "
        + "verdict FROM episode")
    let told = [
      "episode", "host", "start", "peak", "end", "kind", "runnable_peak", "blocked_peak",
      "cpus", "verdict",
    ].map { "\(spike[$0] ?? "")" }.joined(separator: "|")
    #expect(view == [told])

    let verdict = try #require(spike["verdict"] as? String)
    let table = try await home.run(
      "spikes", "web1", "--since", "2026-11-22T00:00:00Z", "--utc", "--db", home.db)
    #expect(table.lines.count == 2 && table.outputText.contains(verdict), "\(table)")
    let show = try await home.run(
      "show", "web1", "--at", "2026-11-22T00:01:30Z", "--window", "10s", "--utc", "--db", home.db)
    #expect(show.outputText.contains(verdict), "\(show)")
    let calm = try await home.run(
      "spikes", "--since", "2026-11-22T00:02:30Z", "--check", "--db", home.db)
    #expect(calm.code == 0, "\(calm)")
  }

  /// It ends by itself when its time is up, and leaves a history whose state is told as it is.
  @Test func itEndsWhenItsTimeIsUp() async throws {
    let home = try CulpritHome()
    let start = Monotonic.now
    let result = try await home.run("collect", "local", "--db", home.db, "--for", "10s")
    #expect(result.code == 0, "\(result)")
    #expect((10..<100).contains(Monotonic.now - start))
    let hosts = try await home.hosts()
    #expect(hosts.count == 1)
    let host = try #require(hosts.values.first)
    #expect(host["state"] as? String == "stopped")
    #expect(host["address"] as? String == "local")
    #expect(host["rows"] as? Int ?? 0 >= 1)
  }

  // MARK: - Signals

  /// Everything that arrived is stored, and the end is quick.
  @Test(arguments: [SIGTERM, SIGINT]) func aSignalEndsItWithEverythingStored(
    signal: Int32
  ) async throws {
    let fleet = try await LoopbackFleet.start { _, home in
      HostScript.counting(
        counter: home.folder.file("counter"), log: home.folder.file("printed"))
    }
    let home = fleet.home
    let collect = try await collect(fleet, rows: 20)
    let printed = home.folder.read("printed").split(separator: "\n").compactMap { Int($0) }
    let start = Monotonic.now
    collect.send(signal)
    let result = try await collect.end()
    #expect(Monotonic.now - start < 20)
    #expect(result.code == 0, "\(result)")
    #expect(result.errorText.contains("everything that arrived is stored"))
    let stored = try await home.sqlite("SELECT free - 100000 FROM vmstat ORDER BY time_ns")
      .compactMap { Int($0) }
    // No gap; and all but what was under way (a second of rows, where it takes milliseconds).
    #expect(stored == Array(2...(stored.last ?? 0)))
    #expect((stored.last ?? 0) >= (printed.last ?? 0) - 20)
    let whole = try await home.sqlite("PRAGMA quick_check")
    #expect(whole == ["ok"])
  }

  @Test func aReloadTakesOverWhatChanged() async throws {
    let fleet = try await LoopbackFleet.start(3)
    let home = fleet.home
    try fleet.writeFile([1, 2])
    let collect = try await collect(fleet)
    try await until("both hosts") {
      try await home.number("SELECT count(DISTINCT host) FROM vmstat") == 2
    }

    // Host 3 is new, host 2 goes; host 1 keeps its connection.
    try fleet.writeFile([1, 3])
    collect.send(SIGHUP)
    try await until("host 3", detail: { collect.errorText }) {
      try await home.state(of: "web3") == "connected"
    }
    try await until("host 2 to go", detail: { collect.errorText }) {
      try await home.state(of: "web2") == "stopped"
    }
    #expect(collect.errorText.contains("1 added, 1 removed, 0 changed"))
    // Who left on purpose is no trouble.
    let check = try await home.run("hosts", "--check", "--db", home.db)
    #expect(check.code == 0, "\(check)")
    #expect(fleet.server.logins == 3)

    // An invalid file changes nothing, and says where it is wrong.
    try home.folder.write(
      TestFolder.text(fleet.file) + "\n[[host]]\nname = \"web4\"\nprot = 22\n", to: "fleet.toml")
    let line =
      TestFolder.text(fleet.file).split(
        separator: "\n", omittingEmptySubsequences: false
      ).firstIndex { $0.hasPrefix("prot") }.map { $0 + 1 } ?? 0
    collect.send(SIGHUP)
    try await until("the refusal", detail: { collect.errorText }) {
      collect.errorText.contains("the old one stays in force")
    }
    #expect(collect.errorText.contains("\(fleet.file):\(line): "), "\(collect.errorText)")
    #expect(collect.errorText.contains("prot"))
    let before = try await home.number("SELECT count(*) FROM vmstat")
    try await until("more rows") {
      try await home.number("SELECT count(*) FROM vmstat") > before + 2
    }
    #expect(try await home.state(of: "web1") == "connected")
    #expect(fleet.server.logins == 3)
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
  }

  /// Rows go into the history that the file names now, and none is lost on the way.
  @Test func aReloadTakesOverAnotherHistory() async throws {
    let fleet = try await LoopbackFleet.start(1)
    let home = fleet.home
    let second = home.folder.file("second.db")
    try fleet.writeFile([1], extra: "[history]\npath = \"\(home.db)\"\n")
    let collect = try home.start(["collect", "--fleet", fleet.file, "--ssh-config", "none"])
    try await until("rows", detail: { collect.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat") >= 2
    }
    try fleet.writeFile(
      [1], extra: "[history]\npath = \"\(second)\"\nsynchronous = \"normal\"\n")
    collect.send(SIGHUP)
    try await until("rows in the second", detail: { collect.errorText }) {
      guard FileManager.default.fileExists(atPath: second) else { return false }
      return try await home.number("SELECT count(*) FROM vmstat", db: second) >= 2
    }
    #expect(collect.errorText.contains(second))
    #expect(try await home.state(of: "web1") == "stopped")
    // A history that can't be opened changes nothing.
    try fleet.writeFile([1], extra: "[history]\npath = \"/proc/nowhere/history.db\"\n")
    collect.send(SIGHUP)
    try await until("the refusal", detail: { collect.errorText }) {
      collect.errorText.contains("the old one stays in force")
    }
    let before = try await home.number("SELECT count(*) FROM vmstat", db: second)
    try await until("more rows") {
      try await home.number("SELECT count(*) FROM vmstat", db: second) > before + 1
    }
    #expect(fleet.server.logins == 2)
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
  }

  /// Hosts that were given up are tried again at a reload.
  @Test func aReloadTriesRefusedHostsAgain() async throws {
    let fleet = try await LoopbackFleet.start()
    let home = fleet.home
    let keys = fleet.server.folder.read("authorized_keys")
    try fleet.server.folder.write("", to: "authorized_keys")
    let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
    try await until("the refusal", detail: { collect.errorText }) {
      try await home.state(of: "web1") == "refused-key"
    }
    try await until("its reason", detail: { collect.errorText }) {
      collect.errorText.contains("authorized_keys")
    }
    let check = try await home.run("hosts", "--check", "--db", home.db)
    #expect(check.code == 3, "\(check)")
    try fleet.server.folder.write(keys, to: "authorized_keys")
    collect.send(SIGHUP)
    try await until("the connection", detail: { collect.errorText }) {
      try await home.state(of: "web1") == "connected"
    }
    #expect(fleet.server.connections == 2)
    let healthy = try await home.run("hosts", "--check", "--db", home.db)
    #expect(healthy.code == 0, "\(healthy)")
    collect.send(SIGTERM)
    try await collect.end()
    // Without a collector no host is connected.
    let after = try await home.run("hosts", "--check", "--db", home.db)
    #expect(after.code == 3, "\(after)")
    #expect(after.errorText.contains("no collector is running"))
  }

  // MARK: - Two at once

  @Test func aSecondCollectorIsRefused() async throws {
    let fleet = try await LoopbackFleet.start()
    let collect = try await collect(fleet)
    let second = try await fleet.home.run(
      ["collect", "--db", fleet.home.db, "--for", "5s"] + fleet.arguments)
    #expect(second.code == 1, "\(second)")
    #expect(second.errorText.contains("pid \(collect.pid)"), "\(second)")
    #expect(second.errorText.contains(fleet.home.db))
    #expect(second.errorText.contains("culprit watch"))
    #expect(fleet.server.logins == 1)
    #expect(!collect.hasEnded)
  }

  /// Five who watch must not make five times the logins.
  @Test func watchingWhatIsCollectedLogsInNowhere() async throws {
    let fleet = try await LoopbackFleet.start(2)
    let home = fleet.home
    let collect = try await collect(fleet, rows: 2)
    let words = ["watch", "--db", home.db, "--json"] + fleet.arguments
    let watchers = try (0..<3).map { _ in try home.start(words) }
    for watcher in watchers {
      try await until("rows", detail: { watcher.errorText }) {
        try JSONLines.rowsByHost(watcher).filter { $0.value >= 3 }.count == 2
      }
      watcher.send(SIGINT)
      let result = try await watcher.end()
      #expect(result.code == 0, "\(result)")
      let rows = try JSONLines.objects(result.outputText)
      #expect(Set(rows.compactMap { $0["host"] as? String }) == ["web1", "web2"], "\(result)")
      let times = rows.filter { $0["host"] as? String == "web1" }.compactMap {
        $0["time"] as? String
      }
      #expect(times.count >= 3)
      #expect(times == Set(times).sorted())
    }
    #expect(fleet.server.logins == 2)

    // A host that the collector doesn't record can't be followed.
    let stranger = try await home.run(
      ["watch", "--db", home.db, "--plain", "--for", "2s", fleet.place(1)] + fleet.connection())
    #expect(stranger.code == 1)
    #expect(stranger.errorText.contains("pid \(collect.pid)"), "\(stranger)")
    #expect(stranger.errorText.contains(fleet.place(1)))
    collect.send(SIGTERM)
    try await collect.end()
  }

  /// `watch --db` on a history that nobody holds records into it.
  @Test func watchRecordsWhereAsked() async throws {
    let fleet = try await LoopbackFleet.start()
    let home = fleet.home
    let result = try await fleet.watch(["--db", home.db] + fleet.arguments, rows: 3)
    #expect(result.code == 0, "\(result)")
    let shown = try JSONLines.objects(result.outputText).compactMap { $0["time"] as? String }
    let stored = try await home.sqlite("SELECT time FROM vmstat ORDER BY time_ns")
    #expect(!shown.isEmpty)
    #expect(stored.starts(with: shown))
    #expect(stored.count - shown.count <= 1)
  }

  // MARK: - Reconnects

  @Test func aRestartedServerIsReachedAgain() async throws {
    let fleet = try await LoopbackFleet.start { _, home in
      HostScript.counting(
        counter: home.folder.file("counter"), log: home.folder.file("printed"))
    }
    let home = fleet.home
    let collect = try await collect(fleet, rows: 5)
    fleet.server.kill()
    try await until("the loss to show", detail: { collect.errorText }) {
      collect.errorText.contains("web1: backing off: ")
    }
    let before = try await home.number("SELECT count(*) FROM vmstat")
    try await fleet.server.restart()
    try await until("more rows", within: 60, detail: { collect.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat") >= before + 5
    }
    // Rows of before the loss may have been on their way to the disk still.
    try await until("the connection to be told", detail: { collect.errorText }) {
      let host = try await home.hosts()["web1"]
      return host?["state"] as? String == "connected" && (host?["reconnects"] as? Int ?? 0) >= 1
    }
    collect.send(SIGTERM)
    try await collect.end()
    // A row stored is a row printed, once.
    let stored = try await home.sqlite("SELECT free - 100000 FROM vmstat ORDER BY 1")
    let printed = home.folder.read("printed").split(separator: "\n").map(String.init)
    #expect(Set(stored).count == stored.count)
    #expect(Set(stored).isSubset(of: printed))
  }

  /// The descriptors of a collector that adds and removes hosts stay as many as they were.
  @Test func reloadsLeakNoDescriptor() async throws {
    let fleet = try await LoopbackFleet.start(3)
    let collect = try await collect(fleet)
    func reload(_ hosts: [Int], _ number: Int) async throws {
      try fleet.writeFile(hosts)
      collect.send(SIGHUP)
      try await until("reload \(number)", detail: { collect.errorText }) {
        collect.errorText.components(separatedBy: "read again").count == number + 1
      }
    }
    try await reload([1], 1)
    try await until("two connections to end") { fleet.server.count("Disconnected from") >= 2 }
    let before = ProcessTree.descriptorCount(of: collect.pid)
    for round in 1...8 {
      try await reload([1, 2, 3], round * 2)
      try await reload([1], round * 2 + 1)
    }
    try await until(
      "\(before) descriptors again",
      detail: { ProcessTree.descriptors(of: collect.pid).joined(separator: "\n") }
    ) { ProcessTree.descriptorCount(of: collect.pid) <= before }
    collect.send(SIGTERM)
    try await collect.end()
  }
}
