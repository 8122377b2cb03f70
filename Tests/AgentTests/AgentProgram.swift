import Foundation
import TestSupport

/// The built `culprit-agent`, as a user runs it.
enum AgentProgram {
  static let path = Machine.executable("culprit-agent")

  static let isBuilt = FileManager.default.isExecutableFile(atPath: path)
  static let needsBuild = "needs culprit-agent, which `swift build` makes"

  static let engines = ["bpf", "proc"]

  static func run(
    _ words: [String], environment: [String: String?] = [:], withoutRights: Bool = false,
    within seconds: Double = 60
  ) async throws -> ProgramResult {
    let user = withoutRights ? Machine.withoutRights : []
    return try await Program.run(
      user + [path] + words, environment: environment, within: seconds)
  }

  /// What `suspects --json` says.
  static func suspects(
    _ words: [String], withoutRights: Bool = false
  ) async throws -> [SuspectLine] {
    let result = try await run(["suspects", "--json"] + words, withoutRights: withoutRights)
    guard result.code == 0 else { throw TestTrouble("suspects \(words): \(result)") }
    return try result.lines.map { try JSONDecoder().decode(SuspectLine.self, from: Data($0.utf8)) }
  }
}

/// A line of `suspects --json`, as the issue names its fields.
struct SuspectLine: Decodable {
  /// A value, or why there is none.
  enum Field<Value: Decodable & Sendable>: Decodable, Sendable {
    case value(Value)
    case absent(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let word = try? container.decode(String.self),
        ["denied", "disabled", "unsupported", "gap"].contains(word)
      {
        self = .absent(word)
      } else {
        self = .value(try container.decode(Value.self))
      }
    }

    var value: Value? { if case .value(let value) = self { value } else { nil } }
    var absence: String? { if case .absent(let word) = self { word } else { nil } }
  }

  var host: String
  var time: String
  var pid: Int
  var tgid: Int
  var start_time: UInt64
  var comm: String
  var cmdline: String
  var user: String?
  var unit: String?
  var state: String
  var wait_reason: String?
  var wait_class: String?
  var wait_seconds: Double?
  var wchan: Field<String>?
  var syscall: Field<String>?
  var stack: Field<[String]>?
  var holders: [Int]?
  var cpu_percent: Double
  var read_bytes: Field<Int64>
  var write_bytes: Field<Int64>
  var cancelled_write_bytes: Field<Int64>
}

extension [SuspectLine] {
  /// The line of one task.
  func of(_ pid: pid_t) -> SuspectLine? { first { $0.pid == Int(pid) } }
}
