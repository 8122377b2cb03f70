import Bytes
import CSystem
import Glibc
import Records

/// The agent's command line: verbs and exit codes.
public enum Agent {
  /// Runs the command that `words` name, without the program's own. Returns the exit code: 0 fine,
  /// 1 failed, 2 wrong use, 3 trouble found, with `--check`.
  public static func run(_ words: [String]) -> Int32 {
    // Threads that allocate little share one heap, and what is freed at its end goes back: that is less
    // where thousands of processes come and go.
    culprit_share_heap()
    // A reader that has gone shows as an error of write(2).
    signal(SIGPIPE, SIG_IGN)
    // Whoever started us may have it ignored, and then the kernel takes our children's ends.
    signal(SIGCHLD, SIG_DFL)
    let code = runCommand(words)
    guard let failure = Output.failure else { return code }
    Output.complain("standard output can't be written: \(String(cString: strerror(failure)))")
    return 1
  }

  private static func runCommand(_ words: [String]) -> Int32 {
    guard let verb = words.first else {
      Output.write(AgentHelp.overview)
      return 2
    }
    let rest = words.dropFirst()
    do {
      if let text = AgentHelp.asked(verb, rest) {
        Output.write(text)
        return 0
      }
      switch verb {
      case "run": return try RunCommand(rest).run()
      case "attach": return try AttachCommand(rest).run()
      case "suspects": return try SuspectsCommand(rest).run()
      case "top": return try TopCommand(rest).run()
      case "process": return try ProcessCommand(rest).run()
      case "trace": return try TraceCommand(rest).run()
      case "doctor": return try DoctorCommand(rest).run()
      case "explain": return try ExplainCommand(rest).run()
      case "encap": return try EncapCommand(rest).run()
      case "completion": return try complete(rest)
      case "version", "--version":
        Output.write("culprit-agent \(AgentVersion.number)\n")
        return 0
      default:
        throw UsageError(
          "no command “\(Printable.text(verb, limit: 40))”; see culprit-agent --help")
      }
    } catch let error as UsageError {
      Output.complain(error.message)
      return 2
    } catch let error as Failure {
      Output.complain(error.message)
      return 1
    } catch {
      Output.complain("\(error)")
      return 1
    }
  }
}

extension Agent {
  private static func complete(_ words: ArraySlice<String>) throws(UsageError) -> Int32 {
    let shells = Completion.Shell.allCases.map(\.rawValue).joined(separator: ", ")
    guard words.count == 1, let shell = words.first.flatMap(Completion.Shell.init) else {
      throw UsageError("completion wants a shell: \(shells)")
    }
    Output.write(Completion.script(for: shell))
    return 0
  }
}

enum AgentVersion {
  static let number = Release.version
}
