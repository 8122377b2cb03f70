import ArgumentParser
import Foundation

/// The command line's root.
struct Culprit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "culprit",
    abstract: "Load went up: which host, when, how high, and was it CPU, disk or swap?",
    discussion: """
      Watches vmstat of many servers over SSH in one terminal, keeps a history in SQLite, and \
      finds the load spikes in it. Nothing needs to be installed on the hosts; with culprit-agent \
      there (culprit deploy) it also names who waits, for what, and who moves the bytes.

      EXAMPLES
        culprit watch                         this machine, or the fleet file's hosts
        culprit watch web1 web2 db1           three servers, merged
        culprit watch @web -web3              a tag, but for one host
        culprit check @web                    try them: what fails, and the fix
        culprit suspects @db                  who waits there, for what, who moves the bytes
        culprit process db1 4711              all about one process
        culprit trace db1 --suspects          their system calls: files, bytes, time
        culprit deploy install @web           bring the agent to them
        culprit collect --fleet fleet.toml    record a fleet, as a daemon
        culprit spikes --since 24h            last night's load spikes
        culprit show db1 --at 03:12           the rows around a moment

      EXIT CODES
        0 fine   1 failed, or failed in part   2 wrong use   3 trouble found, with --check
      """,
    version: ProductVersion.text,
    subcommands: [
      WatchCommand.self, CollectCommand.self, HostsCommand.self, SpikesCommand.self,
      ShowCommand.self, ImportCommand.self, ExportCommand.self, CheckCommand.self,
      EnrolCommand.self, ExplainCommand.self, SuspectsCommand.self, ProcessCommand.self,
      TraceCommand.self, TracesCommand.self, DeployCommand.self,
    ])
}

@main
enum Main {
  static func main() async {
    // A closed pipe shows as an error of write(2), which output treats as a good end.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try Culprit.parseAsRoot(HostExclusion.marked(CommandLine.arguments))
      if var command = command as? AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      exit(report(error))
    }
  }

  /// Prints what `error` has to say, and returns the exit code that goes with it.
  private static func report(_ error: any Error) -> Int32 {
    if let failure = error as? CommandFailure {
      if !failure.description.isEmpty { printError("culprit: \(failure.description)") }
      return failure.code
    }
    let code = Culprit.exitCode(for: error)
    let message = Culprit.fullMessage(for: error)
    if code == .success {
      StandardOutput.write(message.isEmpty ? "" : message + "\n")
      return 0
    }
    if !message.isEmpty { printError(message) }
    // ArgumentParser has sysexits' 64 for wrong use; ours is 2, as grep's and diff's.
    return code == .validationFailure ? 2 : 1
  }
}

/// Why a command ends without success, and with which exit code.
struct CommandFailure: Error, CustomStringConvertible {
  var description: String
  var code: Int32

  /// Something failed, or failed in part.
  static func failed(_ description: String) -> CommandFailure {
    CommandFailure(description: description, code: 1)
  }

  /// The command was used wrongly.
  static func usage(_ description: String) -> CommandFailure {
    CommandFailure(description: description, code: 2)
  }

  /// Nobody reads the output any more: a good end.
  static let readerGone = CommandFailure(description: "", code: 0)

  /// `--check` found trouble, which was printed already.
  static let trouble = CommandFailure(description: "", code: 3)
}
