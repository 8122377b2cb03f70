import ArgumentParser
import Deploy

struct DeployStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Version, health, and what differs from what was rolled out.",
    discussion: """
      Nothing is changed. Health is a tick that the collector gets with its own key; drift is told \
      by checksums: of each file, against the list that was rolled out from here.

      EXAMPLES
        culprit deploy status @web
        culprit deploy status --check --json

      EXIT CODES
        0 told   1 some hosts couldn't be asked   2 wrong use   3 trouble, with --check
      """)

  @OptionGroup var options: DeployOptions

  @Flag(
    help: "Exit with code 3 where a host has no agent, one that isn't healthy, or drift.")
  var check = false

  func run() async throws {
    let plan = try options.plan()
    var rollout = Rollout(.status, plan.targets, key: options.knownKey)
    rollout.waveSize = 50
    // One that fails keeps none of the others from being asked.
    rollout.goesOn = true
    let outcomes = try options.run(rollout, of: plan, verb: "status")
    let hasTrouble = outcomes.contains { outcome in
      switch outcome.result {
      case .looked(let status): !status.isGood
      case .absent: true
      default: false
      }
    }
    if check, hasTrouble { throw CommandFailure.trouble }
    try DeployOptions.require(outcomes, "couldn't be asked")
  }
}
