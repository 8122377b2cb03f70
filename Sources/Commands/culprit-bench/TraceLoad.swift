import Foundation

/// `culprit-test-load passes`: a process that does the same work each time it is told to, and says how
/// long that took.
final class TraceLoad {
  /// What one pass took, seconds.
  struct Pass {
    var wall: Double
    var cpu: Double
  }

  let pid: pid_t
  private let workbench: Workbench
  private let input: Int32
  private let output: Int32
  private var waiting: [UInt8] = []

  /// - Parameter file: where it writes and syncs; `nil`: it reads and writes single bytes that go
  ///   nowhere.
  init(_ workbench: Workbench, rounds: Int, file: String? = nil) throws {
    let program = Herd.beside("culprit-test-load")
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw BenchError.missingProgram(
        name: "culprit-test-load", path: program,
        remedy: "build it: swift build -c release --product culprit-test-load")
    }
    var command = [program, "passes", "--rounds", "\(rounds)"]
    if let file { command += ["--file", file, "--block", "4096"] }
    let (theirInput, input) = try TraceLoad.makePipe()
    let (output, theirOutput) = try TraceLoad.makePipe()
    let log = try workbench.openLog("load.log")
    defer { for descriptor in [theirInput, theirOutput, log] { close(descriptor) } }
    self.workbench = workbench
    (self.input, self.output) = (input, output)
    pid = try workbench.children.startServer(
      command, input: theirInput, output: theirOutput, error: log)
  }

  private static func makePipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw BenchError.system(call: "pipe", reason: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Has it do its work once.
  func pass(within seconds: Double = 120) throws -> Pass {
    guard write(input, "\n", 1) == 1 else {
      throw BenchError.system(call: "write to the load", reason: errno)
    }
    let end = Pause.now + seconds
    while true {
      if let line = takeLine() { return try TraceLoad.parse(line) }
      try Interruption.check()
      var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 100) > 0 else {
        guard Pause.now < end else { throw BenchError.serverSilent(name: "culprit-test-load") }
        continue
      }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(output, &bytes, bytes.count)
      guard count > 0 else {
        throw BenchError.clientEnded(
          client: "culprit-test-load", log: workbench.tail(of: "load.log"))
      }
      waiting += bytes[..<count]
    }
  }

  private func takeLine() -> [UInt8]? {
    guard let end = waiting.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { waiting.removeSubrange(...end) }
    return Array(waiting[..<end])
  }

  private struct Report: Decodable {
    var seconds: Double
    var cpu: Double
  }

  private static func parse(_ line: [UInt8]) throws -> Pass {
    let report = try JSONDecoder().decode(Report.self, from: Data(line))
    return Pass(wall: report.seconds, cpu: report.cpu)
  }

  func end() {
    close(input)
    close(output)
    workbench.children.end([pid])
  }
}
