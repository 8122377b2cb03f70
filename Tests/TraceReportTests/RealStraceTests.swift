import Foundation
import Records
import TestSupport
import Testing

@testable import TraceReport

/// The strace of this machine, with the options that change how it writes.
@Suite(.enabled(if: Machine.has("strace"), "needs strace"))
struct RealStraceTests {
  /// Writes 20 blocks, each synced, from a child of the shell; and looks for a file that isn't there.
  private func trace(_ options: [String], to terminal: Bool = false) async throws -> ParsedOutput {
    let folder = try TestFolder(below: "/var/tmp")
    let file = folder.file("data")
    let script =
      "dd if=/dev/zero of=\(file) bs=4096 count=20 oflag=dsync 2>/dev/null; sync \(file); "
      + "cat \(folder.file("nosuch")) 2>/dev/null; exit 0"
    let output = terminal ? [] : ["-o", folder.file("out")]
    let result = try await Program.run(["strace"] + options + output + ["sh", "-c", script])
    try #require(result.code == 0, "\(result)")
    return ParsedOutput(terminal ? result.error : Array(folder.read("out").utf8))
  }

  @Test(arguments: [
    ["-f", "-T", "-tt", "-y", "-s", "0"], ["-f", "-T", "-ttt", "-yy"], ["-f", "-r", "-T"],
    ["-f", "-t"], ["-f"], ["-f", "-v", "-s", "9999", "-xx"], ["-f", "-C", "-w"],
    ["-f", "-T", "-q"], ["-f", "-a", "0", "-y"], ["-f", "-n", "-i"], ["-f", "-Y", "-tt"],
  ])
  func options(options: [String]) async throws {
    for isTerminal in [false, true] {
      let output = try await trace(options, to: isTerminal)
      let parser = output.parser
      #expect(parser.unreadLines == 0, "\(options): line \(parser.firstUnreadLine ?? 0)")
      let file = try #require(
        output.processes.flatMap(\.files).first { $0.path.hasSuffix("/data") && $0.writeBytes > 0 },
        "\(options)")
      #expect(file.writeBytes == 20 * 4096, "\(options)")
      #expect(output.processes.contains { $0.syncCalls == 1 }, "\(options)")
      let missing = output.processes.flatMap(\.errors).contains {
        $0.call == "openat" && $0.error == "ENOENT"
      }
      #expect(missing, "\(options)")
      // The shell, dd, sync and cat.
      #expect(output.processes.count == 4, "\(options)")
      #expect(output.processes.allSatisfy { $0.ending == .exited }, "\(options)")
      #expect(output.processes.contains { $0.identity.name == TaskName("dd") })
    }
  }

  /// The table of `-c` agrees with the lines of another run.
  @Test func tablesAgreeWithLines() async throws {
    let lines = try await trace(["-f"])
    for options in [["-c", "-f"], ["-c", "-f", "-w"]] {
      let table = try await trace(options)
      #expect(table.parser.hasTable && table.parser.unreadLines == 0, "\(options)")
      for name in ["write", "openat", "fsync", "execve", "dup2"] {
        #expect(table.call(name)?.count == lines.counts[name], "\(options): \(name)")
      }
    }
  }
}
