import ArgumentParser
import Deploy

struct DeployRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Go back to the version before, and prove it good.",
    discussion: """
      To the version that was linked before the last install, or else to the newest older one that \
      is there; nothing is sent. A second rollback goes forth again.

      EXAMPLES
        culprit deploy rollback web3
        culprit deploy rollback @web --dry-run

      EXIT CODES
        0 all hosts went back   1 some didn't   2 wrong use
      """)

  @OptionGroup var options: DeployOptions
  @OptionGroup var waves: WaveOptions

  func run() async throws {
    let plan = try options.plan()
    let key: CollectorKey
    do throws(DeployError) {
      key = try CollectorKey(options.keyPath)
    } catch {
      throw CommandFailure.failed(error.description)
    }
    var rollout = Rollout(.rollBack(isDryRun: waves.dryRun), plan.targets, key: key)
    waves.apply(to: &rollout)
    let outcomes = try RolloutLock.held { try options.run(rollout, of: plan, verb: "rollback") }
    try DeployOptions.require(outcomes, "didn't go back")
  }
}

struct DeployRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Take the agent away, and all that deploy made for it.",
    discussion: """
      Service, links, all versions, the collector's key, the spool, and the account, its group and \
      the settings where deploy made them. Settings that were changed since stay, and it says so.

      EXAMPLES
        culprit deploy remove web3
        culprit deploy remove @old --keep-spool --dry-run

      EXIT CODES
        0 nothing is left   1 something is, on some hosts   2 wrong use
      """)

  @OptionGroup var options: DeployOptions
  @OptionGroup var waves: WaveOptions

  @Flag(help: "Leave /var/spool/culprit where it is.")
  var keepSpool = false

  func run() async throws {
    let plan = try options.plan()
    var rollout = Rollout(
      .remove(keepsSpool: keepSpool, isDryRun: waves.dryRun), plan.targets, key: options.knownKey)
    waves.apply(to: &rollout)
    let outcomes = try RolloutLock.held { try options.run(rollout, of: plan, verb: "remove") }
    try DeployOptions.require(outcomes, "still have something of it")
  }
}
