import Foundation
import Logging
import Records
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// Where the agent for this machine is looked for, and how it is run.
@Suite("local agent")
struct LocalAgentTests {
  private static func program(
    _ text: String, in folder: TestFolder, _ place: String
  ) async throws -> String {
    try folder.makeFolder(place)
    return try folder.writeProgram(text, to: "\(place)/culprit-agent")
  }

  @Test("beside culprit first, then in PATH; a file that is no program is passed over")
  func places() async throws {
    let folder = try TestFolder()
    let beside = try await Self.program("echo culprit-agent 1", in: folder, "beside")
    let inPath = try await Self.program("echo culprit-agent 2", in: folder, "bin")
    try folder.makeFolder("empty")
    try folder.makeFolder("odd/culprit-agent")
    try folder.makeFolder("text")
    try folder.write("text", to: "text/culprit-agent")
    func find(_ beside: String?, _ path: [String]) -> LocalAgent {
      LocalAgent.find(
        beside: beside.map(folder.file), path: path.map(folder.file).joined(separator: ":"))
    }
    #expect(find("beside", ["bin"]) == .found(path: beside))
    #expect(find("empty", ["empty", "odd", "text", "bin"]) == .found(path: inPath))
    #expect(find(nil, ["bin"]) == .found(path: inPath))
    let none = LocalAgent.missing("no culprit-agent beside culprit or in PATH")
    #expect(find("empty", ["odd", "text"]) == none)
    // What stands in the folder somebody is in is never run.
    #expect(LocalAgent.find(beside: nil, path: "::.:bin") == none)
  }

  @Test("one that doesn't run here is no agent, and why is told", arguments: ["exit 1", "echo hi"])
  func broken(script: String) async throws {
    let folder = try TestFolder()
    let path = try await Self.program(
      "echo 'kernel too \u{1B}old' >&2; \(script)", in: folder, "bin")
    guard case .missing(let why) = LocalAgent.find(beside: nil, path: folder.file("bin")) else {
      Issue.record("taken")
      return
    }
    #expect(why == "\(path) doesn't run here: kernel too ␛old")
  }

  @Test("the command runs it, whatever its path holds; without it, vmstat")
  func command() async throws {
    let folder = try TestFolder()
    let path = try await Self.program(
      "echo \"$@\"; [ $1 != attach ] || exit 69", in: folder, "it's $HOME; a `place`")
    let (text, reason) = LocalAgent.found(path: path).command(intervalSeconds: 5)
    let run = try await Program.run(["sh", "-c", text])
    #expect(run.outputText == "@agent found\n@agent session\nattach\nrun --session --interval 5s\n")
    #expect(reason == "\(path) is gone")
    try FileManager.default.removeItem(atPath: path)
    let vmstat = try Program(["sh", "-c", text])
    try await until("vmstat's rows") { vmstat.outputText.contains("@cpus") }
    vmstat.send(SIGKILL)
    try await vmstat.end()

    let plain = RemoteCommand.text(intervalSeconds: 300)
    let slow = LocalAgent.found(path: "/bin/culprit-agent").command(intervalSeconds: 300)
    #expect(slow.text == plain && slow.vmstatReason != nil)
    let missing = LocalAgent.missing("why").command(intervalSeconds: 300)
    #expect(missing.text == plain && missing.vmstatReason == "why")
  }

  @Test("only this machine is read through it")
  func selection() throws {
    var fleet = FleetFile()
    fleet.hosts = [.init(name: "web1"), .init(name: "here")]
    fleet.hosts[1].transport = .local
    fleet.hosts[1].intervalSeconds = 2
    let selection = HostSelection(fleet: fleet) { .found(path: "/x/culprit-agent") }
    let targets = try selection.targets([])
    #expect(!targets[0].command.contains("culprit-agent") && targets[0].vmstatReason == nil)
    #expect(targets[1].command.contains("exec '/x/culprit-agent' run --stdout --interval 2s;"))
  }

  /// An agent that says it goes slower isn't taken for a silent host; one that doesn't is.
  @Test("silence is measured in what the agent says", .live)
  func slowness() async throws {
    let folder = try TestFolder()
    var slow = AgentStreamTests.tick(1)
    slow.pacedNanoseconds = 30_000_000_000
    let frames = [AgentStreamTests.hello(), .tick(AgentStreamTests.tick(0))]
    try folder.write(AgentStreamTests.bytes(frames), to: "usual")
    try folder.write(AgentStreamTests.bytes(frames + [.tick(slow)]), to: "slow")
    let queue = FleetEventQueue()
    let collector = try FleetCollector(
      options: FleetOptions(), queues: [queue], log: Logger(label: "test"))
    collector.start(
      ["usual", "slow"].map {
        FleetTarget(
          name: $0, address: $0, transport: .local,
          command: "cat \(folder.file($0)); exec sleep 60")
      })
    defer { collector.stop() }
    var states: [String: HostState] = [:]
    func note() {
      for case .status(let status) in queue.drain().events { states[status.host] = status.state }
    }
    try await until("the usual one is stale") {
      note()
      return states["usual"] == .stale
    }
    // Both began at once; a moment later the other would be stale too.
    try await Task.sleep(for: .seconds(2))
    note()
    #expect(states["slow"] == .connected)
  }
}
