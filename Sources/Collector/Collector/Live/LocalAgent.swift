import Bytes
import Foundation
import SSHFleet

/// The agent for this machine: the one beside the running `culprit`, or else the one in PATH.
public enum LocalAgent: Equatable, Sendable {
  case found(path: String)
  /// Why there is none, in words.
  case missing(String)

  static let name = "culprit-agent"
  /// The longest interval it samples at, seconds.
  static let longestIntervalSeconds = 60
  /// How long it may take to say its version.
  private static let versionSeconds = 5.0

  /// Looks for it, and tries whether it runs here.
  public static func find() -> LocalAgent {
    find(beside: ownFolder, path: ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  /// `path`: folders as in PATH; those that aren't absolute are passed over, for they are
  /// whatever stands in the folder somebody is in.
  static func find(beside folder: String?, path: String) -> LocalAgent {
    let folders = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    // Where our .deb has it (deploy/package): no agent of this machine's, but one for others.
    let own = folder.map { [$0, "\($0)/../lib/culprit"] } ?? []
    let places = (own + folders).map { "\($0)/\(name)" }
    guard let found = places.first(where: isProgram) else {
      return .missing("no \(name) beside culprit or in PATH")
    }
    if let why = failure(of: found) {
      return .missing("\(found) doesn't run here: \(Printable.text(why, limit: 200))")
    }
    return .found(path: found)
  }

  /// Why the program at `path` is no agent that runs here; `nil` where it is one.
  private static func failure(of path: String) -> String? {
    do throws(LinkFailure) {
      let answer = try runProgram([path, "version"], seconds: versionSeconds)
      guard answer.output?.hasPrefix(name) != true else { return nil }
      let said = answer.error.split(separator: "\n").first.map { String($0) }
      return said ?? "it tells no version"
    } catch {
      return error.description
    }
  }

  /// The shell command for this machine's rows, and what to say where they come from vmstat.
  ///
  /// An agent that is gone by the time the shell looks is no reason to see nothing.
  public func command(intervalSeconds: Int) -> (text: String, vmstatReason: String?) {
    let vmstat = RemoteCommand.text(intervalSeconds: intervalSeconds)
    switch self {
    case .missing(let why): return (vmstat, why)
    case .found where intervalSeconds > LocalAgent.longestIntervalSeconds:
      return (
        vmstat, "\(LocalAgent.name) samples each \(LocalAgent.longestIntervalSeconds) s at least"
      )
    case .found(let path):
      let program = LocalAgent.quoted(path)
      let run = RemoteCommand.agent(
        program, where: "[ -x \(program) ]", intervalSeconds: intervalSeconds)
      return ("\(run); \(vmstat)", "\(path) is gone")
    }
  }

  /// As one word of a POSIX shell, whatever it holds.
  static func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  /// Where this very executable is, links followed (proc_pid_exe(5)).
  private static var ownFolder: String? {
    guard
      let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    else { return nil }
    return URL(fileURLWithPath: own).deletingLastPathComponent().path
  }

  private static func isProgram(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
  }
}
