import ArgumentParser
import Bytes
import Collector
import Deploy
import Foundation
import Logging
import SSHFleet

/// What all of `deploy` has in common: hosts, the operator's login, the collector's key, output.
struct DeployOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Hosts, ranges or @tags; all of the fleet file by default."))
  var hosts: [String] = []

  @OptionGroup var fleet: FleetOptionsGroup
  @OptionGroup var connection: ConnectionOptions

  @Option(
    help: ArgumentHelp(
      "Log in as this user, whatever the fleet file says; root, or one with sudo.",
      valueName: "name"))
  var user: String?

  @Option(
    help: ArgumentHelp(
      "The collector's own key pair; made by the first install.",
      discussion: "Default: collector_ed25519 in the state folder.", valueName: "file"),
    completion: .file())
  var key: String?

  @OptionGroup var logging: LogOptions

  @Flag(help: "JSON Lines: a step, and in the end a host, per line.")
  var json = false

  @Flag(help: "No colours and no progress bar, also on a terminal.")
  var plain = false

  func validate() throws {
    if user?.isEmpty ?? false { throw ValidationError("--user needs a name.") }
    if key?.isEmpty ?? false { throw ValidationError("--key needs the name of a file.") }
  }

  var keyPath: String { key ?? CollectorKey.usualPath }

  /// The key, where there is one already.
  var knownKey: CollectorKey? { try? CollectorKey(keyPath) }

  func plan() throws -> FleetPlan {
    var plan = try FleetPlan(
      arguments: hosts, file: fleet.file(), connection: connection, local: nil,
      acceptsNewKeys: false)
    for index in plan.targets.indices {
      guard plan.targets[index].transport != .local else {
        throw CommandFailure.usage(
          "deploy works over SSH: name hosts; on this machine itself, culprit-agent encap does it")
      }
      if let user { plan.targets[index].explicit.user = user }
    }
    return plan
  }

  /// Does it, and says what came of it.
  func run(
    _ rollout: Rollout, of plan: FleetPlan, verb: String
  ) throws -> [HostOutcome] {
    let output = RolloutOutput(
      verb, hosts: rollout.targets.count, json: json, colours: OutputColours(isPlain: plain),
      showsProgress: !plain && !json && isatty(STDERR_FILENO) == 1)
    defer { output.end() }
    let signals = DeployOptions.endingEarly(output)
    defer { for source in signals { source.cancel() } }
    do throws(DeployError) {
      return try rollout.run(options: plan.options, log: try logger()) { output.take($0) }
    } catch {
      throw CommandFailure.failed(error.description)
    }
  }

  /// Ctrl-C and SIGTERM, on a queue of their own: the pool's threads may all be at work.
  private static func endingEarly(_ output: RolloutOutput) -> [any DispatchSourceSignal] {
    let queue = DispatchQueue(label: "culprit.signals")
    return [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { output.endEarly() }
      source.resume()
      return source
    }
  }

  private func logger() throws(DeployError) -> Logger {
    do {
      return try logging.logger()
    } catch {
      throw .connections("\(error)")
    }
  }

  /// Fails where a host wasn't done; what kept it from that has been said.
  static func require(_ outcomes: [HostOutcome], _ what: String) throws {
    let failed = outcomes.filter { $0.failure != nil }.map(\.host)
    let waiting = outcomes.filter { $0.result == .notTried }.map(\.host)
    guard !failed.isEmpty else { return }
    let rest =
      waiting.isEmpty
      ? "" : "; not tried after that: \(HostNames.fold(waiting))"
    throw CommandFailure.failed(
      "\(failed.count) of \(outcomes.count) hosts \(what): \(HostNames.fold(failed))\(rest)")
  }
}

/// How a roll-out goes over the hosts.
struct WaveOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Hosts that go first, each alone.", valueName: "count"))
  var canary = 1

  @Option(
    help: ArgumentHelp(
      "Hosts of each wave after them, up to \(Rollout.waveLimit).", valueName: "count"))
  var wave = 20

  @Flag(help: "Pass over hosts that can't be reached, instead of stopping there.")
  var skipUnreachable = false

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  func validate() throws {
    if canary < 0 { throw ValidationError("--canary is 0 or more.") }
    if !(1...Rollout.waveLimit).contains(wave) {
      throw ValidationError("--wave is from 1 to \(Rollout.waveLimit).")
    }
  }

  func apply(to rollout: inout Rollout) {
    rollout.canaries = canary
    rollout.waveSize = wave
    rollout.skipsUnreachable = skipUnreachable
  }
}
