import Glibc

/// strace(1) of this host, and the words it is started with.
public struct StraceProgram: Equatable, Sendable {
  public let path: String

  /// Where it is on most hosts, for who has no PATH or an odd one.
  public static let usualFolders = ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/opt/bin"]

  public init(path: String) { self.path = path }

  /// Looks for it in the folders of PATH that are named from the root, then in the usual ones.
  ///
  /// - Throws: `TraceFailure.cannotRun`, where there is none.
  public static func find(
    searchPath: String? = getenv("PATH").map { String(cString: $0) },
    usualFolders: [String] = usualFolders
  ) throws(TraceFailure) -> StraceProgram {
    let named = searchPath.map { $0.split(separator: ":").map(String.init) } ?? []
    for folder in named + usualFolders where folder.hasPrefix("/") {
      let path = "\(folder)/strace"
      if isProgram(path) { return StraceProgram(path: path) }
    }
    throw .cannotRun(
      "there is no strace on this host: install the package strace (apt install strace, "
        + "dnf install strace, apk add strace); --engine bpf needs none")
  }

  private static func isProgram(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// Its words, the name first by which it calls itself in messages. The options are all there since strace 4.8 (2013).
  ///
  /// * `-f`: all threads. Its children come along, as strace can't tell them from threads;
  ///   `-b execve` lets go of those that become another program, and of the process itself then.
  /// * `-s 0`: of buffers nothing is captured. Paths are told whole whatever it says.
  /// * `-y`: the path behind a descriptor. Not `-yy`, which asks netlink for each socket.
  /// * `-T`, `-ttt`: how long a call took, and when it began.
  /// * `-e signal=none`: signals are of no use here.
  /// * `-o`: lines are told apart from messages, and each begins with its task.
  func arguments(for pid: Int32) -> [String] {
    [
      "strace", "-f", "-b", "execve", "-s", "0", "-y", "-T", "-ttt", "-e", "signal=none", "-o",
      "/proc/self/fd/1", "-p", "\(pid)",
    ]
  }

  /// Messages in English, and nothing that somebody else set for us (`STRACE_OPTS`, `LD_PRELOAD`).
  static let environment = ["LC_ALL=C", "PATH=/usr/bin:/bin"]
}
