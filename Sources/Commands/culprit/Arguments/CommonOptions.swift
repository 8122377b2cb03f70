import ArgumentParser
import Collector
import Foundation
import History
import Logging
import Records
import Watch

/// Which hosts there are; the same in every command.
struct FleetOptionsGroup: ParsableArguments {
  @Option(help: ArgumentHelp("The fleet file.", valueName: "file"), completion: .file())
  var fleet: String?

  @Option(
    help: ArgumentHelp(
      "Hosts of an Ansible inventory (INI), or a list with a host per line; its groups are tags. "
        + "May be given more than once.", valueName: "file"), completion: .file())
  var hostsFile: [String] = []

  /// The fleet file that `--fleet` names, or the first that stands in a usual place, with the
  /// hosts of `--hosts-file` in place of its own.
  func file() throws -> FleetFile? {
    let usual = StandardPlaces.fleetFiles.first { FileManager.default.fileExists(atPath: $0) }
    do throws(FleetFileError) {
      var file: FleetFile?
      if let path = fleet ?? usual { file = try FleetFile.read(path: path) }
      guard !hostsFile.isEmpty else { return file }
      file = file ?? FleetFile()
      file?.hosts = []
      for path in hostsFile { file?.add(try HostsFile.read(path: path)) }
      return file
    } catch {
      throw CommandFailure.usage(error.description)
    }
  }
}

/// Where the history is; the same in every command.
struct HistoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The history database.",
      discussion:
        "Default: [history] path of the fleet file, or else history.db in the state folder.",
      valueName: "file"), completion: .file())
  var db: String?

  @OptionGroup var fleetOptions: FleetOptionsGroup

  func validate() throws {
    if db?.isEmpty ?? false { throw ValidationError("--db needs the name of a file.") }
  }

  func fleetFile() throws -> FleetFile? { try fleetOptions.file() }

  func path(_ file: FleetFile?) -> String {
    db ?? StandardPlaces.history(of: file)
  }

  /// Where a collector of the fleet's hosts may be: the history named, or else one's own and the
  /// service's.
  func candidates(_ file: FleetFile?) -> [String] {
    let path = path(file)
    return db != nil || path == StandardPlaces.serviceHistory
      ? [path] : [path, StandardPlaces.serviceHistory]
  }

  /// Opens the history for a question.
  func openForReading() throws -> HistoryStore {
    try open(path(db == nil ? try fleetFile() : nil))
  }

  /// Opens the history at `path` for a question.
  func open(_ path: String) throws(CommandFailure) -> HistoryStore {
    do throws(HistoryError) {
      return try HistoryStore.openReadOnly(path: path)
    } catch {
      throw CommandFailure.failed(error.description)
    }
  }
}

/// How hosts are reached; the same in every command that connects.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A private key to log in with, instead of the usual ones. May be given more than once.",
      valueName: "file"), completion: .file())
  var identity: [String] = []

  @Option(
    help: ArgumentHelp(
      "known_hosts file, instead of the usual ones. May be given more than once.",
      valueName: "file"), completion: .file())
  var knownHosts: [String] = []

  @Option(
    help: ArgumentHelp(
      "OpenSSH configuration file, instead of ~/.ssh/config; “none” for no file.",
      valueName: "file"), completion: .file())
  var sshConfig: String?
}

/// How rows are read; the same in every command that reads them.
struct LocalOptions: ParsableArguments {
  enum AgentUse: String, ExpressibleByArgument, CaseIterable {
    case auto, temporary, none
  }

  @Option(
    help: ArgumentHelp(
      "Whose rows are read: of the host's own culprit-agent where it has one (auto), of one that "
        + "is copied there for the session where it has none (temporary), or vmstat's (none).",
      valueName: "auto|temporary|none"))
  var agent = AgentUse.auto

  @Flag(help: "The same as --agent none.")
  var noAgent = false

  func validate() throws {
    if noAgent, agent == .temporary {
      throw ValidationError("--no-agent and --agent temporary can't both be given.")
    }
  }

  var usesAgents: Bool { !noAgent && agent != .none }

  var localAgent: @Sendable () -> LocalAgent {
    guard usesAgents else {
      let option = noAgent ? "--no-agent" : "--agent none"
      return { .missing("\(option) was given") }
    }
    return { LocalAgent.find() }
  }

  /// What is copied to hosts that have no agent, where that is wanted.
  func temporaryAgent() throws(CommandFailure) -> TemporaryAgent? {
    guard agent == .temporary else { return nil }
    do throws(TemporaryAgent.Problem) {
      return try TemporaryAgent(LocalAgent.find())
    } catch {
      throw .failed(error.description)
    }
  }
}

/// Who is told of bursts; the same in every command that follows agents.
struct NotifyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run a shell command when a burst of a host begins and ends, with JSON on its standard input.",
      discussion:
        "One object: event (burst-opened, burst-closed), host, time, trigger, looks, and counts of "
        + "who waited for what. At most 60 s, one at a time and one each 10 s per host.",
      valueName: "command"))
  var notify: String?

  func validate() throws {
    if notify?.isEmpty ?? false { throw ValidationError("--notify needs a command.") }
  }

  func notifier(_ log: Logger) -> Notifier? { notify.map { Notifier(command: $0, log: log) } }
}

/// How times are shown.
struct ZoneOptions: ParsableArguments {
  @Flag(help: "Show times in UTC instead of the local time zone.")
  var utc = false

  var timeZone: TimeZone { utc ? .gmt : .current }

  var viewerZone: ViewerZone { utc ? .utc : .local }

  /// The moment that `expression` means.
  func moment(_ expression: TimeExpression) -> Timestamp {
    expression.moment(now: .now, zone: timeZone)
  }

  /// - Throws: where `--until` means an earlier moment than `--since`.
  static func requireOrder(since from: Timestamp, until to: Timestamp?) throws(CommandFailure) {
    guard let to, to < from else { return }
    throw .usage("--until lies before --since; give the later time to --until")
  }
}

/// What is logged.
struct LogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much is logged: trace, debug, info, notice, warning, error.", valueName: "level"))
  var logLevel: LogLevel = .notice

  @Option(
    help: ArgumentHelp(
      "Log into this file instead of standard error.", valueName: "file"), completion: .file())
  var logFile: String?
}

/// swift-log's levels, by the names it gives them.
struct LogLevel: ExpressibleByArgument {
  var level: Logger.Level

  static let notice = LogLevel(level: .notice)

  init(level: Logger.Level) {
    self.level = level
  }

  init?(argument: String) {
    guard let level = Logger.Level(rawValue: argument) else { return nil }
    self.level = level
  }

  static let allValueStrings = Logger.Level.allCases.map(\.rawValue)

  var defaultValueDescription: String { level.rawValue }
}
