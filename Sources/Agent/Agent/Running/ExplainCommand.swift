import WaitReasons

/// `culprit-agent explain`: who waits for what in a pasted kernel stack or hung-task report.
struct ExplainCommand {
  private let file: String
  private var isJSON = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var file: String?
    var reader = OptionReader(words, of: "explain")
    while let word = reader.next() {
      switch word {
      case "--json": isJSON = true
      case _ where (word == "-" || !word.hasPrefix("-")) && file == nil && !word.isEmpty:
        file = word
      default: throw reader.unknown(word)
      }
    }
    guard let file else {
      throw UsageError("explain wants a file, or - for standard input; see its --help")
    }
    self.file = file
  }

  func run() throws(Failure) -> Int32 {
    let report: StackReport
    do throws(ReportProblem) {
      report = try StackReport.read(file)
    } catch {
      throw Failure(error.description)
    }
    if isJSON {
      report.writeJSON { bytes in bytes.withUnsafeBytes { Output.write($0) } }
    } else {
      let isBold = Output.hasColours
      Output.write(ExplainText { isBold ? "\u{1B}[1m\($0)\u{1B}[0m" : $0 }.text(report))
    }
    return 0
  }
}
