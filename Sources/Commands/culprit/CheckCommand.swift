import ArgumentParser
import Bytes
import Collector
import Foundation
import SSHFleet

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Try hosts step by step, and say the fix for what fails.",
    discussion: """
      Name, bastion, port, host key, login, vmstat, agent, clock: each host is tried once, over \
      the same way that watch would take, and nothing is changed on it or here.

      EXAMPLES
        culprit check web1
        culprit check @db --json
        culprit check                       all hosts of the fleet file

      EXIT CODES
        0 all can be watched   1 some can't   2 wrong use
      """)

  @Argument(help: ArgumentHelp("Hosts, ranges or @tags; all of the fleet file by default."))
  var hosts: [String] = []

  @OptionGroup var fleet: FleetOptionsGroup
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var local: LocalOptions
  @OptionGroup var logging: LogOptions

  @Flag(help: "JSON Lines: a step of a host per line.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func run() async throws {
    let plan = try FleetPlan(
      arguments: hosts, file: fleet.file(), connection: connection, local: local,
      acceptsNewKeys: false)
    let log = try logging.logger()
    var failed: [String] = []
    do throws(LinkFailure) {
      try HostChecks.run(plan.targets, options: plan.options, log: log) { host, results in
        if json { writeJSON(host, results) } else { writeText(host, results) }
        if results.contains(where: { $0.outcome == .failed }) { failed.append(host) }
      }
    } catch {
      throw CommandFailure.failed(error.description)
    }
    guard failed.isEmpty else {
      throw CommandFailure.failed(
        "\(failed.count) of \(plan.targets.count) hosts can't be watched: \(HostNames.fold(failed))"
      )
    }
  }

  private func writeText(_ host: String, _ results: [CheckResult]) {
    let colours = OutputColours(isPlain: plain)
    var text = colours.bold(Printable.text(host)) + "\n"
    for result in results {
      let name = result.step.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
      let outcome = result.outcome.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
      let shown =
        switch result.outcome {
        case .ok: colours.green(outcome)
        case .warning: colours.yellow(outcome)
        case .failed: colours.red(outcome)
        case .skipped: colours.faint(outcome)
        }
      text += "  \(name) \(shown) \(Printable.text(result.detail))\n"
    }
    StandardOutput.write(text)
  }

  private func writeJSON(_ host: String, _ results: [CheckResult]) {
    var writer = JSONWriter()
    for result in results {
      writer.object { json in
        json.field("host", host)
        json.field("step", result.step.rawValue)
        json.field("outcome", result.outcome.rawValue)
        json.field("detail", Printable.text(result.detail))
      }
      StandardOutput.write(writer.takeLine())
    }
  }
}
