import Foundation

/// What the machine that the tests run on has and allows.
public enum Machine {
  public static let isRoot = geteuid() == 0

  /// The user whose keys sshd takes.
  public static let user = NSUserName()

  static let sshdPath = "/usr/sbin/sshd"

  /// openssh-server and openssh-client are there.
  public static let hasSSHD = isExecutable(sshdPath) && has("ssh-keygen") && has("ssh")

  public static func has(_ program: String) -> Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
      .split(separator: ":")
    return folders.contains { isExecutable("\($0)/\(program)") }
  }

  private static func isExecutable(_ path: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: path)
  }

  /// The folder of the package: three levels above this file, links followed.
  public static let packageRoot: String = {
    let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    return file.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }()

  /// The recorded input that the project shares; it isn't part of the repository.
  public static let corpora = URL(fileURLWithPath: "\(packageRoot)/../shared/corpora")
    .standardizedFileURL.path

  public static func hasCorpus(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(corpora)/\(name)")
  }

  /// Where an executable of this package was built: beside the tests, or in `.build/debug`.
  public static func executable(_ name: String) -> String {
    let beside =
      URL(fileURLWithPath: CommandLine.arguments.first ?? "")
      .deletingLastPathComponent().path + "/\(name)"
    return isExecutable(beside) ? beside : "\(packageRoot)/.build/debug/\(name)"
  }

  /// The words that run a command as a user without rights: root's are taken away.
  public static var withoutRights: [String] {
    isRoot
      ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"] : []
  }

  /// A user without rights can run what was built here (and not only see it under /root).
  public static let canRunWithoutRights =
    !isRoot || has("setpriv") && isReachable(executable("culprit"))

  /// Whether a process may trace others of its user that it hasn't started (ptrace(2), Yama).
  public static let allowsTracingOwn =
    ["", "0"].contains(
      TestFolder.text("/proc/sys/kernel/yama/ptrace_scope")
        .trimmingCharacters(in: .whitespacesAndNewlines))

  /// Whether an io_uring may be made: the kernel has them, and says so (6.6 and newer).
  public static let hasIOUring =
    TestFolder.text("/proc/sys/kernel/io_uring_disabled").hasPrefix("0")

  /// Whether a file system can be made in a file, mounted and frozen: what blocks a task for real.
  public static let canFreeze =
    isRoot && has("mkfs.ext4") && has("fsfreeze")
    && FileManager.default.fileExists(atPath: "/dev/loop-control")

  /// Whether everybody may enter each folder on the way to `path`.
  private static func isReachable(_ path: String) -> Bool {
    var folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      var status = stat()
      guard stat(folder.path, &status) == 0, status.st_mode & 0o1 != 0 else { return false }
      folder = folder.deletingLastPathComponent()
    }
    return true
  }
}
