import Foundation
import Logging
import Records
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// One question to agents, over a real sshd.
@Suite("agent question", .enabled(if: Machine.hasSSHD), .live)
struct AgentQuestionTests {
  static func answer(_ answer: Answer, number: UInt64 = 1) -> [UInt8] {
    var encoder = FrameEncoder()
    encoder.append(.answer(answer), sequence: number)
    return encoder.bytes
  }

  static func agent(_ frames: [UInt8], then end: String = "cat >/dev/null") async throws
    -> FakeAgent
  {
    let size = AgentRequests.bytes(.recent(seconds: 5), number: 1).count
    return try await FakeAgent(
      """
      case "$1" in
        version) echo culprit-agent 0.3.0 ;;
        *) head -c \(size) >request; cat frames; \(end) ;;
      esac
      """, frames: ["frames": frames])
  }

  private func ask(
    _ targets: [FleetTarget], seconds: Double = 30, byteLimit: Int = 1 << 20
  ) throws -> [AgentQuestion.Reply] {
    var question = AgentQuestion(.recent(seconds: 5))
    question.seconds = seconds
    question.byteLimit = byteLimit
    return try question.ask(targets, options: FakeAgent.options, log: Logger(label: "test"))
  }

  private func why(_ reply: AgentQuestion.Reply?) -> String? {
    if case .failure(let failure) = reply?.outcome { failure.description } else { nil }
  }

  @Test("the frames until the answer", arguments: [Transport.libssh2, .openssh])
  func frames(transport: Transport) async throws {
    let agent = try await Self.agent(
      AgentStreamTests.whole + Self.answer(.done, number: 5) + Self.answer(.done)
        + AgentStreamTests.whole)
    let reply = try #require(try ask([try agent.target(transport)]).first)
    let frames = try reply.outcome.get()
    #expect(reply.host == "web1")
    // The hello, 13 ticks, another's answer, and the answer itself.
    #expect(frames.count == 16)
    #expect(frames.first?.stream == AgentStreamTests.stream)
    #expect(frames.last?.frame == .answer(.done) && frames.last?.sequence == 1)
    #expect(agent.server.logins == 1)
    try await until("the session to end") { agent.server.sessionProcesses.isEmpty }
  }

  @Test("each host has its own reply, in order, and one doesn't wait for another's failure")
  func several() async throws {
    let good = try await Self.agent(Self.answer(.done))
    let refusing = try await Self.agent(Self.answer(.refused("root says\u{1B}[1m no")))
    let without = try await FakeAgent(nil)
    let older = try await FakeAgent(
      "[ $1 = version ] && exec echo culprit-agent 0.2.0; [ $1 = attach ] && exit 2; exit 0")
    let replies = try ask([
      try good.target(name: "good"), try refusing.target(name: "refusing"),
      try without.target(name: "without"), try older.target(name: "older"),
    ])
    #expect(replies.map(\.host) == ["good", "refusing", "without", "older"])
    #expect(try replies[0].outcome.get().map(\.frame) == [.answer(.done)])
    #expect(why(replies[1]) == "its agent refuses: root says␛[1m no")
    #expect(why(replies[2]) == "no culprit-agent on the host; install it there")
    #expect(why(replies[3])?.contains("older than 0.3") ?? false)
  }

  @Test("an agent that says nothing, and one that never ends, are given up")
  func bounds() async throws {
    let silent = try await Self.agent([])
    #expect(why(try ask([try silent.target()], seconds: 3).first)?.contains("within 3 s") ?? false)
    let flood = try await Self.agent(
      AgentStreamTests.whole, then: "while cat frames; do :; done")
    #expect(
      why(try ask([try flood.target()], byteLimit: 1 << 20).first)?.contains("1 MiB") ?? false)
    var damaged = AgentStreamTests.bytes([.tick(AgentStreamTests.tick(1))])
    damaged[damaged.count - 1] ^= 1
    let rubbish = try await Self.agent(damaged, then: "while cat frames; do :; done")
    #expect(why(try ask([try rubbish.target()]).first)?.contains("damaged") ?? false)
    let text = try await Self.agent([], then: "yes hello")
    #expect(why(try ask([try text.target()]).first)?.contains("text instead") ?? false)
  }

  @Test("a host that can't be reached says why")
  func unreachable() async throws {
    let agent = try await Self.agent(Self.answer(.done))
    let target = try agent.target()
    agent.server.kill()
    #expect(why(try ask([target]).first)?.contains("connection refused") ?? false)
  }
}
