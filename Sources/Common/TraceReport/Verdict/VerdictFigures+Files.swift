import Bytes
import Records

// What a process does with files, in words.

extension VerdictFigures {
  var fileSentence: String {
    let (written, synced, read) = (sum(.write), sum(.sync), sum(.read))
    let looked = sum(.open, .stat)
    let writing = weight(written).addingSaturated(weight(synced))
    let (reading, looking) = (weight(read), weight(looked))
    if looking > max(writing, reading) { return lookingSentence + share(of: looked.nanoseconds) }
    let writes =
      written.count > 0 || synced.count > 0 ? writingSentence(written, synced) : nil
    let reads = read.count > 0 ? readingSentence(read) : nil
    // What takes less than a fifth of the other isn't told.
    let both = min(writing, reading) >= max(writing, reading) / 5
    let timeWriting = written.nanoseconds.addingSaturated(synced.nanoseconds)
    var time = writing >= reading ? timeWriting : read.nanoseconds
    var words = writing >= reading ? writes : reads
    if both, let writes, let reads {
      words = writing >= reading ? "\(writes), and \(reads)" : "\(reads), and \(writes)"
      time = timeWriting.addingSaturated(read.nanoseconds)
    }
    return (words ?? lookingSentence) + (isTimed ? share(of: time) : amount)
  }

  /// How much calls count for what is told first.
  private func weight(_ calls: TracedCall) -> UInt64 {
    guard !isTimed else { return calls.nanoseconds }
    return calls.bytes.addingSaturated(
      calls.count.addingSaturated(calls.kind == .sync ? calls.count : 0))
  }

  /// `: 12 MiB in 10 s`
  private var amount: String {
    let bytes = process.readBytes.addingSaturated(process.writeBytes)
    guard bytes > 0 else { return "" }
    let span = knowsSpan ? " in \(SpanText.of(process.nanoseconds))" : ""
    return ": \(SizeText.of(Double(bytes)))\(span)"
  }

  /// `4 KiB at a time`; `about` where the sizes differ.
  private func size(_ calls: TracedCall) -> String {
    let count = max(1, calls.count - min(calls.count, calls.errors))
    let mean = Double(calls.bytes) / Double(count)
    let text = SizeText.of(mean)
    let isEven = calls.bytes % count == 0 && calls.bytes > 0
    return (isEven || mean < 1 ? "" : "about ") + "\(text) at a time"
  }

  private func writingSentence(_ written: TracedCall, _ synced: TracedCall) -> String {
    let target = place("to") { $0.writeBytes }
    let sync = main(.sync)?.name ?? "fsync"
    guard written.bytes > 0 else {
      if synced.count == 0 {
        return "calls \(main(.write)?.name ?? "write") \(rate(written.count))"
          + place("on") { $0.calls }
      }
      return "calls \(sync) \(rate(synced.count))" + place("on") { $0.syncCalls }
    }
    var words = "writes \(size(written))"
    if synced.count > 0 {
      let perSync = Double(written.count) / Double(synced.count)
      switch perSync {
      case 0.8...1.25: words += " with \(sync) after each"
      case ..<0.8: words += " and calls \(sync) \(rate(synced.count)),"
      case ..<10_000: words += " with \(sync) after every \(CountText.rounded(perSync.rounded()))"
      default: words += " with \(CountText.of(synced.count)) calls of \(sync)"
      }
    }
    return words + target
  }

  private func readingSentence(_ read: TracedCall) -> String {
    guard read.bytes > 0 else {
      return "calls \(main(.read)?.name ?? "read") \(rate(read.count)), and gets nothing"
        + place("from") { $0.calls }
    }
    return "reads \(size(read))" + place("from") { $0.readBytes }
  }

  // MARK: - Names of files

  private var lookingSentence: String {
    let looked = sum(.open, .stat)
    let missing = process.errors.reduce(UInt64(0)) { sum, error in
      let kind = CallClass(call: error.call)
      return error.error == "ENOENT" && (kind == .open || kind == .stat)
        ? sum.addingSaturated(error.count) : sum
    }
    let folder = VerdictFigures.commonFolder(
      of: process.files.filter { CallClass.isFile($0.path) }.map(\.path)
    ).map { " under \(VerdictFigures.shown($0))" }
    guard let main = main(.open, .stat) else { return "works with files" }
    if missing >= looked.count / 2, missing > 0 {
      let verb = main.kind == .open ? "tries to open" : "stats"
      return "\(verb) \(rate(missing, "missing files"))\(folder ?? place("at", \.calls))"
    }
    switch main.name {
    case "getdents", "getdents64", "readdir":
      return "lists folders, \(rate(main.count, "calls"))" + (folder ?? "")
    case "rename", "renameat", "renameat2":
      return "renames \(rate(main.count, "files"))" + (folder ?? "")
    case "unlink", "unlinkat", "rmdir":
      return "removes \(rate(main.count, "files"))" + (folder ?? "")
    case _ where main.kind == .open:
      return "opens and closes \(rate(main.count, "files"))" + (folder ?? place("at", \.calls))
    default:
      // Files are counted over all calls: where this one is few of them, they tell nothing of it.
      let isMost = main.count >= looked.count / 2
      let slowest = main.slowestPath.map { ", the slowest on \(VerdictFigures.shown($0))" }
      return "calls \(main.name) \(rate(main.count))"
        + (isMost ? place("on", \.calls) : slowest ?? "")
    }
  }
}
