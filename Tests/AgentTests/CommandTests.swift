import Foundation
import Records
import TestSupport
import Testing
import Wire

/// The agent's verbs as built: output, help and exit codes.
@Suite(.enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)), .live)
struct CommandTests {
  @Test(
    arguments: [
      "run", "attach", "suspects", "top", "process", "doctor", "explain", "encap", "completion",
    ])
  func eachVerbHasItsHelp(verb: String) async throws {
    for words in [[verb, "--help"], ["help", verb], [verb, "-h"]] {
      let result = try await AgentProgram.run(words)
      #expect(result.code == 0, "\(result)")
      #expect(result.outputText.contains("USAGE\n  culprit-agent \(verb)"), "\(result)")
      #expect(result.outputText.contains("EXAMPLES"), "\(result)")
      #expect(result.error.isEmpty)
    }
    let overview = try await AgentProgram.run(["--help"])
    #expect(overview.outputText.contains("\n  \(verb) "))
  }

  @Test func noVerbShowsThemAll() async throws {
    let result = try await AgentProgram.run([])
    #expect(result.code == 2)
    #expect(result.outputText.contains("COMMANDS"))
  }

  @Test(arguments: ["version", "--version"])
  func theVersionIsTold(word: String) async throws {
    let result = try await AgentProgram.run([word])
    #expect(result.code == 0)
    #expect(result.outputText.hasPrefix("culprit-agent "))
  }

  @Test(arguments: [
    (["nonsense"], "no command"), (["\u{1B}[31m"], "no command"), (["top", "--nope"], "--help"),
    (["suspects", "extra"], "--help"), (["doctor", "--engine", "bpf"], "--help"),
    (["run", "--unlink-self"], "--session"), (["run", "--spool", "here"], "begins with /"),
    (["run", "--spool-size", "1kB"], "1MiB to 64GiB"), (["attach", "web1"], "--help"),
    (["run", "--stdout", "--interval", "5ms"], "100ms to 60s"),
    (["suspects", "--engine", "magic"], "auto, bpf, proc"),
    (["top", "--config", "/no/such/file"], "/no/such/file"), (["suspects", "--for"], "--for"),
    (["explain"], "standard input"), (["explain", "-", "-"], "--help"),
    (["completion", "tcsh"], "bash, zsh, fish"), (["completion"], "bash, zsh, fish"),
  ])
  func wrongUseIsExitCode2(words: [String], part: String) async throws {
    let result = try await AgentProgram.run(words)
    #expect(result.code == 2, "\(result)")
    #expect(result.errorText.contains(part), "\(result)")
    #expect(result.errorText.hasPrefix("culprit-agent: "))
    #expect(!result.error.contains(0x1B))
    #expect(result.output.isEmpty)
  }

