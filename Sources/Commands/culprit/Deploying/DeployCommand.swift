import ArgumentParser

struct DeployCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "Bring the agent to many hosts, prove it good, go back, take it away.",
    discussion: """
      Over your own SSH login, as root or by sudo, each host gets the agent as an Encap package: \
      a folder of its own for each version, with links into /usr/local. A host is done when a \
      collector's login of its own, which opens nothing but culprit-agent attach, gets good ticks \
      from the new version; where it doesn't, all is taken back there, and no other wave begins. \
      A connection that is cut leaves a host as it was. Run the same command again to go on.

      EXAMPLES
        culprit deploy install web1 --dry-run         what would be done there
        culprit deploy install @web --canary 1 --wave 20
        culprit deploy status @web --check || page-somebody
        culprit deploy rollback web3                  to the version before
        culprit deploy remove web3                    nothing is left there

      EXIT CODES
        0 all hosts done   1 some weren't   2 wrong use   3 trouble, with status --check
      """,
    subcommands: [
      DeployInstallCommand.self, DeployStatusCommand.self, DeployRollbackCommand.self,
      DeployRemoveCommand.self, DeployPackageCommand.self,
    ])
}
