import ArgumentParser
import Bytes
import Foundation
import WaitReasons

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain a pasted kernel stack or hung-task report: who waits for what, for whom.",
    discussion: """
      Reads /proc/PID/stack, the kernel's “blocked for more than 120 seconds” reports and \
      sysrq-w dumps, as dmesg, the journal, syslog or a mail have them. It says only what the \
      stacks show: a task in state D may wait for a lock, a server or another process, and not \
      for a disk; “unknown” is an answer.

      EXAMPLES
        culprit explain report.txt
        dmesg | culprit explain -
        sudo cat /proc/4711/stack | culprit explain -
        journalctl -k --since 03:00 | culprit explain --json -

      EXIT CODES
        0 explained   1 no task was found in it, or it can't be read   2 wrong use
      """)

  @Argument(help: ArgumentHelp("The report; “-” is standard input.", valueName: "file"))
  var file: String

  @Flag(help: "JSON Lines: a task per line, and who waits for whom in the last.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func validate() throws {
    if file.isEmpty { throw ValidationError("Name a file, or “-” for standard input.") }
  }

  func run() throws {
    let report = StackReport.parse(try bytes())
    guard !report.tasks.isEmpty else {
      throw CommandFailure.failed(
        "\(name): no task's stack in it; give the output of cat /proc/PID/stack, of "
          + "dmesg | grep -A40 'blocked for more', or of echo w > /proc/sysrq-trigger; dmesg")
    }
    if json {
      report.writeJSON { StandardOutput.write($0) }
    } else {
      let colours = OutputColours(isPlain: plain)
      StandardOutput.write(ExplainText(emphasis: colours.bold).text(report))
    }
  }

  private var name: String { file == "-" ? "standard input" : Printable.text(file, limit: 200) }

  /// The report, up to what is read of one.
  private func bytes() throws -> [UInt8] {
    let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable() }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    // One byte more than is read shows that there is more.
    while bytes.count <= StackReport.textLimit {
      let count = read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable() }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  private func unreadable() -> CommandFailure {
    let why = String(cString: strerror(errno))
    return .failed("can't read \(name): \(why); check the name, or give “-” for standard input")
  }
}
