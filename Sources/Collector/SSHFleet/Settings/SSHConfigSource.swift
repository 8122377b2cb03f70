import CSystem
import Foundation
import Synchronization

/// Asks `ssh -G`, and remembers the answers.
final class SSHConfigSource: Sendable {
  private struct Memory {
    var stamps: [FileStamp?] = []
    var answers: [[String]: SSHConfig] = [:]
    var asking: Asking?
  }

  /// What is needed to ask, made at the first question.
  private struct Asking: Sendable {
    var unsaid: UnsaidSettings
    /// The path of the configuration that is handed to `ssh -F`; `nil` without ssh program.
    var path: String?
  }

  /// As `ssh -F`: `nil` for the usual files, `none` for no file.
  private let file: String?
  private let memory = Mutex(Memory())
  /// Holds the configuration that `ssh -F` reads: nothing is left behind, whatever ends us.
  private let configuration = Mutex<Int32>(-1)

  init(file: String?) {
    self.file = file.map(expandHome)
  }

  deinit {
    configuration.withLock { if $0 >= 0 { close($0) } }
  }

  /// The configuration for `host`, asked with the user and port that are already settled (so
  /// that `Match user` holds), and OpenSSH's own defaults beside it.
  func config(
    host: String, explicit: LinkSettings
  ) throws(LinkFailure) -> (answer: SSHConfig, defaults: SSHDefaults) {
    let asking = try asking()
    let defaults = asking.unsaid.defaults
    guard file != "none", let path = asking.path else {
      return (SSHConfig(hostName: host), defaults)
    }
    var arguments = ["ssh", "-G", "-F", path]
    if let user = explicit.user { arguments += ["-l", user] }
    if let port = explicit.port { arguments += ["-p", String(port)] }
    arguments += ["--", host]
    let stamps = currentStamps()
    let hit = memory.withLock { memory in
      if memory.stamps != stamps {
        memory.stamps = stamps
        memory.answers = [:]
      }
      return memory.answers[arguments]
    }
    if let hit { return (hit, defaults) }
    if let file, access(file, R_OK) != 0 {
      throw LinkFailure(
        .unreachable, "the ssh configuration \(file) can't be read: \(errorText(errno))")
    }
    let (output, error) = try runProgram(arguments)
    guard let answer = SSHConfig(output: output ?? "", unsaid: asking.unsaid) else {
      // ssh ends the lines of its complaints with CR LF.
      let reason = error.split(whereSeparator: isLineEnd).first.map(String.init) ?? "no answer"
      throw LinkFailure(
        .unreachable,
        "ssh -G \(host) says: \(reason); mend \(file ?? "~/.ssh/config"), "
          + "or pass it over with --ssh-config none")
    }
    memory.withLock { $0.answers[arguments] = answer }
    return (answer, defaults)
  }

  private func asking() throws(LinkFailure) -> Asking {
    if let known = memory.withLock({ $0.asking }) { return known }
    let (output, _) = try runProgram(["ssh", "-G", "-F", "none", "--", "culprit.invalid"])
    let unsaid = UnsaidSettings(defaults: output.map(SSHDefaults.init(output:)) ?? SSHDefaults())
    let path = output == nil ? nil : try writeConfiguration(unsaid)
    let asking = Asking(unsaid: unsaid, path: path)
    memory.withLock { $0.asking = asking }
    return asking
  }

  /// Two workers may come here at once; the first one's file is everybody's.
  private func writeConfiguration(_ unsaid: UnsaidSettings) throws(LinkFailure) -> String {
    let files = file.map { [$0] } ?? ["\(NSHomeDirectory())/.ssh/config", "/etc/ssh/ssh_config"]
    let text = Array(unsaid.configuration(reading: files).utf8)
    let number = configuration.withLock { number in
      if number < 0 {
        number = culprit_memory_file("culprit-ssh-config")
        if number >= 0, write(number, text, text.count) != text.count {
          close(number)
          number = -1
        }
      }
      return number
    }
    guard number >= 0 else {
      throw LinkFailure(.unreachable, "no file for ssh -G: \(errorText(errno))")
    }
    return "/proc/\(getpid())/fd/\(number)"
  }

  private func currentStamps() -> [FileStamp?] {
    let usual = [
      "\(NSHomeDirectory())/.ssh/config", "\(NSHomeDirectory())/.ssh", "/etc/ssh/ssh_config",
      "/etc/ssh/ssh_config.d",
    ]
    return (file.map { [$0] } ?? usual).map(FileStamp.init(path:))
  }
}
