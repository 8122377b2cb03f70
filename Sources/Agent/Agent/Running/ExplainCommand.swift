import Reports
import TraceReport

/// `culprit-agent explain`: who waits for what in pasted kernel stacks and hung-task reports, and who
/// does what in the output of strace.
struct ExplainCommand {
  private var files: [String] = []
  private var order = TraceOrder.culprits
  private var rows: Int?
  private var isJSON = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var reader = OptionReader(words, of: "explain")
    while let word = reader.next() {
      switch word {
      case "--json": isJSON = true
      case "--sort": order = try reader.choice(of: word, TraceOrder.self)
      case "--top", "--rows": rows = try reader.number(of: word, in: 1...10_000)
      case _ where (word == "-" || !word.hasPrefix("-")) && !word.isEmpty: files.append(word)
      default: throw reader.unknown(word)
      }
    }
    guard !files.isEmpty else {
      throw UsageError("explain wants a file, or - for standard input; see its --help")
    }
    guard files.count(where: { $0 == "-" }) < 2 else {
      throw UsageError("standard input can be read once; see culprit-agent explain --help")
    }
  }

  func run() throws(Failure) -> Int32 {
    var progress = ReadingProgress()
    let reports = PastedReports(files) { progress.show($0, $1, of: $2) }
    progress.clear()
    if isJSON {
      reports.writeJSON(order: order, rows: rows ?? .max) { bytes in
        bytes.withUnsafeBytes { Output.write($0) }
      }
    } else {
      Output.write(
        reports.text(
          order: order, rows: rows ?? 20, width: Output.columns ?? 160,
          colours: Output.hasColours))
    }
    for problem in reports.problems { Output.complain(problem.description) }
    return reports.problems.isEmpty ? 0 : 1
  }
}
