import ArgumentParser
import Deploy

struct DeployInstallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Install or upgrade the agent, and prove it good.",
    discussion: """
      What a host has already is left alone: running it again sends nothing, and proves it once \
      more. The agent is the one beside culprit; --version names the package where it isn't simply \
      the agent's own version (0.3.0+2 is the second package of 0.3.0).

      EXAMPLES
        culprit deploy install @web --canary 1 --wave 20
        culprit deploy install web1 --user admin --json
        culprit deploy install arm1 --agent-file culprit-agent.arm64 --version 0.3.0

      EXIT CODES
        0 all hosts have it and it is good   1 some don't   2 wrong use
      """)

  @OptionGroup var options: DeployOptions
  @OptionGroup var waves: WaveOptions

  @Option(help: ArgumentHelp("The version to install.", valueName: "version"))
  var version: String?

  @Option(
    help: ArgumentHelp(
      "The agent's executable, instead of the one beside culprit.", valueName: "file"),
    completion: .file())
  var agentFile: String?

  func run() async throws {
    let package = try DeployPackageCommand.package(agentFile, version)
    let plan = try options.plan()
    var rollout: Rollout
    do throws(DeployError) {
      rollout = Rollout(
        .install(package, isDryRun: waves.dryRun), plan.targets,
        key: waves.dryRun ? options.knownKey : try CollectorKey.made(at: options.keyPath))
      waves.apply(to: &rollout)
      if !waves.dryRun { try rollout.record.keep(package) }
    } catch {
      throw CommandFailure.failed(error.description)
    }
    let outcomes = try locked { try options.run(rollout, of: plan, verb: "install") }
    tellKey(outcomes)
    try DeployOptions.require(outcomes, "don't have \(package.version)")
  }

  /// How a collector makes use of what was installed.
  private func tellKey(_ outcomes: [HostOutcome]) {
    guard !options.json, outcomes.contains(where: { $0.result == .installed }) else { return }
    printError(
      "culprit: a collector reads these hosts with user = \"culprit\" and identity = "
        + "\"\(options.keyPath)\" in its fleet file")
  }

  private func locked<Value>(_ body: () throws -> Value) throws -> Value {
    try RolloutLock.held(body)
  }
}

extension RolloutLock {
  /// Runs `body` while no other roll-out of this user's can.
  static func held<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      let lock = try RolloutLock()
      defer { withExtendedLifetime(lock) {} }
      return try body()
    } catch let error as DeployError {
      throw CommandFailure.failed(error.description)
    }
  }
}
