import Bytes
import Glibc
import WaitReasons

/// `culprit-agent explain`: who waits for what in a pasted kernel stack or hung-task report.
struct ExplainCommand {
  private var file: String?
  private var isJSON = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var reader = OptionReader(words, of: "explain")
    while let word = reader.next() {
      switch word {
      case "--json": isJSON = true
      case _ where (word == "-" || !word.hasPrefix("-")) && file == nil && !word.isEmpty:
        file = word
      default: throw reader.unknown(word)
      }
    }
    guard file != nil else {
      throw UsageError("explain wants a file, or - for standard input; see its --help")
    }
  }

  func run() throws(Failure) -> Int32 {
    let file = file ?? "-"
    let name = file == "-" ? "standard input" : Printable.text(file, limit: 200)
    let report = StackReport.parse(try ExplainCommand.bytes(of: file, name))
    guard !report.tasks.isEmpty else {
      throw Failure(
        "\(name): no task's stack in it; give the output of cat /proc/PID/stack, of "
          + "dmesg | grep -A40 'blocked for more', or of echo w > /proc/sysrq-trigger; dmesg")
    }
    if isJSON {
      report.writeJSON { bytes in bytes.withUnsafeBytes { Output.write($0) } }
    } else {
      let isBold = Output.hasColours
      Output.write(ExplainText { isBold ? "\u{1B}[1m\($0)\u{1B}[0m" : $0 }.text(report))
    }
    return 0
  }

  /// The report, up to what is read of one and a byte more, which shows that there is more.
  private static func bytes(of file: String, _ name: String) throws(Failure) -> [UInt8] {
    let descriptor = file == "-" ? 0 : open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(name) }
    defer { if descriptor != 0 { close(descriptor) } }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= StackReport.textLimit {
      let count = read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(name) }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  private static func unreadable(_ name: String) -> Failure {
    Failure("can't read \(name): \(String(cString: strerror(errno)))")
  }
}
