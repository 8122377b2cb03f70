import ArgumentParser

/// Measures culprit from outside, beside what it is compared with: figures, no tests.
@main
struct CulpritBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "culprit-bench",
    abstract: "Measures culprit beside what it is compared with.",
    discussion: """
      Everything runs on loopback addresses of this machine, with throw-away keys in a folder \
      under TMPDIR that is removed at the end. Figures are CPU time (user and system), not wall \
      time, and medians over rounds in which the clients take turns, so that what else the \
      machine does weighs on all of them alike. What the servers use is not counted.
      """,
    subcommands: [
      FaninCommand.self, SoakCommand.self, ParseCommand.self, SSHConfigCommand.self,
      PeerLoopCommand.self, ViewCommand.self, AgentCommand.self, AgentsCommand.self,
      BackFillCommand.self, SpoolCommand.self, TraceCommand.self, DeployCommand.self,
    ])
}
