import Foundation
import Glibc

/// A parent that waits in vfork(2), in `D` but for no disk, for a child that neither ends nor runs
/// another program.
public final class VforkParent {
  private let load: LoadGenerator
  /// Who suffers.
  public var parent: pid_t { load.pid }
  /// Whom it waits for.
  public let child: pid_t

  public static func make() async throws -> VforkParent {
    let load = try LoadGenerator(["vfork"])
    let stall = VforkParent(load: load, child: try await load.truth().pid)
    try await TaskState.await(stall.parent, "the parent to wait in D") { $0.state == "D" }
    return stall
  }

  private init(load: LoadGenerator, child: pid_t) {
    self.load = load
    self.child = child
  }

  /// The child ends, and then the parent.
  public func release() async throws {
    try await load.finish()
  }
}
