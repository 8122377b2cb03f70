import Foundation
import Records
import SSHFleet
import TestSupport
import Testing

@testable import Collector

/// The shell text that makes an agent of what it is sent, run here.
@Suite("temporary agent") struct TemporaryAgentTests {
  private static let requestBytes = AgentRequests.stream.count
  /// A program that says what it was called with, and removes itself as the agent does.
  private static let player = Array(
    """
    #!/bin/sh
    case "$1" in
      version) echo culprit-agent 9 ;;
      run) echo "$*"; rm "$0"; rmdir "${0%/*}"; cat ;;
      *) exit 2 ;;
    esac

    """.utf8)

  private let folder: TestFolder
  private let places: String

  init() throws {
    folder = try TestFolder()
    places = try folder.makeFolder("places")
  }

  /// What is left where temporary folders are made.
  private var left: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: places)) ?? ["?"]
  }

  private func run(
    _ agent: TemporaryAgent, input: [UInt8], path: String = "/usr/bin:/bin",
    words: [String] = ["sh", "-c"]
  ) async throws -> ProgramResult {
    let script = agent.script(intervalSeconds: 2, requestBytes: Self.requestBytes)
    #expect(!script.contains("'"))
    let program = try Program(
      words + [script + "; echo next"],
      environment: ["PATH": path, "XDG_RUNTIME_DIR": places, "HOME": "/nowhere"], input: input)
    return try await program.end()
  }

  private var request: [UInt8] { [UInt8](repeating: 0xFF, count: Self.requestBytes) }

  @Test("it is received, checked and run, and leaves nothing", arguments: ["sh", "bash"])
  func received(shell: String) async throws {
    let agent = try TemporaryAgent(Self.player)
    let result = try await run(
      agent, input: request + Self.player + Array("more".utf8), words: [shell, "-c"])
    #expect(
      result.outputText == """
        @send \(Self.player.count)
        @agent session
        run --session --unlink-self --interval 2s
        more
        """, "\(result)")
    #expect(result.code == 0 && left.isEmpty)
  }

  @Test("the built agent runs so")
  func real() async throws {
    let agent = try TemporaryAgent(.found(path: Machine.executable("culprit-agent")))
    let result = try await run(agent, input: request + agent.bytes + AgentRequests.stream)
    let start = Array("@send \(agent.bytes.count)\n@agent session\n".utf8)
    #expect(result.output.starts(with: start), "\(result.outputText.prefix(300)) \(result.error)")
    #expect(result.output.count > start.count && result.output[start.count] == 0xFF)
    #expect(left.isEmpty)
  }

  @Test("a wrong checksum is told, and nothing is left")
  func wrongChecksum() async throws {
    let agent = try TemporaryAgent(Self.player, checksum: String(repeating: "0", count: 64))
    let result = try await run(agent, input: request + Self.player)
    #expect(
      result.lines.dropFirst().first?.hasPrefix("@fallback the agent came there damaged") == true)
    #expect(result.lines.last == "next" && left.isEmpty)
  }

  @Test("what comes to an end too early is none", arguments: [0, 1, 50])
  func cut(bytes: Int) async throws {
    let agent = try TemporaryAgent(Self.player)
    let result = try await run(agent, input: request + Self.player.prefix(bytes))
    #expect(result.outputText.contains("@fallback the agent came there damaged"))
    #expect(result.lines.last == "next" && left.isEmpty)
  }

  @Test("one that doesn't run there is none")
  func broken() async throws {
    let program = Array("#!/bin/sh\nexit 1\n".utf8)
    let result = try await run(try TemporaryAgent(program), input: request + program)
    #expect(result.outputText.contains("@fallback the agent does not run there\nnext\n"))
    #expect(left.isEmpty)
  }

  @Test("another kind of machine is told before anything is sent")
  func otherMachine() async throws {
    let bin = try folder.makeFolder("bin")
    try folder.writeProgram("echo Linux mips", to: "bin/uname")
    let result = try await run(
      try TemporaryAgent(Self.player), input: request + Self.player, path: "\(bin):/usr/bin:/bin")
    #expect(
      result.outputText == "@fallback it is Linux mips, and the agent of this machine is for "
        + "\(TemporaryAgent.machine): install the agent there\nnext\n")
    #expect(left.isEmpty)
  }

  @Test("a host without head(1) is told")
  func withoutHead() async throws {
    let result = try await run(
      try TemporaryAgent(Self.player), input: request, path: "/nonexistent",
      words: ["/bin/sh", "-c"])
    #expect(result.outputText == "@fallback no head, mktemp or sha256sum there\nnext\n")
  }

  /// Folders that refuse programs, or are full, one after the other; in a mount namespace.
  private func mounted(_ options: String, _ agent: TemporaryAgent) async throws -> ProgramResult {
    let mounts = [places, "/var/tmp", "/dev/shm", "/tmp"].map {
      "mount -t tmpfs -o \(options) none \($0)"
    }
    return try await run(
      agent, input: request + Self.player,
      words: [
        "unshare", "-m", "sh", "-c",
        "\(mounts.joined(separator: " && ")) && exec sh -c \"$0\"",
      ])
  }

  @Test(
    "where nothing may be run, or nothing has room, that is told", .enabled(if: Machine.isRoot),
    arguments: ["noexec", "size=4k"])
  func nowhere(options: String) async throws {
    var program = Self.player
    program += [UInt8](repeating: UInt8(ascii: "\n"), count: 3 << 20)
    let agent = try TemporaryAgent(program)
    let result = try await mounted(options, agent)
    #expect(
      result.outputText
        == "@fallback no folder there has 3 MiB left and lets programs run\nnext\n", "\(result)")
  }

  @Test("a folder that refuses is passed over", .enabled(if: Machine.isRoot))
  func nextFolder() async throws {
    let agent = try TemporaryAgent(Self.player)
    let result = try await run(
      agent, input: request + Self.player,
      words: [
        "unshare", "-m", "sh", "-c",
        "mount -t tmpfs -o noexec none \(places) && mount -t tmpfs none /tmp && sh -c \"$0\"; "
          + "ls /tmp \(places)",
      ])
    #expect(result.outputText.contains("@agent session\nrun --session"), "\(result)")
  }

  @Test("the agent is sent piece by piece, and how far it is is told")
  func sending() throws {
    let agent = try TemporaryAgent([UInt8](repeating: 7, count: 100_000))
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue],
      temporaryAgent: agent)
    feed.linkDidOpen()
    // Of another size than ours: it is none that we can send.
    #expect(feed.linkDidReceive(Array("@send 5\n".utf8).span).output.isEmpty)
    #expect(feed.linkDidDrain().isEmpty)
    var sent = feed.linkDidReceive(Array("@send 100000\n".utf8).span).output
    #expect(sent.count == AgentUpload.pieceBytes)
    while true {
      let piece = feed.linkDidDrain()
      guard !piece.isEmpty else { break }
      sent += piece
    }
    #expect(sent == agent.bytes)
    // Asking for it twice over one connection is of no use.
    #expect(feed.linkDidReceive(Array("@send 100000\n".utf8).span).output.isEmpty)
    let feedback = feed.linkDidReceive(Array("@agent session\n".utf8).span)
    #expect(feedback.output == AgentRequests.stream)
    let statuses = queue.drain().events.compactMap { event -> HostStatus? in
      if case .status(let status) = event { status } else { nil }
    }
    #expect(statuses.first?.state == .connecting)
    #expect(statuses.first?.lastError == "sending the agent: 0 %")
    #expect(statuses.last?.state == .connected && statuses.last?.lastError == nil)
  }

  @Test("what this machine doesn't have can't be copied")
  func missing() {
    #expect(throws: TemporaryAgent.Problem.self) {
      try TemporaryAgent(.missing("no culprit-agent in PATH"))
    }
    #expect(throws: TemporaryAgent.Problem.self) {
      try TemporaryAgent(.found(path: "/nonexistent"))
    }
  }
}
