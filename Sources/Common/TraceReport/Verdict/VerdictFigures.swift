import Bytes
import Records

extension TracedProcess {
  /// Time in all calls, all threads together.
  public var callNanoseconds: UInt64 {
    calls.reduce(UInt64(0)) { $0.addingSaturated($1.nanoseconds) }
  }

  /// Whether it is known how long it was traced: pasted lines may have no times, or the same.
  public var knowsSpan: Bool {
    Double(nanoseconds) * Double(max(1, threads)) * 1.1 >= Double(callNanoseconds)
      && nanoseconds > 0
  }
}

/// The figures of a trace, as a verdict needs them.
struct VerdictFigures {
  let process: TracedProcess
  /// Whether the lengths of calls were recorded.
  let isTimed: Bool
  /// Whether it is known how long it was traced.
  let knowsSpan: Bool
  /// How long it was traced; where nobody knows, how long it was in calls. Nanoseconds.
  let base: UInt64

  init(_ process: TracedProcess) {
    self.process = process
    isTimed = process.callNanoseconds > 0
    knowsSpan = process.knowsSpan
    base = knowsSpan ? process.nanoseconds : process.callNanoseconds
  }

  /// From how much of its time on, or bytes a second, what it does with files is worth a sentence.
  private static let leastShare = 0.05
  private static let leastBytesPerSecond = 1_048_576.0

  /// All calls of these classes, summed up.
  func sum(_ kinds: CallClass...) -> TracedCall {
    var sum = TracedCall(name: "", kind: kinds.first ?? .other)
    for call in process.calls where kinds.contains(call.kind) {
      sum.count = sum.count.addingSaturated(call.count)
      sum.errors = sum.errors.addingSaturated(call.errors)
      sum.nanoseconds = sum.nanoseconds.addingSaturated(call.nanoseconds)
      sum.bytes = sum.bytes.addingSaturated(call.bytes)
    }
    return sum
  }

  /// The call of a class that is made most, or takes most of the time.
  func main(_ kinds: CallClass...) -> TracedCall? {
    process.calls.filter { kinds.contains($0.kind) }.max { left, right in
      left.nanoseconds != right.nanoseconds
        ? left.nanoseconds < right.nanoseconds
        : left.count != right.count ? left.count < right.count : left.name > right.name
    }
  }

  var fileWorkMatters: Bool {
    let work = sum(.read, .write, .sync, .open, .stat)
    guard work.count > 0 else { return false }
    guard isTimed, knowsSpan else {
      let others = sum(.network, .pipe, .wait, .memory, .process, .other)
      return isTimed
        ? work.nanoseconds >= others.nanoseconds
        : work.count >= others.count || work.bytes > 0
    }
    let most = max(work.nanoseconds, TraceRanking.load(of: process))
    return Double(most) >= VerdictFigures.leastShare * Double(base)
      || perSecond(work.bytes) >= VerdictFigures.leastBytesPerSecond
  }

  func perSecond(_ count: UInt64) -> Double {
    base == 0 ? 0 : Double(count) * 1e9 / Double(base)
  }

  /// `12,000 times a second`; `12 times` where nobody knows in what time.
  func rate(_ count: UInt64, _ word: String = "times") -> String {
    guard knowsSpan, process.nanoseconds >= 100_000_000, count > 1 else {
      // `one call`, `once`
      guard count != 1 else { return word == "times" ? "once" : "one \(word.dropLast())" }
      return "\(CountText.of(count)) \(word)"
    }
    return "\(CountText.rounded(perSecond(count))) \(word) a second"
  }

  /// `: 91 % of its time`; empty where times weren't recorded.
  func share(of nanoseconds: UInt64) -> String {
    guard isTimed, base > 0 else { return "" }
    guard knowsSpan else {
      return ": \(percent(nanoseconds)) of its time in calls"
    }
    let share = Double(nanoseconds) / Double(base)
    if share > 1.05, process.threads > 1 {
      return ": the time of \(SpanText.figure(share, 1)) of its \(process.threads) threads"
    }
    return ": \(percent(nanoseconds)) of its time"
  }

  private func percent(_ nanoseconds: UInt64) -> String {
    let percent = min(100, Double(nanoseconds) * 100 / Double(base))
    return percent < 1 ? "less than 1 %" : "\(Int(percent.rounded())) %"
  }

  // MARK: - Places

  /// ` to /var/lib/x`, ` to 12 files under /var/lib`; `weight` says how much a file counts.
  func place(_ word: String, _ weight: (TracedFile) -> UInt64) -> String {
    var files: [(path: String, weight: UInt64)] = []
    for file in process.files where weight(file) > 0 {
      guard CallClass.isFile(file.path) || file.path.hasPrefix("fd ") else { continue }
      files.append((file.path, weight(file)))
    }
    files.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.path < $1.path }
    guard let first = files.first else { return "" }
    let total = files.reduce(UInt64(0)) { $0.addingSaturated($1.weight) }
    if Double(first.weight) >= 0.6 * Double(total), process.omittedFiles == 0 || files.count < 100 {
      return " \(word) \(VerdictFigures.shown(first.path))"
    }
    let count =
      process.omittedFiles > 0
      ? "more than \(CountText.of(UInt64(files.count)))" : CountText.of(UInt64(files.count))
    let folder = VerdictFigures.commonFolder(of: files.map(\.path))
    let below = folder.map { " under \(VerdictFigures.shown($0))" } ?? ""
    return " \(word) \(count) files\(below)"
  }

  /// The deepest folder that all these paths are in; `nil` where that is none but the root.
  static func commonFolder(of paths: [String]) -> String? {
    guard let first = paths.first, first.hasPrefix("/") else { return nil }
    var common = first.split(separator: "/").dropLast()[...]
    for path in paths.dropFirst() {
      guard path.hasPrefix("/") else { return nil }
      let parts = path.split(separator: "/").dropLast()
      var length = 0
      for (one, other) in zip(common, parts) {
        guard one == other else { break }
        length += 1
      }
      common = common.prefix(length)
    }
    return common.isEmpty ? nil : "/" + common.joined(separator: "/")
  }

  /// A path as long as a sentence bears it: its middle is left out.
  static func shown(_ path: String) -> String {
    if path.hasPrefix("fd ") { return "descriptor \(path.dropFirst(3))" }
    let text = Printable.text(path, limit: TracedFile.pathLimit)
    guard text.count > 100 else { return text }
    return "\(text.prefix(40))…\(text.suffix(59))"
  }
}
