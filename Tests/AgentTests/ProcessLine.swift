import Foundation
import TestSupport

/// What `culprit-agent process PID --json` says.
struct ProcessLine: @unchecked Sendable {
  /// As JSONSerialization makes it: strings, numbers, arrays and dictionaries, never changed.
  let fields: [String: Any]
  let result: ProgramResult

  static func of(
    _ pid: pid_t, for span: String = "200ms", withoutRights: Bool = false
  ) async throws -> ProcessLine {
    let result = try await AgentProgram.run(
      ["process", "\(pid)", "--json", "--for", span], withoutRights: withoutRights)
    guard result.code == 0, result.lines.count == 1,
      let fields = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
    else { throw TestTrouble("process \(pid): \(result)") }
    return ProcessLine(fields: fields, result: result)
  }

  subscript(name: String) -> Any? { fields[name] }

  func text(_ name: String) -> String? { fields[name] as? String }
  func number(_ name: String) -> Int? { fields[name] as? Int }

  /// A list of objects; `nil` where it couldn't be read.
  func list(_ name: String) -> [[String: Any]]? { fields[name] as? [[String: Any]] }

  /// What is open under a descriptor.
  func file(_ descriptor: Int) -> [String: Any]? {
    list("files")?.first { $0["fd"] as? Int == descriptor }
  }

  func socket(_ descriptor: Int) -> [String: Any]? {
    list("sockets")?.first { $0["fd"] as? Int == descriptor }
  }

  /// The lock on a file: who runs the tests may hold others, and children inherit them.
  func lock(on path: String) -> [String: Any]? {
    list("locks")?.first { $0["path"] as? String == path }
  }

  var login: [String: Any] { fields["login"] as? [String: Any] ?? [:] }
  var ssh: [String: Any]? { login["ssh"] as? [String: Any] }
}
