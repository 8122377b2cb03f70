import TestSupport
import Testing

@testable import Deploy

/// What a host says is text from outside.
@Suite struct HostReplyTests {
  private func line(_ text: String) -> HostReply.Line? {
    let bytes = Array(text.utf8)
    return HostReply.Line(bytes.span)
  }

  @Test func linesAreRead() {
    #expect(line("@deploy 1") == .greeting)
    #expect(line("@deploy 2") == nil)
    #expect(line("@sudo") == .asking)
    #expect(line("@send 7234567") == .send(7_234_567))
    #expect(line("@is machine x86_64") == .fact(.init(name: "machine", value: "x86_64")))
    #expect(line("@is linked ") == .fact(.init(name: "linked", value: "")))
    #expect(line("@note two words") == .note("two words"))
    #expect(line("@done") == .done)
    #expect(line("@failed no room") == .failed("no room"))
    #expect(line("@failed") == .failed("it failed without a word"))
  }

  @Test(arguments: ["", "@", "@send", "@send x", "@send -1", "@is", "Welcome!", "@ done", " @done"])
  func othersArePassedOver(text: String) {
    #expect(line(text) == nil)
  }

  @Test func nothingReachesATerminal() {
    guard case .failed(let text) = line("@failed \u{1B}]0;x\u{7}\u{202E}") else {
      return #expect(Bool(false), "no line")
    }
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E }, "\(text)")
    guard case .note(let long) = line("@note " + String(repeating: "x", count: 4000)) else {
      return #expect(Bool(false), "no line")
    }
    #expect(long.count <= HostReply.textLimit)
  }

  @Test func answersHaveAnEnd() {
    var reply = HostReply()
    var taken = 0
    while taken < 10_000, reply.take(.note("x")) { taken += 1 }
    #expect(taken == HostReply.factLimit)
  }

  @Test func findings() {
    var reply = HostReply()
    for text in [
      "@is system Linux", "@is machine aarch64", "@is free 123", "@is linked 1.10",
      "@is previous 1.9", "@is package 1.2 intact aa", "@is package 1.9 changed bb",
      "@is package 1.10 intact cc", "@is changed 1.9 bin/culprit agent", "@is service running",
      "@is running /usr/local/encap/culprit-agent-1.10/bin/culprit-agent",
      "@is foreign /usr/bin/culprit-agent some package", "@is future thing", "@is package",
    ] {
      if let line = line(text) { _ = reply.take(line) }
    }
    let found = HostFindings(reply)
    #expect(found.machine == "aarch64" && found.freeBytes == 123)
    #expect(found.packages.map(\.version) == ["1.2", "1.9", "1.10"])
    #expect(found.package("1.9")?.changed == ["bin/culprit agent"])
    #expect(found.rollbackVersion == "1.9" && found.runs("1.10") && !found.runs("1.1"))
    #expect(found.foreign == [.init(path: "/usr/bin/culprit-agent", owner: "some package")])
  }

  /// Without a note of the version before: the newest that is older.
  @Test func rollsBackToTheNextOlder() {
    var found = HostFindings(HostReply())
    #expect(found.rollbackVersion == nil)
    found.packages = ["1.2", "1.10", "1.9"].map { .init(version: $0, isIntact: true, checksum: "") }
    found.linked = "1.10"
    #expect(found.rollbackVersion == "1.9")
    found.previous = "1.3"
    #expect(found.rollbackVersion == "1.9", "what was before is gone")
    found.linked = "1.2"
    #expect(found.rollbackVersion == nil)
  }
}
