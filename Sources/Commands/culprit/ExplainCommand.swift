import ArgumentParser
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
    let report: StackReport
    do throws(ReportProblem) {
      report = try StackReport.read(file)
    } catch {
      throw CommandFailure.failed(error.description)
    }
    if json {
      report.writeJSON { StandardOutput.write($0) }
    } else {
      let colours = OutputColours(isPlain: plain)
      StandardOutput.write(ExplainText(emphasis: colours.bold).text(report))
    }
  }
}
