import Foundation
import TestSupport
import Testing

/// Hosts that print what no vmstat prints. Nothing of it reaches the terminal raw, the message
/// names the host and what to do, and rows among it are neither lost nor doubled.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct BadHostTests {
  private static let rows = (1...5).map(HostScript.row).joined(separator: "\n") + "\n"
  private static let table = HostScript.header + "\n" + rows

  /// What `watch --json` shows of a host that prints `text` and then does `end`: until so many
  /// rows have come, or else (for no row is expected) for 8 s.
  private func watch(
    _ text: [UInt8], then end: String = HostScript.untilGone, rows: Int = 0,
    until isEnough: ((Program) -> Bool)? = nil
  ) async throws -> ProgramResult {
    let fleet = try await LoopbackFleet.start { _, home in
      let path = try home.folder.write(text, to: "printed")
      return "cat '\(path)'\n\(end)\n"
    }
    let words = ["watch", "--json", "--for", rows == 0 ? "8s" : "60s"] + fleet.arguments
    guard rows > 0 else { return harmless(try await fleet.home.run(words)) }
    let result = try await fleet.home.run(words, until: "\(rows) rows") { program in
      try JSONLines.whole(program).count >= rows && isEnough?(program) ?? true
    }
    #expect(result.code == 0, "\(result)")
    return harmless(result)
  }

  private func watch(
    _ text: String, then end: String = HostScript.untilGone, rows: Int = 0,
    until isEnough: ((Program) -> Bool)? = nil
  ) async throws -> ProgramResult {
    try await watch(Array(text.utf8), then: end, rows: rows, until: isEnough)
  }

  private func harmless(_ result: ProgramResult) -> ProgramResult {
    #expect(result.firstControl == nil)
    return result
  }

  /// `free` of each row shown: its number from 100,000 on.
  private func numbers(_ result: ProgramResult) throws -> [Int] {
    try JSONLines.objects(result.outputText).compactMap { $0["free"] as? Int }.map { $0 - 100_000 }
  }

  private func expectNoVmstat(
    _ result: ProgramResult, state: String = "no-vmstat", words: [String]
  ) {
    #expect(result.code == 1, "\(result)")
    #expect(result.output.isEmpty, "\(result)")
    let line = result.errorText.split(separator: "\n").first { $0.contains("web1: \(state): ") }
    for word in words { #expect(line?.contains(word) ?? false, "“\(word)” in \(result)") }
    #expect(result.errorText.contains("no row came from web1"))
  }

  /// xorshift: the same garbage each time.
  private static let garbage: [UInt8] = {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<400_000).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }()

  @Test func garbageForEver() async throws {
    expectNoVmstat(
      try await watch(Self.garbage),
      words: ["lines and no row of vmstat", "try it there: vmstat 1"])
  }

  /// What precedes the table (a banner, a chatty profile) is passed over.
  @Test func garbageBeforeTheRows() async throws {
    let result = try await watch(
      Array(Self.garbage.prefix(20_000)) + Array("\n\(Self.table)".utf8), rows: 4)
    #expect(try numbers(result) == [2, 3, 4, 5])
  }

  @Test func garbageBetweenRows() async throws {
    let halves = [Self.table, (6...8).map(HostScript.row).joined(separator: "\n") + "\n"]
    let noise = Array(Self.garbage.prefix(50_000)) + Array("\n".utf8)
    let result = try await watch(Array(halves[0].utf8) + noise + Array(halves[1].utf8), rows: 7)
    #expect(try numbers(result) == [2, 3, 4, 5, 6, 7, 8])
  }

  @Test func aLineOfTenMegabytes() async throws {
    let line = [UInt8](repeating: UInt8(ascii: "7"), count: 10_000_000) + [UInt8(ascii: "\n")]
    let result = try await watch(
      Array(Self.table.utf8) + line + Array("\(HostScript.row(6))\n".utf8), rows: 5)
    #expect(try numbers(result) == [2, 3, 4, 5, 6])
  }

  @Test func nothingButALineOfTenMegabytes() async throws {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000_000)
    let result = try await watch(line, then: "exit 0")
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("web1: "))
  }

  /// In rows, around them, and on standard error.
  @Test func escapeSequencesAndNULs() async throws {
    let evil = "\u{1B}[2J\u{1B}]0;owned\u{7}\u{0}\u{8}\r\u{9B}31m\u{85}\u{2028}\u{202E}\u{7F}"
    let text = evil + "\n" + Self.table + HostScript.row(6) + evil + "\n" + "@error \(evil)\n"
    let result = try await watch(
      text, then: "printf '\\033[31mcomplaint\\000\\007\\233\\r\\n' >&2; exit 3", rows: 4,
      until: { $0.errorText.contains("web1: ") })
    #expect(try numbers(result).prefix(4) == [2, 3, 4, 5])
    #expect(result.errorText.contains("␛[2J␛]0;owned␇"), "\(result)")
  }

  @Test func escapeSequencesOnStandardErrorOnly() async throws {
    let result = try await watch(
      "", then: "printf '\\033[31mno such thing\\007\\233\\000\\n' >&2; exit 3")
    expectNoVmstat(
      result, state: "backing off",
      words: ["status 3", "no such thing", "␛[31m", "try it there: vmstat 1"])
  }

  @Test func tenMegabytesOnStandardError() async throws {
    let result = try await watch(
      Self.table, then: "yes complaint | head -c 10000000 >&2; echo '\(HostScript.row(6))'; exit 3",
      rows: 5, until: { $0.errorText.contains("web1: ") })
    #expect(try numbers(result).prefix(5) == [2, 3, 4, 5, 6], "\(result)")
    #expect(result.error.count < 100_000)
  }

  @Test func halfARowAtTheEnd() async throws {
    let half = HostScript.row(6).prefix(40)
    let result = try await watch(
      Self.table + half, then: "exit 0", rows: 4, until: { $0.errorText.contains("web1: ") })
    let shown = try numbers(result)
    // It may have been connected more than once, and each time it printed the same.
    #expect(Set(shown) == [2, 3, 4, 5], "\(result)")
    #expect(result.errorText.contains("web1: backing off: vmstat ended with status 0"))
  }

  /// A row whose end is missing must not be taken for a shorter number.
  @Test func aRowCutInItsLastNumber() async throws {
    let result = try await watch(
      Self.table + HostScript.row(6).dropLast(1), then: "exit 0", rows: 4,
      until: { $0.errorText.contains("web1: ") })
    #expect(Set(try numbers(result)) == [2, 3, 4, 5], "\(result)")
  }

  @Test func aHostWithoutVmstat() async throws {
    let result = try await watch(
      "@culprit 1\n@cpus 2\n", then: "echo 'sh: vmstat: not found' >&2; exit 127")
    expectNoVmstat(result, words: ["no vmstat on the host", "not found", "install procps"])
  }

  @Test func aHostThatSaysItHasNoVmstat() async throws {
    let result = try await watch("@culprit 1\n@error no vmstat in /bin\n", then: "exit 127")
    expectNoVmstat(result, words: ["no vmstat in /bin", "install procps"])
  }

  @Test(
    .enabled(if: Machine.hasCorpus("vmstat"), "needs ../shared/corpora/vmstat"),
    arguments: [
      ("pt-FREEBSD.txt", "FreeBSD"), ("pt-OPENBSD.txt", "OpenBSD"), ("SOLARIS-10.txt", "Solaris"),
      ("vmstat-analyzer-AIX61.txt", "AIX"), ("kinect-vmstat-s.log", "vmstat -s"),
      ("tpch-vmstat-d.log", "vmstat -d"),
    ])
  func anotherSystemsVmstat(file: String, words: String) async throws {
    let result = try await watch(TestFolder.text("\(Machine.corpora)/vmstat/\(file)"))
    expectNoVmstat(result, words: [words])
  }

  @Test func aLoginScriptThatEndsTheSession() async throws {
    let result = try await watch("This account is currently not available.\n", then: "exit 1")
    expectNoVmstat(
      result, state: "backing off",
      words: ["status 1", "try it there", "This account is currently not available."])
  }

  // MARK: - Clocks

  /// What `collect` stored of a host that prints `text`, and what `export` gives, in its order.
  private func collect(_ text: String) async throws -> (free: [Int], host: [String: Any]) {
    let fleet = try await LoopbackFleet.start { _, home in
      HostScript.printing(try home.folder.write(text, to: "printed"))
    }
    let home = fleet.home
    let rows = text.split(separator: "\n").count - 3
    let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
    try? await until("\(rows) rows", within: 20) {
      try await home.number("SELECT count(*) FROM vmstat") >= rows
    }
    collect.send(SIGTERM)
    let result = try await collect.end()
    #expect(result.code == 0, "\(result)")
    let free = try await home.sqlite("SELECT free FROM vmstat ORDER BY free")
    return (free.compactMap { Int($0) }.map { $0 - 100_000 }, try await home.hosts()["web1"] ?? [:])
  }

  /// Rows of seconds 100…105, then 50…55, then 103…108: the clock went back twice, and once over
  /// moments that are taken.
  @Test(.enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)))
  func aClockThatGoesBack() async throws {
    var number = 0
    var lines = [HostScript.header]
    for second in Array(100...105) + Array(50...55) + Array(103...108) {
      number += 1
      // Numbered in `free`, with the stamp of another row.
      let stamp = HostScript.row(second).suffix(19)
      lines.append("\(HostScript.row(number).dropLast(19))\(stamp)")
    }
    let (free, host) = try await collect(lines.joined(separator: "\n") + "\n")
    #expect(free == Array(2...18))
    #expect(host["rows"] as? Int == 17)
  }

  @Test(.enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)))
  func rowsThatRepeatAreStoredOnce() async throws {
    let rows = [1, 2, 3, 3, 3, 4, 2, 5].map(HostScript.row)
    let text = ([HostScript.header] + rows).joined(separator: "\n") + "\n"
    let (free, host) = try await collect(text)
    #expect(free == [2, 3, 4, 5])
    #expect(host["rows"] as? Int == 4)
  }
}
