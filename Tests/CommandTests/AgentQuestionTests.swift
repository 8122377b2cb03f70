import Foundation
import TestSupport
import Testing

/// `culprit suspects` and `culprit process`: agents of real hosts over a real sshd, and this
/// machine's own.
@Suite(
  .enabled(if: Machine.hasSSHD, "needs openssh-server and openssh-client"),
  .enabled(if: hasAgent, "culprit-agent isn't built beside culprit"),
  .enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)),
  .enabled(if: Machine.isRoot, "needs root: descriptors of others"), .live)
struct AgentQuestionTests {
  private static let agent = Machine.executable("culprit-agent")

  /// web1 and web2 are asked by an agent for the session, web3 has none.
  private func fleet() async throws -> LoopbackFleet {
    try await LoopbackFleet.start(3) { number, _ in
      number == 3
        ? "exec sh -c \"$SSH_ORIGINAL_COMMAND\""
        : "exec '\(Self.agent)' run --session --interval 200ms"
    }
  }

  @Test func suspectsOfSeveralHostsAreOneRanking() async throws {
    let fleet = try await fleet()
    let lock = try await HeldLock.make(.flock, waiters: 2)
    let both = try await fleet.home.run(
      ["suspects", "web1", "web2", "--json", "--for", "1s"] + fleet.arguments)
    #expect(both.code == 0, "\(both)")
    let lines = try JSONLines.objects(both.outputText)
    for host in ["web1", "web2"] {
      for waiter in lock.waiters {
        let line = try #require(
          lines.first { $0["host"] as? String == host && $0["pid"] as? Int == Int(waiter) },
          "\(host) \(waiter): \(both)")
        #expect(line["wait_reason"] as? String == "file lock")
        #expect(line["holders"] as? [Int] == [Int(lock.holder)])
        #expect(line["lock_path"] as? String == lock.path)
      }
    }
    let waits = lines.compactMap { $0["wait_seconds"] as? Double }
    #expect(waits == waits.sorted(by: >))
    let text = try await fleet.home.run(["suspects", "@odd", "@even", "-web3"] + fleet.arguments)
    #expect(text.code == 0, "\(text)")
    #expect(text.lines.contains { $0.hasPrefix("HOST") && $0.contains("WAITS FOR") }, "\(text)")
    for host in ["web1", "web2"] {
      #expect(text.lines.contains { $0.hasPrefix(host) && $0.contains("file lock") }, "\(text)")
    }
    let check = try await fleet.home.run(
      ["suspects", "web1", "--check", "--for", "1s"] + fleet.arguments)
    #expect(check.code == 3 && check.error.isEmpty, "\(check)")
    try await lock.release()
  }

  @Test func aHostWithoutAnAgentIsSaidSoWithTheNextStep() async throws {
    let fleet = try await fleet()
    let result = try await fleet.home.run(
      ["suspects", "web2", "web3", "--for", "1s"] + fleet.arguments)
    #expect(result.code == 1, "\(result)")
    #expect(result.outputText.hasPrefix("web2") || result.outputText.contains("web2  load"))
    #expect(result.errorText.contains("web3: no culprit-agent on the host; install it there"))
    #expect(result.errorText.contains("culprit watch web3"), "\(result)")
    #expect(result.errorText.contains("1 of 2 hosts didn't answer: web3"), "\(result)")
    let process = try await fleet.home.run(["process", "web3", "1"] + fleet.arguments)
    #expect(process.code == 1 && process.errorText.contains("web3: no culprit-agent"))
  }

  /// Field for field what the agent says itself.
  @Test func thisMachinesSuspectsAreItsAgents() async throws {
    let home = try CulpritHome()
    let lock = try await HeldLock.make(.posix)
    let waiter = Int(try #require(lock.waiters.first))
    func fields(_ result: ProgramResult) throws -> Set<String> {
      #expect(result.code == 0, "\(result)")
      let line = try JSONLines.objects(result.outputText).first { $0["pid"] as? Int == waiter }
      return Set(try #require(line, "\(result)").keys)
    }
    let own = try await Program.run([Self.agent, "suspects", "--json"])
    let ours = try await home.run("suspects", "local", "--json", "--for", "1s")
    #expect(try fields(own) == fields(ours))
    try await lock.release()
  }

  @Test func aProcessIsExplainedFromAfar() async throws {
    let fleet = try await fleet()
    let lock = try await HeldLock.make(.flock)
    for words in [["web1"], ["local"]] {
      let result = try await fleet.home.run(
        ["process"] + words + ["\(lock.holder)", "--json"] + fleet.arguments)
      #expect(result.code == 0, "\(result)")
      let report = try #require(try JSONLines.objects(result.outputText).first)
      #expect(report["pid"] as? Int == Int(lock.holder))
      let locks = report["locks"] as? [[String: Any]] ?? []
      let held = try #require(locks.first { $0["path"] as? String == lock.path }, "\(result)")
      #expect(held["waiters"] as? [Int] == lock.waiters.map(Int.init))
      #expect((report["parents"] as? [Any])?.isEmpty == false)
    }
    let text = try await fleet.home.run(["process", "web2", "\(lock.holder)"] + fleet.arguments)
    #expect(text.code == 0 && text.outputText.contains("on web2"), "\(text)")
    #expect(text.outputText.contains("holds a flock lock for writing on \(lock.path)"), "\(text)")
    #expect(!text.output.contains(0x1B))
    try await lock.release()
    let gone = try await fleet.home.run(["process", "web1", "\(lock.holder)"] + fleet.arguments)
    #expect(gone.code == 1 && gone.output.isEmpty, "\(gone)")
    #expect(gone.errorText.contains("web1") && gone.errorText.contains("no process"), "\(gone)")
  }

  @Test(arguments: [
    ["process"], ["process", "db1"], ["process", "db1", "0"], ["process", "db1", "x"],
    ["process", "db[1-2]", "1"], ["suspects", "local", "--for", "2h"],
    ["suspects", "local", "--rows", "0"],
  ])
  func wrongUse(words: [String]) async throws {
    let result = try await CulpritHome().run(words)
    #expect(result.code == 2 && result.output.isEmpty && !result.error.isEmpty, "\(result)")
  }
}
