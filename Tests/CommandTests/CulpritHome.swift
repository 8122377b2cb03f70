import Foundation
import TestSupport

/// A home of its own for runs of the built `culprit`: no file of whoever runs the tests is read,
/// and everything it writes is gone with the test.
final class CulpritHome: Sendable {
  let folder: TestFolder
  static let binary = Machine.executable("culprit")

  init() throws {
    folder = try TestFolder()
    // An empty fleet file in the first usual place, so that /etc/culprit is never looked into.
    try folder.makeFolder("config/culprit")
    try folder.write("", to: "config/culprit/fleet.toml")
    try folder.makeFolder("state")
  }

  /// The history that most tests use.
  var db: String { folder.file("history.db") }

  var environment: [String: String?] {
    [
      "HOME": folder.path, "XDG_CONFIG_HOME": folder.file("config"),
      "XDG_STATE_HOME": folder.file("state"), "STATE_DIRECTORY": folder.file("state"),
      "SSH_AUTH_SOCK": nil, "TZ": "UTC", "LC_ALL": "C.UTF-8",
    ]
  }

  /// Runs `culprit` to its end.
  func run(
    _ arguments: String..., input: String? = nil, within seconds: Double = 60
  ) async throws -> ProgramResult {
    try await run(arguments, input: input, within: seconds)
  }

  func run(
    _ arguments: [String], input: String? = nil, within seconds: Double = 60
  ) async throws -> ProgramResult {
    try await start(arguments, input: input).end(within: seconds)
  }

  /// Starts `culprit`, to go on beside the test.
  func start(_ arguments: String...) throws -> Program { try start(arguments) }

  func start(_ arguments: [String], input: String? = nil) throws -> Program {
    try Program(
      [CulpritHome.binary] + arguments, environment: environment,
      input: input.map { Array($0.utf8) })
  }

  /// Runs `culprit` until `isEnough` holds for what it has printed, and ends it as ^C does.
  func run(
    _ arguments: [String], until what: String, within seconds: Double = 60,
    _ isEnough: (Program) throws -> Bool
  ) async throws -> ProgramResult {
    let program = try start(arguments)
    try await TestSupport.until(
      what, within: seconds, detail: { program.errorText + program.outputText.suffix(2000) }
    ) { try program.hasEnded || isEnough(program) }
    program.send(SIGINT)
    return try await program.end()
  }

  /// What plain `sqlite3` answers, a line per row, fields divided by `|`.
  func sqlite(_ query: String, db: String? = nil) async throws -> [String] {
    let result = try await Program.run([
      "sqlite3", "-readonly", "-cmd", ".timeout 10000", db ?? self.db, query,
    ])
    guard result.code == 0 else { throw TestTrouble("sqlite3 \(query): \(result)") }
    return result.lines
  }

  /// A number that plain `sqlite3` answers; 0 while there is no such table yet.
  func number(_ query: String, db: String? = nil) async throws -> Int {
    let path = db ?? self.db
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    let result = try await Program.run([
      "sqlite3", "-readonly", "-cmd", ".timeout 10000", path, query,
    ])
    return Int(result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  /// `culprit hosts --json`, by host.
  func hosts(db: String? = nil) async throws -> [String: [String: Any]] {
    let result = try await run("hosts", "--json", "--db", db ?? self.db)
    guard result.code == 0 else { return [:] }
    let objects = try JSONLines.objects(result.outputText)
    return Dictionary(
      objects.map { ($0["host"] as? String ?? "?", $0) }, uniquingKeysWith: { first, _ in first })
  }

  func state(of host: String, db: String? = nil) async throws -> String? {
    try await hosts(db: db)[host]?["state"] as? String
  }
}

/// JSON Lines, as every command prints with `--json`.
enum JSONLines {
  /// The objects that a program which may still be writing has printed in full.
  static func whole(_ program: Program) throws -> [[String: Any]] {
    let text = program.outputText
    return try objects(String(text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]))
  }

  /// How many rows each host has.
  static func rowsByHost(_ program: Program) throws -> [String: Int] {
    try whole(program).reduce(into: [:]) { $0[$1["host"] as? String ?? "?", default: 0] += 1 }
  }

  static func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      else { throw TestTrouble("no JSON object: \(line)") }
      return object
    }
  }
}

/// Text fit for a terminal.
enum Harmless {
  /// The first control character but newline in `bytes` (C0, DEL, C1, or what isn't UTF-8), and
  /// what stands around it.
  static func firstControl(in bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return "not UTF-8" }
    for (index, scalar) in text.unicodeScalars.enumerated() {
      let value = scalar.value
      let isControl = value < 0x20 && value != 0x0A || (0x7F...0x9F).contains(value)
      guard isControl else { continue }
      let around = text.unicodeScalars.dropFirst(max(0, index - 40)).prefix(80)
      return "U+\(String(value, radix: 16)) in “\(String(String.UnicodeScalarView(around)))”"
    }
    return nil
  }
}

extension ProgramResult {
  /// Whether a control character reached standard output or standard error, and where.
  var firstControl: String? {
    Harmless.firstControl(in: output).map { "stdout: \($0)" }
      ?? Harmless.firstControl(in: error).map { "stderr: \($0)" }
  }
}

let needsSSHD = "needs openssh-server and openssh-client"
let needsSQLite = "needs the sqlite3 program"
