import ArgumentParser
import Bytes
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
    try DeployPackageCommand.write(package.tar, to: output)
  }

  /// As a whole, or not at all; into a device or a pipe as it comes.
  private static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    func failure(_ code: Int32) -> CommandFailure {
      .failed("can't write \(path): \(String(cString: strerror(code))); name another --output")
    }
    // What a link leads to is meant, also where nothing is there yet.
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    var status = stat()
    let isFile = lstat(place, &status) == 0 ? status.st_mode & S_IFMT == S_IFREG : true
    let new = isFile ? "\(place).new-\(getpid())" : place
    let flags = isFile ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY | O_CREAT | O_TRUNC
    let file = open(new, flags | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(errno) }
    do {
      try StandardOutput.write(bytes, to: file)
    } catch {
      let code = errno
      close(file)
      if isFile { unlink(new) }
      throw failure(code)
    }
    guard close(file) == 0, !isFile || rename(new, place) == 0 else {
      let code = errno
      if isFile { unlink(new) }
      throw failure(code)
    }
  }

  /// The package of the agent that the options name.
  static func package(_ file: String?, _ version: String?) throws(CommandFailure) -> AgentPackage {
    let text = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"]
    let epoch = text.flatMap { UInt64($0) }
    if let text, epoch == nil {
      throw .failed(
        "SOURCE_DATE_EPOCH is no number of seconds: “\(Printable.text(text, limit: 40))”")
    }
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
