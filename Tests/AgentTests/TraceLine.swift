import Foundation
import TestSupport

/// What `culprit-agent trace --json` prints, as the issue names its fields.
struct TraceLines {
  struct File: Decodable {
    var path: String
    var calls: Int
    var read_bytes: Int64
    var write_bytes: Int64
    var seconds: Double
  }

  struct Process: Decodable {
    var host: String
    var pid: pid_t
    var comm: String
    var engine: String
    var seconds: Double
    var calls: Int
    var read_bytes: Int64
    var write_bytes: Int64
    var sync_calls: Int
    var blocked_seconds: Double
    var errors: Int
    var files: [File]
    /// `null` of who was only named: a dry run.
    var verdict: String?
  }

  struct Skipped: Decodable {
    var pid: pid_t
    var reason: String
    var detail: String
  }

  struct Summary: Decodable {
    var matched: Int
    var attached: Int
    var skipped: [Skipped]
    var detached_verified: Int
  }

  private struct Last: Decodable {
    var summary: Summary
  }

  /// In the order in which they are told.
  var processes: [Process]
  var summary: Summary

  init(_ result: ProgramResult) throws {
    let lines = result.lines
    guard let last = lines.last else { throw TestTrouble("trace printed nothing: \(result)") }
    let decoder = JSONDecoder()
    processes = try lines.dropLast().map { try decoder.decode(Process.self, from: Data($0.utf8)) }
    summary = try decoder.decode(Last.self, from: Data(last.utf8)).summary
  }
}

extension AgentProgram {
  /// The words that start a trace which no other one on this machine is in the way of: the lock is one
  /// of the network namespace.
  static func traceWords(_ words: [String]) -> [String] {
    ["unshare", "-n", path, "trace"] + words
  }

  static func trace(
    _ words: [String], withoutRights: Bool = false, within seconds: Double = 90
  ) async throws -> ProgramResult {
    let user = withoutRights ? Machine.withoutRights : []
    return try await Program.run(
      ["unshare", "-n"] + user + [path, "trace"] + words, within: seconds)
  }
}