  @Test func doctorTellsEachSource() async throws {
    struct Source: Decodable {
      var source: String
      var purpose: String
      var status: String
      var optional: Bool
      var detail: String?
      var remedy: String?
    }
    let result = try await AgentProgram.run(["doctor", "--json"])
    #expect(result.code == 0, "\(result)")
    let sources = try result.lines.map {
      try JSONDecoder().decode(Source.self, from: Data($0.utf8))
    }
    #expect(sources.count >= 8, "\(result)")
    #expect(Set(sources.map(\.source)).count == sources.count)
    for source in sources {
      #expect(["available", "denied", "disabled", "unsupported"].contains(source.status))
      #expect(!source.purpose.isEmpty)
      // What is missing is explained, or there is a command for it.
      #expect(source.status == "available" || source.detail != nil || source.remedy != nil)
    }
    let isAllThere = sources.allSatisfy { $0.status == "available" || $0.optional }
    let check = try await AgentProgram.run(["doctor", "--check"])
    #expect(check.code == (isAllThere ? 0 : 3), "\(check)")
    for source in sources { #expect(check.outputText.contains(source.source)) }
  }

  @Test(arguments: ["auto", "proc"])
  func topShowsTheHostAgainAndAgain(engine: String) async throws {
    let result = try await AgentProgram.run([
      "top", "--for", "2s", "--interval", "200ms", "--engine", engine,
    ])
    #expect(result.code == 0, "\(result)")
    let heads = result.lines.filter { $0.contains("processes (") }
    #expect(heads.count >= 2, "\(result)")
    #expect(heads.allSatisfy { engine == "auto" || $0.contains("(proc)") })
    #expect(result.outputText.contains("stalled: cpu"))
    // No terminal, no control characters.
    #expect(!result.output.contains(0x1B))
  }

  @Test(arguments: ["auto", "proc"])
  func framesDecode(engine: String) async throws {
    let result = try await AgentProgram.run([
      "run", "--stdout", "--for", "2s", "--interval", "200ms", "--engine", engine,
    ])
    #expect(result.code == 0, "\(result.errorText)")
    let stream = try FrameCheck(result.output)
    let hello = try #require(stream.hello)
    #expect(hello.intervalNanoseconds == 200_000_000)
    #expect(!hello.engineReason.isEmpty && !hello.hostName.isEmpty)
    #expect(engine == "auto" || hello.engine == .proc)
    #expect(stream.ticks.count >= 3 && stream.ticks.count <= 12, "\(stream.ticks.count)")
    #expect(stream.ticks.allSatisfy { $0.engine == hello.engine })
    // The first has nothing to compare with.
    #expect(stream.ticks.first?.processes.isEmpty == true)
    #expect(stream.ticks.first?.intervalNanoseconds == 0)
    let later = stream.ticks.dropFirst()
    #expect(later.allSatisfy { $0.intervalNanoseconds > 0 && $0.processCount > 0 })
    // We ran ourselves.
    #expect(later.contains { !$0.processes.isEmpty })
    #expect(later.allSatisfy { $0.processes.count <= 50 + $0.waiting.count })
  }

  @Test func fewerRowsAreAskedForAndTheRestIsCounted() async throws {
    let load = try LoadGenerator(["active", "--children", "10", "--hz", "20"])
    _ = try await load.truth()
    let result = try await AgentProgram.run([
      "run", "--stdout", "--for", "1200ms", "--interval", "400ms", "--rows", "3",
    ])
    let stream = try FrameCheck(result.output)
    let later = stream.ticks.dropFirst()
    #expect(!later.isEmpty)
    #expect(later.allSatisfy { $0.processes.count <= 3 + $0.waiting.count })
    #expect(later.contains { $0.omittedProcesses >= 7 }, "\(later.map(\.omittedProcesses))")
    try await load.finish()
  }

  /// Nobody reads any more: that is a good end.
  @Test(arguments: [["run", "--stdout"], ["top"], ["suspects"]])
  func aClosedPipeEndsIt(words: [String]) async throws {
    let options = words[0] == "suspects" ? "--for 300ms" : "--interval 100ms"
    let shell = try await Program.run([
      "bash", "-c",
      "\"$0\" \(words.joined(separator: " ")) \(options) | head -c 20 >/dev/null; "
        + "echo ${PIPESTATUS[0]}", AgentProgram.path,
    ])
    #expect(shell.outputText == "0\n", "\(shell)")
    #expect(shell.error.isEmpty, "\(shell)")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsItWell(signal: Int32) async throws {
    let agent = try Program([AgentProgram.path, "run", "--stdout", "--interval", "60s"])
    // It has begun, and sleeps for a minute.
    try await until("the first tick") {
      try FrameCheck(agent.output, isWhole: false).ticks.count == 1
    }
    let start = Monotonic.now
    agent.send(signal)
    #expect(try await agent.end().code == 0)
    #expect(Monotonic.now - start < 20)
  }

  @Test(.enabled(if: Machine.has("script"), "needs script(1)"), arguments: [true, false])
  func coloursGoWithTheTerminal(wantsNone: Bool) async throws {
    let result = try await Program.run(
      ["script", "-qec", "\(AgentProgram.path) doctor", "/dev/null"],
      environment: ["NO_COLOR": wantsNone ? "1" : nil, "TERM": "xterm"])
    #expect(result.outputText.contains("available"), "\(result)")
    #expect(result.output.contains(0x1B) == !wantsNone, "\(result)")
  }

  /// A full disk is an error, and told; a reader that has gone is none.
  @Test(arguments: ["run --stdout --interval 100ms", "suspects --for 200ms", "doctor", "--help"])
  func whatCannotBeWrittenIsTold(words: String) async throws {
    let full = try await Program.run(["sh", "-c", "\"$0\" \(words) >/dev/full", AgentProgram.path])
    #expect(full.code == 1 && full.errorText.contains("No space left"), "\(full)")
  }

  /// In a pid namespace of its own: on the host somebody may wait.
  @Test(.enabled(if: Machine.isRoot && Machine.has("unshare"), "needs root and unshare(1)"))
  func checkIsFineWhereNobodyWaits() async throws {
    let inside = ["unshare", "--pid", "--fork", "--mount-proc", AgentProgram.path]
    let check = try await Program.run(inside + ["suspects", "--check", "--for", "500ms"])
    #expect(check.code == 0, "\(check)")
    #expect(check.outputText.contains("Nobody waits"), "\(check)")
    // The programs count pids as the host does, so they are of no use here.
    let frames = try await Program.run(inside + ["run", "--stdout", "--for", "100ms"])
    let hello = try #require(try FrameCheck(frames.output).hello)
    #expect(hello.engine == .proc)
    #expect(hello.engineReason.contains("namespace"), "\(hello.engineReason)")
    let doctor = try await Program.run(inside + ["doctor", "--json"])
    let iterator = try #require(doctor.lines.first { $0.contains("\"BPF task iterator\"") })
    #expect(iterator.contains("\"denied\"") && iterator.contains("--pid=host"), "\(iterator)")
  }
}

/// A stream of frames, taken apart.
struct FrameCheck {
  private(set) var hello: Hello?
  private(set) var ticks: [HostTick] = []
  private(set) var bursts: [Burst] = []
  private(set) var past: [HostTick] = []

