import Foundation
import Glibc

/// A file that somebody has locked, and others who wait for it, in `S`.
public final class HeldLock {
  public enum Kind: String, CaseIterable, Sendable {
    /// flock(2): `FLOCK` in /proc/locks.
    case flock
    /// fcntl(2), F_SETLKW: `POSIX` in /proc/locks.
    case posix

    var word: String { self == .flock ? "flock" : "posix-lock" }

    /// The number of the system call that a waiter is in.
    public var syscall: Int {
      #if arch(x86_64)
        self == .flock ? 73 : 72
      #else
        self == .flock ? 32 : 25
      #endif
    }
  }

  public let kind: Kind
  public let path: String
  private let folder: TestFolder
  private let holding: LoadGenerator
  private var waiting: [LoadGenerator] = []

  /// Who is guilty.
  public var holder: pid_t { holding.pid }
  /// Who suffers.
  public var waiters: [pid_t] { waiting.map(\.pid) }

  public static func make(_ kind: Kind, waiters: Int = 1) async throws -> HeldLock {
    let folder = try TestFolder()
    let path = try folder.write("locked\n", to: "locked file")
    let holding = try LoadGenerator(["hold-\(kind.word)", path])
    _ = try await holding.truth()
    let lock = HeldLock(kind: kind, path: path, folder: folder, holding: holding)
    for _ in 0..<waiters { lock.waiting.append(try LoadGenerator(["wait-\(kind.word)", path])) }
    for pid in lock.waiters {
      try await TaskState.await(pid, "a waiter for the lock") { $0.syscall == kind.syscall }
    }
    return lock
  }

  private init(kind: Kind, path: String, folder: TestFolder, holding: LoadGenerator) {
    self.kind = kind
    self.path = path
    self.folder = folder
    self.holding = holding
  }

  /// The holder ends; its waiters get the lock one after the other, and end too.
  ///
  /// - Returns: what each waiter says, in the order in which they began to wait.
  @discardableResult
  public func release() async throws -> [LoadTruth] {
    try await holding.finish()
    var truths: [LoadTruth] = []
    for waiter in waiting {
      truths.append(try await waiter.truth())
      try await waiter.finish()
    }
    return truths
  }
}
