import CSystem
import Foundation
import Synchronization

/// A program that runs beside the test. It is killed when the test lets go of it.
public final class Program: Sendable {
  private struct State {
    /// As waitpid(2) gives it; `nil` while it runs.
    var status: Int32?
  }

  public let arguments: [String]
  public let pid: pid_t
  private let folder: TestFolder
  private let state = Mutex(State())

  /// Starts `arguments[0]`, looked up in PATH, with an empty standard input or `input`.
  ///
  /// - Parameter environment: variables set beside those of the tests; `nil` takes one away.
  public init(
    _ arguments: [String], environment: [String: String?] = [:], input: [UInt8]? = nil
  ) throws {
    folder = try TestFolder()
    var full = Program.withEnvironment(environment) + arguments
    if let input {
      full = ["sh", "-c", "exec \"$@\" <\"$0\"", try folder.write(input, to: "in")] + full
    }
    let output = culprit_open(folder.file("out"), O_WRONLY | O_CREAT, 0o644)
    let error = culprit_open(folder.file("err"), O_WRONLY | O_CREAT, 0o644)
    defer {
      close(output)
      close(error)
    }
    self.arguments = arguments
    pid = SpawnThread.shared.spawn(full, output: output, error: error)
    guard pid > 0 else {
      throw TestTrouble("can't start \(arguments[0]): \(String(cString: strerror(-pid)))")
    }
  }

  deinit {
    guard !hasEnded else { return }
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  private static func withEnvironment(_ changes: [String: String?]) -> [String] {
    guard !changes.isEmpty else { return [] }
    let unset = changes.filter { $0.value == nil }.keys.sorted().flatMap { ["-u", $0] }
    let set = changes.compactMap { key, value in value.map { "\(key)=\($0)" } }.sorted()
    return ["env"] + unset + set
  }

  /// What it has printed so far.
  public var output: [UInt8] { bytes("out") }
  public var error: [UInt8] { bytes("err") }
  public var outputText: String { String(decoding: output, as: UTF8.self) }
  public var errorText: String { String(decoding: error, as: UTF8.self) }

  private func bytes(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: folder.file(name)).map([UInt8].init) ?? []
  }

  public var hasEnded: Bool {
    state.withLock { state in
      if state.status != nil { return true }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return false }
      state.status = status
      return true
    }
  }

  /// Sends a signal, unless the program has ended: its pid may be another's by then.
  public func send(_ signal: Int32) {
    state.withLock { state in
      guard state.status == nil else { return }
      _ = kill(pid, signal)
    }
  }

  /// Waits for its end; throws where that takes longer than `seconds`, and kills it.
  @discardableResult
  public func end(within seconds: Double = 60) async throws -> ProgramResult {
    do {
      try await until("the end of \(arguments.joined(separator: " "))", within: seconds) {
        hasEnded
      }
    } catch {
      send(SIGKILL)
      throw TestTrouble("\(error)\n\(outputText.suffix(2000))\n\(errorText.suffix(2000))")
    }
    let status = state.withLock { $0.status } ?? 0
    let signal = status & 0x7f
    return ProgramResult(
      code: signal == 0 ? status >> 8 & 0xff : -signal, output: output, error: error)
  }

  /// Runs a program to its end.
  public static func run(
    _ arguments: [String], environment: [String: String?] = [:], input: [UInt8]? = nil,
    within seconds: Double = 60
  ) async throws -> ProgramResult {
    try await Program(arguments, environment: environment, input: input).end(within: seconds)
  }

  /// Runs a program that must succeed, and returns what it printed.
  @discardableResult
  public static func output(_ arguments: String...) async throws -> String {
    let result = try await run(arguments)
    guard result.code == 0 else {
      throw TestTrouble("\(arguments.joined(separator: " ")): \(result.code) \(result.errorText)")
    }
    return result.outputText
  }
}

/// How a program ended, and what it printed.
public struct ProgramResult: Sendable, CustomStringConvertible {
  /// Its exit code; below zero the signal that ended it.
  public var code: Int32
  public var output: [UInt8]
  public var error: [UInt8]

  public var outputText: String { String(decoding: output, as: UTF8.self) }
  public var errorText: String { String(decoding: error, as: UTF8.self) }

  public var lines: [String] { outputText.split(separator: "\n").map(String.init) }

  public var description: String {
    "exit \(code)\nstdout: \(outputText.suffix(3000))\nstderr: \(errorText.suffix(3000))"
  }
}
