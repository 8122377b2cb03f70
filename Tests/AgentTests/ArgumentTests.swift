import Foundation
import Testing
import TestSupport

@testable import Agent
@testable import enum Agent.Duration
@testable import Sampling

/// The agent's command line and configuration file: wrong use is told, with what would be right.
@Suite struct ArgumentTests {
  private func options(_ words: [String]) throws -> SamplerOptions {
    try SamplerOptions(words[...], of: "run")
  }

  private func trouble(_ words: [String]) -> String {
    do {
      _ = try options(words)
      return ""
    } catch {
      return (error as? UsageError)?.message ?? "\(error)"
    }
  }

  @Test func optionsAreTaken() throws {
    let options = try options([
      "--engine", "proc", "--interval=250ms", "--for", "2m", "--rows", "7", "--cmdline", "name",
    ])
    #expect(options.settings.engine == .proc)
    #expect(options.settings.intervalNanoseconds == 250_000_000)
    #expect(options.limitNanoseconds == 120_000_000_000)
    #expect(options.settings.rows == 7)
    #expect(options.settings.commandLine == .name)
  }

  @Test(arguments: [
    (["--engine", "ebpf"], "auto, bpf, proc"), (["--interval", "1"], ""),
    (["--interval", "fast"], "500ms"), (["--interval", "1ms"], "100ms to 60s"),
    (["--interval", "-1s"], "500ms"), (["--for"], "wants a value"), (["--rows", "0"], "1 to"),
    (["--rows", "99999999999999999999"], "1 to"), (["--nope"], "--help"), (["word"], "--help"),
    (["--cmdline", "all"], "masked, name, full"), (["--config", "/no/such"], "/no/such"),
  ])
  func wrongUseIsTold(words: [String], part: String) {
    let message = trouble(words)
    #expect(part.isEmpty ? message.isEmpty : message.contains(part), "\(message)")
  }

  @Test(
    arguments: [
      ("500ms", 500_000_000), ("1s", 1_000_000_000), ("2", 2_000_000_000),
      ("1.5s", 1_500_000_000), ("2m", 120_000_000_000), ("1h", 3_600_000_000_000), ("0s", 0),
    ] as [(String, UInt64)])
  func durationsAreRead(text: String, nanoseconds: UInt64) {
    #expect(Duration.nanoseconds(text) == nanoseconds)
  }

  @Test(arguments: ["", "s", "1x", "1 s", "1e3s", "nan", "inf", "٣s", "1d1h", "99999999d", "-1"])
  func whatIsNoDurationIsRefused(text: String) {
    #expect(Duration.nanoseconds(text) == nil)
  }

  @Test func theFileIsReadAndOptionsWin() throws {
    let folder = try TestFolder()
    let file = try folder.write(
      """
      # a comment
      engine = "proc"
      interval = "2s"   # and another
      rows = 9
      own_cpu_percent = 2.5
      looks_per_second = 20
      burst_io_pressure = "30/10"
      burst_run_queue = '3/1.5'
      """, to: "agent.toml")
    let options = try options(["--rows", "11", "--config", file])
    #expect(options.settings.engine == .proc)
    #expect(options.settings.intervalNanoseconds == 2_000_000_000)
    #expect(options.settings.rows == 11)
    #expect(options.settings.ownShare == 0.025)
    #expect(options.settings.looksPerSecond == 20)
    #expect(options.settings.triggers.ioPressure == .init(begin: 0.3, end: 0.1))
    #expect(options.settings.triggers.runQueue == .init(begin: 3, end: 1.5))
  }

  @Test(arguments: [
    ("engine", "no `name = value`"), ("color = 1", "no setting"), ("rows = many", "rows"),
    ("interval = \"2s", "a quote isn't closed"), ("rows = 5\nengine = \"x\"", ":2:"),
    ("burst_io_pressure = 5", "40/20"), ("burst_io_pressure = \"1/2\"", "above"),
    ("interval = \"1s\" x", "after the value"),
  ])
  func aWrongFileIsRefusedWithItsLine(text: String, part: String) throws {
    let folder = try TestFolder()
    let file = try folder.write(text, to: "agent.toml")
    let message = trouble(["--config", file])
    #expect(message.hasPrefix(file + ":"))
    #expect(message.contains(part), "\(message)")
  }
}
