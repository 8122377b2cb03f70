import Foundation
import TestSupport
import Testing

/// `culprit import` of real logs, and what comes out of the history again.
@Suite(.live) struct ImportCommandTests {
  struct Log: Sendable, CustomTestStringConvertible {
    var file: String
    var rows: Int
    var options: [String]

    var testDescription: String { file }
  }

  private static let counted = ["--start", "2026-11-22T03:00:00Z", "--interval", "1s"]

  static let logs = [
    Log(file: "jc-ubuntu1804-1-long.out", rows: 36, options: counted),
    Log(file: "lunar.log", rows: 150, options: counted),
    Log(file: "sysodom-pi.txt", rows: 299, options: counted + ["--cpus", "4"]),
    Log(file: "gu-1TB-overflow.txt", rows: 2, options: counted),
    Log(file: "lkml-2.6.14-quoted.txt", rows: 4, options: counted),
    Log(file: "patrykur-wide-aligned.txt", rows: 6, options: counted),
    Log(
      file: "jc-centos77-at-5-10.out", rows: 3, options: ["--time-zone", "America/Los_Angeles"]),
    Log(
      file: "ramindin-2.6-nost.log", rows: 1251,
      options: ["--time-zone", "Asia/Kolkata", "--interval", "10s"]),
    Log(file: "dpbench-epoch-prefix.md", rows: 6, options: []),
  ]

  private func path(_ file: String) -> String { "\(Machine.corpora)/vmstat/\(file)" }

