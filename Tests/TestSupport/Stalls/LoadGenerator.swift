import CSystem
import Foundation
import Glibc

/// `culprit-test-load` at one of its verbs (Tests/TestLoad): a load, or half of a stall, that says
/// exactly what it did. Its stdin is ours: closing it ends what it holds.
public final class LoadGenerator {
  public let program: Program
  private let folder: TestFolder
  private var input: Int32

  public var pid: pid_t { program.pid }

  /// - Parameters:
  ///   - words: the verb, its options and operands.
  ///   - cgroup: the folder of a control group that it runs in from its start.
  public init(_ words: [String], cgroup: String? = nil) throws {
    folder = try TestFolder()
    let fifo = folder.file("stdin")
    guard mkfifo(fifo, 0o600) == 0 else { throw TestTrouble("mkfifo: errno \(errno)") }
    // Open for reading too, so that its shell finds both ends and waits for nobody.
    input = culprit_open(fifo, O_RDWR, 0)
    guard input >= 0 else { throw TestTrouble("no pipe to the load: errno \(errno)") }
    let join = cgroup == nil ? "" : "echo $$ >\"$1/cgroup.procs\" && "
    do {
      program = try Program(
        ["sh", "-c", "\(join)shift && exec \"$@\" <\"$0\"", fifo, cgroup ?? "", Self.executable]
          + words)
    } catch {
      close(input)
      throw error
    }
  }

  deinit {
    closeInput()
  }

  static let executable = Machine.executable("culprit-test-load")

  /// Starts the work of a load with `--go`.
  public func go() throws {
    guard write(input, "\n", 1) == 1 else { throw TestTrouble("no go: errno \(errno)") }
  }

  /// Its reports so far, the last one last.
  public var truths: [LoadTruth] {
    // A line without its end is still being written.
    let whole = program.outputText.split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast()
    return whole.compactMap {
      try? JSONDecoder().decode(LoadTruth.self, from: Data($0.utf8))
    }
  }

  /// Waits for its report, which says that the work is done (or the stall is there).
  public func truth(number: Int = 0, within seconds: Double = 60) async throws -> LoadTruth {
    try await eventually(
      "the load's report", within: seconds, detail: { self.program.errorText }
    ) {
      let hasEnded = program.hasEnded
      if let truth = truths.dropFirst(number).first { return truth }
      guard !hasEnded else { throw TestTrouble("the load ended: \(program.errorText)") }
      return nil
    }
  }

  /// Lets go of what it holds, without waiting for its end.
  public func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Lets go of what it holds and waits for its end, a while, where nothing can be awaited: in the
  /// deinit of what it guards, whose folder can't go before the mount in it.
  func endNow() {
    closeInput()
    let end = Monotonic.now + 10
    while !program.hasEnded, Monotonic.now < end { usleep(2000) }
  }

  /// Lets go of what it holds and waits for its end.
  @discardableResult
  public func finish(within seconds: Double = 60) async throws -> ProgramResult {
    // A pipe whose other end is closed too early is one that its shell can't open.
    try await until("the load to start") { program.hasEnded || hasInput }
    closeInput()
    return try await program.end(within: seconds)
  }

  private var hasInput: Bool {
    let input = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/0")
    return input == folder.file("stdin")
  }
}

extension Machine {
  /// The program was built: it is an executable of this package.
  public static let hasLoad = FileManager.default.isExecutableFile(
    atPath: LoadGenerator.executable)
}
