import ArgumentParser
import Reports
import TraceReport

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: """
      Explain pasted kernel stacks and hung-task reports, and what strace wrote.
      """,
    discussion: """
      Reads /proc/PID/stack, the kernel's “blocked for more than 120 seconds” reports and \
      sysrq-w dumps, as dmesg, the journal, syslog or a mail have them. It says only what the \
      stacks show: a task in state D may wait for a lock, a server or another process, and not \
      for a disk; “unknown” is an answer.

      Reads what strace wrote, of any version and with any options, -c tables too: who reads, \
      writes, syncs and waits, on which files, in one ranking over all files. Contents of \
      buffers are neither kept nor shown. The best to read is \
      strace -f -T -tt -y -s 0 -o COMMAND-PID.strace -p PID.

      Which kind a file is of shows from its content; both may be given together.

      EXAMPLES
        culprit explain report.txt
        dmesg | culprit explain -
        sudo cat /proc/4711/stack | culprit explain -
        journalctl -k --since 03:00 | culprit explain --json -
        culprit explain worker-*.strace
        culprit explain --sort bytes --top 5 out.*

      EXIT CODES
        0 explained   1 a file has neither in it, or can't be read   2 wrong use
      """)

  @Argument(help: ArgumentHelp("The files; “-” is standard input.", valueName: "file"))
  var files: [String]

  @Option(
    help:
      "Order of strace's processes: \(TraceOrder.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var sort = TraceOrder.culprits

  @Option(
    name: [.long, .customLong("rows")],
    help: "Most of strace's processes; 20, and in JSON all, where none is given.")
  var top: Int?

  @Flag(
    help: "JSON Lines: a process or a task per line, and what holds over all of them in the last.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func validate() throws {
    if files.contains("") { throw ValidationError("Name a file, or “-” for standard input.") }
    if files.count(where: { $0 == "-" }) > 1 {
      throw ValidationError("Standard input can be read once.")
    }
    if let top, top <= 0 { throw ValidationError("--top is 1 or more.") }
  }

  func run() throws {
    var progress = ReadingProgress()
    let reports = PastedReports(files) { progress.show($0, $1, of: $2) }
    progress.clear()
    if json {
      reports.writeJSON(order: sort, rows: top ?? .max) { StandardOutput.write($0) }
    } else {
      StandardOutput.write(
        reports.text(
          order: sort, rows: top ?? 20, width: OutputWidth.columns,
          colours: OutputColours(isPlain: plain).areOn))
    }
    guard let last = reports.problems.last else { return }
    for problem in reports.problems.dropLast() { printError("culprit: \(problem.description)") }
    throw CommandFailure.failed(last.description)
  }
}

extension TraceOrder: ExpressibleByArgument {}
