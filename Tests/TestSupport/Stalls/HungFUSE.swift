import Foundation
import Glibc

/// A file system of a server that stopped answering, and processes that wait for it. The server ends
/// by itself after two minutes (and its victims are free), whatever becomes of the test.
public final class HungFUSE {
  public enum Victim: String, CaseIterable, Sendable {
    /// Waits for the answer itself, in `S`.
    case stat, directRead, list
    /// Waits for a page that is being read, in `D` and without a frame of FUSE on its stack.
    case bufferedRead

    /// The number of the system call that it never comes back from.
    public var syscall: Int {
      #if arch(x86_64)
        [.stat: 332, .list: 217][self] ?? 0
      #else
        [.stat: 291, .list: 61][self] ?? 63
      #endif
    }
  }

  private let folder: TestFolder
  private let serving: LoadGenerator
  private var victims: [Program] = []
  private var mappers: [LoadGenerator] = []

  /// Where it is mounted.
  public var path: String { folder.file("mount") }
  /// Who is guilty.
  public var server: pid_t { serving.pid }
  /// The number of the connection below /sys/fs/fuse/connections (where fusectl is mounted): the
  /// minor number of the file system's device.
  public let connection: Int

  public static func make() async throws -> HungFUSE {
    // Who waits in `S` is looked for only where the kernel says that somebody does.
    _ = FUSEControl.isMounted
    let folder = try TestFolder()
    let mount = try folder.makeFolder("mount")
    let serving = try LoadGenerator(["fuse-server", mount])
    _ = try await serving.truth()
    return HungFUSE(folder: folder, serving: serving)
  }

  private init(folder: TestFolder, serving: LoadGenerator) {
    self.folder = folder
    self.serving = serving
    // The third field of proc_pid_mountinfo(5); asking the file system itself could wait.
    let mount = folder.file("mount")
    let fields = TestFolder.text("/proc/self/mountinfo").split(separator: "\n").lazy
      .map { $0.split(separator: " ") }.first { $0.count > 4 && $0[4] == mount }
    connection = fields?[2].split(separator: ":").last.flatMap { Int($0) } ?? -1
  }

  /// Starts a process that waits for the server.
  ///
  /// - Returns: who suffers.
  public func hang(_ kind: Victim) async throws -> pid_t {
    // A page that is being read makes others wait for it, in `D`: each kind has a file of its own.
    let words =
      switch kind {
      case .stat: ["stat", "\(path)/nobody-answers"]
      case .list: ["ls", "-f", path]
      case .directRead:
        ["dd", "if=\(path)/direct", "of=/dev/null", "iflag=direct", "bs=4k", "count=1"]
      case .bufferedRead: ["cat", "\(path)/file"]
      }
    let victim = try Program(words)
    victims.append(victim)
    // Opening is answered, so a first wait may be a short one.
    try await TaskState.await(victim.pid, "\(kind) to wait") {
      kind == .bufferedRead
        ? $0.state == "D" && $0.syscall == kind.syscall
        : $0.wchan == "request_wait_answer" && $0.syscall == kind.syscall
    }
    return victim.pid
  }

  /// How many requests the kernel counts as not answered; `nil` where fusectl isn't there to ask.
  public var waiting: Int? {
    guard FUSEControl.isMounted else { return nil }
    let text = TestFolder.text("\(FUSEControl.path)/\(connection)/waiting")
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// A process that holds the lock of its own address space while it waits: reading its `cmdline`
  /// hangs (and so do `ps` and `pgrep` on this machine, so keep it short).
  ///
  /// - Returns: that process; who reads the same file and never gets it is a victim of its own.
  public func hangUnreadably() async throws -> pid_t {
    let mapper = try LoadGenerator(["fuse-mapper", "--go", "\(path)/file"])
    mappers.append(mapper)
    _ = try await mapper.truth()
    _ = try await hang(.bufferedRead)
    try mapper.go()
    try await TaskState.await(mapper.pid, "the mapping to wait in D") { $0.state == "D" }
    return mapper.pid
  }

  /// The server ends, all that wait get an error, and the mount goes.
  public func release() async throws {
    try await serving.finish()
    for victim in victims { try await victim.end() }
    for mapper in mappers { try await mapper.finish() }
  }

  deinit {
    // Before the victims are waited for, which end no sooner, and before the folder is emptied.
    serving.endNow()
  }
}
