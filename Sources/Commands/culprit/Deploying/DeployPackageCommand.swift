import ArgumentParser
import Deploy
import Foundation

struct DeployPackageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "package",
    abstract: "Write the agent's Encap package as a tar file, for other ways of rolling out.",
    discussion: """
      The same bytes each time, from the same agent: its files are as old as SOURCE_DATE_EPOCH \
      says, or as 1970. Unpack it with culprit-agent encap unpack.

      EXAMPLES
        culprit deploy package --output culprit-agent-0.3.0-encap-linux-x86_64.tar

      EXIT CODES
        0 written   1 failed   2 wrong use
      """)

  @Option(help: ArgumentHelp("The version of the package.", valueName: "version"))
  var version: String?

  @Option(
    help: ArgumentHelp(
      "The agent's executable, instead of the one beside culprit.", valueName: "file"),
    completion: .file())
  var agentFile: String?

  @Option(
    help: ArgumentHelp("Where to write it; “-” is standard output.", valueName: "file"),
    completion: .file())
  var output: String

  func run() async throws {
    let package = try DeployPackageCommand.package(agentFile, version)
    guard output != "-" else { return StandardOutput.write(package.tar) }
    do {
      try Data(package.tar).write(to: URL(fileURLWithPath: output), options: .atomic)
    } catch {
      throw CommandFailure.failed(
        "can't write \(output): \(error.localizedDescription); name another --output")
    }
  }

  /// The package of the agent that the options name.
  static func package(_ file: String?, _ version: String?) throws(CommandFailure) -> AgentPackage {
    let epoch = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { UInt64($0) }
    do throws(DeployError) {
      // Before the agent is read, which takes its time.
      if let version { _ = try PackageVersion(version) }
      return try AgentPackage(
        try AgentProgram(path: file), version: version, modified: epoch ?? 0)
    } catch {
      if case .version = error { throw .usage(error.description) }
      throw .failed(error.description)
    }
  }
}