  @Test(
    .enabled(if: Machine.hasCorpus("vmstat"), "needs ../shared/corpora/vmstat"), arguments: logs)
  func aRealLogIsImportedOnce(log: Log) async throws {
    let home = try CulpritHome()
    let words = ["import", "--host", "old", "--db", home.db, "--json"] + log.options
    let first = try await home.run(words + [path(log.file)])
    #expect(first.code == 0, "\(first)")
    let outcome = try #require(try JSONLines.objects(first.outputText).first)
    #expect(outcome["rows_stored"] as? Int == log.rows, "\(first)")
    #expect(outcome["rows_known"] as? Int == 0)
    #expect(outcome["complete"] as? Bool == true)

    let second = try await home.run(words + [path(log.file)])
    #expect(second.code == 0, "\(second)")
    let again = try #require(try JSONLines.objects(second.outputText).first)
    #expect(again["rows_stored"] as? Int == 0, "\(second)")
    #expect(again["rows_known"] as? Int == log.rows)

    // What was read comes out again, in CSV as in JSON, with the source it came from.
    let json = try JSONLines.objects(
      try await home.run("export", "--json", "--db", home.db).outputText)
    #expect(json.count == log.rows)
    #expect(
      json.allSatisfy { $0["source"] as? String == "import" && $0["host"] as? String == "old" })
    #expect(json.first?["time"] as? String == outcome["first"] as? String)
    #expect(json.last?["time"] as? String == outcome["last"] as? String)
    let csv = try await home.run("export", "old", "--db", home.db).outputText
    #expect(csv.components(separatedBy: "\r\n").count == log.rows + 2)
    #expect(try await home.hosts()["old"]?["rows"] as? Int == log.rows)
    // A log of its own: an export of it as JSON has as many lines again.
    let hosts = try await home.run("hosts", "--db", home.db)
    #expect(hosts.outputText.contains("old"))
  }

  /// A log with `-t`: its stamps are the host's local time.
  @Test(
    .enabled(if: Machine.hasCorpus("vmstat"), "needs ../shared/corpora/vmstat"),
    arguments: [
      ("America/Los_Angeles", "2021-09-17T03:33:18Z"), ("Europe/Berlin", "2021-09-16T18:33:18Z"),
      ("UTC", "2021-09-16T20:33:18Z"),
    ])
  func stampsAreReadInTheZoneGiven(zone: String, first: String) async throws {
    let home = try CulpritHome()
    let result = try await home.run(
      "import", "--host", "old", "--db", home.db, "--time-zone", zone, "--json",
      path("jc-centos77-at-5-10.out"))
    let outcome = try #require(try JSONLines.objects(result.outputText).first, "\(result)")
    #expect(outcome["first"] as? String == first)
  }

  @Test(.enabled(if: Machine.hasCorpus("vmstat"), "needs ../shared/corpora/vmstat"))
  func whatIsMissingIsAskedForWithTheLine() async throws {
    let home = try CulpritHome()
    let zone = try await home.run(
      "import", "--host", "old", "--db", home.db, path("jc-centos77-at-5-10.out"))
    #expect(zone.code == 1)
    #expect(zone.errorText.contains("line 4: “PDT”"), "\(zone)")
    #expect(zone.errorText.contains("--time-zone"))
    let start = try await home.run("import", "--host", "old", "--db", home.db, path("lunar.log"))
    #expect(start.code == 1)
    #expect(
      start.errorText.contains("--start") && start.errorText.contains("--interval"), "\(start)")
    let cut = try await home.run(
      ["import", "--host", "old", "--db", home.db] + Self.counted
        + [path("lkml-2.4.7-SAP-wrapped.txt")])
    #expect(cut.code == 1)
    #expect(cut.errorText.contains("lkml-2.4.7-SAP-wrapped.txt:5: "), "\(cut)")
    let foreign = try await home.run(
      ["import", "--host", "old", "--db", home.db] + Self.counted + [path("pt-FREEBSD.txt")])
    #expect(foreign.code == 1)
    #expect(
      foreign.errorText.contains("line 2") && foreign.errorText.contains("FreeBSD"), "\(foreign)")
    #expect(try await home.run("export", "--json", "--db", home.db).output.isEmpty)
  }

  @Test func damagedLinesAreToldWithTheirNumbers() async throws {
    let home = try CulpritHome()
    let rows = (1...9).map(HostScript.row)
    var lines = HostScript.header.split(separator: "\n").map(String.init) + rows
    lines[5] = String(lines[5].prefix(50))
    lines[8] = lines[8].replacing("1000", with: "1\u{1B}[31m0")
    let file = try home.folder.write(lines.joined(separator: "\n") + "\n", to: "damaged.log")
    let result = try await home.run("import", "--host", "old", "--db", home.db, file)
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("\(file):6: "), "\(result)")
    #expect(result.errorText.contains("\(file):9: "), "\(result)")
    #expect(result.outputText.contains("6 rows stored"), "\(result)")
    #expect(result.firstControl == nil)
  }

  @Test func standardInputIsALogToo() async throws {
    let home = try CulpritHome()
    let text = ([HostScript.header] + (0...10).map(HostScript.row)).joined(separator: "\n")
    let result = try await home.run(
      ["import", "--host", "old", "--db", home.db, "-"], input: text)
    #expect(result.code == 0, "\(result)")
    #expect(result.outputText.contains("10 rows stored"))
  }

  @Test func oneBadFileDoesNotKeepTheOthersOut() async throws {
    let home = try CulpritHome()
    let text = ([HostScript.header] + (0...10).map(HostScript.row)).joined(separator: "\n")
    let good = try home.folder.write(text, to: "good.log")
    let empty = try home.folder.write("", to: "empty.log")
    let result = try await home.run(
      "import", "--host", "old", "--db", home.db, "/nonexistent.log", empty, good)
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("/nonexistent.log: No such file"))
    #expect(result.errorText.contains("empty.log: no row of vmstat"))
    #expect(result.outputText.contains("good.log: 10 rows stored"))
  }

  /// An old log is asked the same questions: its spike is found.
  @Test func spikesOfAnImportedLogAreFound() async throws {
    let home = try CulpritHome()
    let rows = (0..<180).map { number in
      (60..<120).contains(number)
        ? HostScript.row(number).replacing(" 1  0      0", with: "20  0      0")
          .replacing("  1  1 98  0  0", with: " 97  3  0  0  0")
        : HostScript.row(number)
    }
    let file = try home.folder.write(
      ([HostScript.header] + rows).joined(separator: "\n") + "\n", to: "spike.log")
    for _ in 0..<2 {
      let result = try await home.run(
        "import", "--host", "old", "--cpus", "2", "--db", home.db, file)
      #expect(result.code == 0, "\(result)")
      let spikes = try await home.run(
        "spikes", "--since", "2026-11-22T00:00:00Z", "--json", "--db", home.db)
      let found = try JSONLines.objects(spikes.outputText)
      #expect(found.count == 1, "\(spikes)")
      // Of a time without rows nothing is said, least of all that it was calm.
      let unknown = try await home.run("spikes", "--since", "-1m", "--db", home.db)
      #expect(unknown.code == 1)
      #expect(unknown.errorText.contains("nothing was recorded"), "\(unknown)")
      #expect(found.first?["kind"] as? String == "cpu")
    }
  }

  @Test func aHostThatIsNotThereIsToldWithThoseThatAre() async throws {
    let home = try CulpritHome()
    let text = ([HostScript.header] + (0...10).map(HostScript.row)).joined(separator: "\n")
    let file = try home.folder.write(text, to: "good.log")
    for number in 1...3 {
      _ = try await home.run("import", "--host", "web\(number)", "--db", home.db, file)
    }
    for words in [["export", "db1"], ["show", "db1", "--at", "now"], ["hosts", "db1"]] {
      let result = try await home.run(words + ["--db", home.db])
      #expect(result.code == 1, "\(result)")
      #expect(
        result.errorText.contains("“db1”") && result.errorText.contains("web[1-3]"), "\(result)")
    }
    let some = try await home.run("export", "web[1-2]", "--json", "--db", home.db)
    #expect(try JSONLines.objects(some.outputText).count == 20)
    let far = try await home.run(
      "show", "web1", "--at", "2026-11-22T05:00:00Z", "--utc", "--db", home.db)
    #expect(far.code == 1)
    #expect(far.errorText.contains("2026-11-22 00:00:10"), "\(far)")
  }

  /// A closed pipe in the middle of a long export is a good end.
  @Test func aClosedPipeIsAGoodEnd() async throws {
    let home = try CulpritHome()
    let text = ([HostScript.header] + (0...20_000).map(HostScript.row)).joined(separator: "\n")
    let file = try home.folder.write(text, to: "long.log")
    let loaded = try await home.run("import", "--host", "old", "--db", home.db, file)
    #expect(loaded.code == 0, "\(loaded)")
    for words in [["export"], ["export", "--json"]] {
      let result = try await Program.run(
        ["bash", "-c", "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}", CulpritHome.binary]
          + words + ["--db", home.db],
        environment: home.environment)
      #expect(result.code == 0, "\(result)")
      #expect(result.lines.count == 1)
      #expect(result.error.isEmpty, "\(result)")
    }
  }
}
