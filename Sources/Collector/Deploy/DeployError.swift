import Glibc

/// What keeps a roll-out from being begun, on this machine; nothing was done to any host.
public enum DeployError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no agent to roll out.
  case noAgent(String)
  /// The file is no agent, or can't be read.
  case agentFile(path: String, why: String)
  case version(String, why: String)
  /// The collector's key pair.
  case key(path: String, why: String)
  /// Another roll-out of this user's is at work; its pid, 0 where that can't be read.
  case busy(path: String, pid: Int32)
  case system(path: String, call: String, errno: Int32)
  /// No event loop to connect with.
  case connections(String)

  public var description: String {
    switch self {
    case .noAgent(let why):
      "there is no agent to roll out: \(why); put one beside culprit, or name it with --agent-file"
    case .agentFile(let path, let why): "\(path) is no agent to roll out: \(why)"
    case .version(let text, let why): "“\(text)” is no version to roll out: \(why)"
    case .key(let path, let why): "the collector's key \(path): \(why)"
    case .busy(let path, let pid):
      "another roll-out is at work\(pid > 0 ? " (pid \(pid))" : ""), which holds \(path): let it "
        + "end, then run this again"
    case .system(let path, let call, let code):
      "\(path): \(call): \(DeployError.text(of: code)); is there room, and the right to write?"
    case .connections(let why): why
    }
  }
}

extension DeployError {
  static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
