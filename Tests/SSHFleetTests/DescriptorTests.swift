import Foundation
import SSHFleet
import TestSupport
import Testing

/// Descriptors of the process itself, counted in a process where nothing else runs.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct DescriptorTests {
  @Test func cyclesLeakNoDescriptor() async throws {
    let result = try await #require(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      do {
        try await DescriptorTests.countDescriptors()
      } catch {
        // What went wrong is told here alone: where the exit code is wrong nobody sees it.
        FileHandle.standardError.write(Data("FAILED: \(error)\n".utf8))
      }
    }
    // Swift Testing's own marks may stand there too (a fixed row of bytes around what is said).
    let said = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(!said.contains("FAILED"), "\(said)")
  }

  private static func countDescriptors() async throws {
    let server = try await SSHServer.start()
    let deaf = try LoopbackSocket.deaf()
    try await withFleet { fleet in
      try await cycles(3, fleet, server, deaf)
      let before = ProcessTree.descriptorCount(of: getpid())
      try await cycles(50, fleet, server, deaf)
      try await until(
        "as many descriptors as before: \(before)",
        detail: { ProcessTree.descriptors(of: getpid()).joined(separator: "\n") }
      ) {
        ProcessTree.descriptorCount(of: getpid()) <= before
      }
    }
  }

  /// Adds and removes a host that connects, and one that is removed on its way or is dead.
  private static func cycles(
    _ count: Int, _ fleet: Fleet, _ server: SSHServer, _ deaf: LoopbackSocket
  ) async throws {
    let target = try server.target()
    for index in 0..<count {
      let recorder = LinkRecorder()
      fleet.add(target, delegate: recorder)
      var other = try server.target("other")
      if index % 2 == 0 { other.explicit.port = deaf.port }
      fleet.add(other, delegate: LinkRecorder())
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
      fleet.remove(target.name)
      fleet.remove(other.name)
      try await recorder.wait(for: "the end") { $0.state == .stopped }
    }
  }
}
