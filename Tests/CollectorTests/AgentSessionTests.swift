import Foundation
import Logging
import Records
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// How an agent is started on a host, and asked.
@Suite("agent session")
struct AgentSessionTests {
  /// What the command calls, by what `attach` ends with, and what it ends with itself.
  @Test(
    "the resident agent, or one for the session, or an older one's stream",
    arguments: [
      (69, ["version", "attach", "run --session --interval 3s"], 7 as Int32),
      (2, ["version", "attach", "run --stdout --interval 3s"], 8),
      (0, ["version", "attach"], 0), (1, ["version", "attach"], 1),
    ])
  func fallbacks(attachStatus: Int, calls: [String], status: Int32) async throws {
    let folder = try TestFolder()
    try folder.writeProgram(
      """
      echo "$*" >>\(folder.path)/calls
      case "$1 $2" in
        version*) echo culprit-agent 0.3.0 ;;
        attach*) exit \(attachStatus) ;;
        "run --session") exit 7 ;;
        *) exit 8 ;;
      esac
      """, to: "culprit-agent")
    let command = RemoteCommand.text(intervalSeconds: 3, prefersAgent: true)
    #expect(command.hasPrefix("culprit=attach; "))
    #expect(!command.contains("'"))
    let result = try await Program.run(
      ["sh", "-c", command], environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
    #expect(result.code == status)
    #expect(result.outputText == "@agent found\n@agent session\n")
    #expect(folder.read("calls").split(separator: "\n").map(String.init) == calls)
  }

  @Test("one that can't say its version is none")
  func broken() async throws {
    let folder = try TestFolder()
    try folder.writeProgram("exit 1", to: "culprit-agent")
    let environment = ["PATH": "\(folder.path):/usr/bin:/bin"]
    let command = RemoteCommand.text(intervalSeconds: 1, prefersAgent: true)
    let program = try Program(["sh", "-c", command], environment: environment)
    try await until("vmstat's greeting") { program.outputText.contains("@cpus") }
    #expect(program.outputText.hasPrefix("@agent found\n@agent broken 1\n"))
    #expect(!program.outputText.contains("@agent session"))
    program.send(SIGKILL)
    try await program.end()
    let question = try await Program.run(
      ["sh", "-c", RemoteCommand.question()], environment: environment)
    #expect(
      question.code == 127
        && question.outputText.hasPrefix("@agent found\n@agent broken 1\n@error "))
  }

  static let requestBytes = AgentRequests.stream.count
  /// Reads one request, then plays the frames, and stays for as long as somebody is there.
  static let player = """
    case "$1" in
      version) echo culprit-agent 0.3.0 ;;
      attach) head -c \(requestBytes) >request; cat frames; cat >>more ;;
      *) exit 9 ;;
    esac
    """

  private func samples(
    _ agent: FakeAgent, _ transport: Transport, wanted: Int = 12
  ) async throws -> [HostSample] {
    let queue = FleetEventQueue()
    let collector = try FleetCollector(
      options: FakeAgent.options, queues: [queue], log: Logger(label: "test"))
    collector.start([try agent.target(transport)])
    defer { collector.stop() }
    var samples: [HostSample] = []
    var states: [String] = []
    try await until("samples", within: 60, detail: { "\(states)" }) {
      for event in queue.drain().events {
        if case .sample(let sample) = event { samples.append(sample) }
        if case .status(let status) = event { states.append(status.lastError ?? "") }
      }
      return samples.count >= wanted
    }
    return samples
  }

  @Test(
    "frames come when they are asked for, whatever stands before them",
    .enabled(if: Machine.hasSSHD), .live, arguments: [Transport.libssh2, .openssh])
  func asked(transport: Transport) async throws {
    let agent = try await FakeAgent(Self.player, frames: ["frames": AgentStreamTests.whole])
    try agent.folder.write("echo Welcome to this host\necho\n", to: ".bashrc")
    let samples = try await samples(agent, transport)
    #expect(samples.map { $0.row[.r] } == (1...12).map { $0 })
    #expect(samples.allSatisfy { $0.source == .agent })
    var decoder = FrameDecoder()
    var requests: [Frame] = []
    decoder.feed(bytes(agent).span) {
      if case .frame(let frame) = $0 { requests.append(frame.frame) }
    }
    #expect(requests == [.request(.stream)])
    #expect(agent.calls == ["version", "attach"])
  }

  private func bytes(_ agent: FakeAgent) -> [UInt8] {
    FileManager.default.contents(atPath: agent.folder.file("request")).map([UInt8].init) ?? []
  }

  /// The key may run nothing but the agent: its first word is ours.
  @Test(
    "a forced command is asked too", .enabled(if: Machine.hasSSHD), .live,
    arguments: [Transport.libssh2, .openssh])
  func forced(transport: Transport) async throws {
    let agent = try await FakeAgent(
      Self.player, frames: ["frames": AgentStreamTests.whole],
      lines: [
        "ForceCommand echo \"$SSH_ORIGINAL_COMMAND\" >~/original; exec culprit-agent attach"
      ])
    #expect(try await samples(agent, transport).count == 12)
    #expect(agent.calls == ["attach"])
    #expect(agent.folder.read("original").hasPrefix("exec sh -c 'culprit=attach; "))
  }

  @Test("an older agent streams unasked", .enabled(if: Machine.hasSSHD), .live)
  func older() async throws {
    let agent = try await FakeAgent(
      """
      case "$1 $2" in
        version*) echo culprit-agent 0.2.0 ;;
        "run --stdout") cat frames; sleep 60 ;;
        *) echo "unknown verb $1" >&2; exit 2 ;;
      esac
      """, frames: ["frames": AgentStreamTests.whole])
    #expect(try await samples(agent, .libssh2).count == 12)
    #expect(agent.calls == ["version", "attach", "run --stdout --interval 1s"])
  }

  @Test("a target that isn't asked at once is asked when its agent is announced")
  func announced() {
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [])
    #expect(feed.linkWillStart().isEmpty)
    feed.linkDidOpen()
    var feedback = feed.linkDidReceive(Array("@agent ses".utf8).span)
    #expect(feedback.output.isEmpty)
    feedback = feed.linkDidReceive(Array("sion\n".utf8).span)
    #expect(feedback.output == AgentRequests.stream)
    feedback = feed.linkDidReceive(Array("@agent session\n".utf8).span)
    #expect(feedback.output.isEmpty)
  }
}