  /// Expects the stream to be whole and in order: the hello first, each process introduced no later
  /// than it is named.
  init(_ bytes: [UInt8], isWhole: Bool = true) throws {
    var events: [FrameDecoder.Event] = []
    var decoder = FrameDecoder()
    decoder.feed(bytes.span) { events.append($0) }
    if isWhole { decoder.finish { events.append($0) } }
    var introduced: Set<ProcessID> = []
    // One that runs another program is introduced again.
    var names: [ProcessID: TaskName] = [:]
    var number: UInt64 = 0
    for event in events {
      guard case .frame(let decoded) = event else {
        throw TestTrouble("a fault in the stream: \(event)")
      }
      number += 1
      #expect(decoded.sequence == number)
      #expect(decoded.stream != nil)
      #expect((number == 1) == decoded.frame.isHello)
      switch decoded.frame {
      case .hello(let found): hello = found
      case .identity(let identity):
        let isNew = names.updateValue(identity.name, forKey: identity.id) != identity.name
        #expect(isNew, "introduced twice: \(identity)")
        introduced.insert(identity.id)
      case .tick(let tick):
        ticks.append(tick)
        // Introductions are bounded for each tick; the rest follows.
        guard tick.processes.count + tick.waiting.count < 90 else { continue }
        // Who only woke for a moment isn't introduced.
        for process in tick.processes where (process.io.value?.deviceBytes ?? 0) > 0 {
          #expect(introduced.contains(process.id))
        }
        for task in tick.waiting { #expect(introduced.contains(task.process)) }
      case .before(let tick): past.append(tick)
      case .burst(let burst): bursts.append(burst)
      default: break
      }
    }
  }
}

extension Frame {
  fileprivate var isHello: Bool { if case .hello = self { true } else { false } }
}
