import Bytes
import Records

// What a process does beside files, in words.

extension VerdictFigures {
  private static let kinds: [CallClass] = [.wait, .network, .pipe, .memory, .process, .other]

  var otherSentence: String {
    if let failing { return failing + noFileWork }
    let inCalls = process.callNanoseconds
    if isTimed, knowsSpan, inCalls < process.nanoseconds / 5, process.threads == 1 {
      return "is outside of system calls: \(shareText(inCalls)) of its time in them" + noFileWork
    }
    let most = VerdictFigures.kinds.max { left, right in
      let (one, other) = (sum(left), sum(right))
      return isTimed ? one.nanoseconds < other.nanoseconds : one.count < other.count
    }
    return words(for: most ?? .other) + share(of: sum(most ?? .other).nanoseconds) + noFileWork
  }

  private func shareText(_ nanoseconds: UInt64) -> String {
    let percent = min(100, Double(nanoseconds) * 100 / Double(max(1, base)))
    return percent < 1 ? "less than 1 %" : "\(Int(percent.rounded())) %"
  }

  private var noFileWork: String {
    let work = sum(.read, .write, .sync, .open, .stat)
    // What io_submit(2) does is unseen where its arguments are.
    if work.count == 0 {
      return process.calls.contains { $0.name == "io_submit" }
        ? "; its reads and writes go through io_submit" : "; no file work"
    }
    return isTimed && knowsSpan
      ? "; little file work, \(shareText(work.nanoseconds)) of its time" : "; little file work"
  }

  /// A call that fails over and over, and is most of what it does.
  private var failing: String? {
    guard let error = process.errors.first, error.count >= 100, error.count >= process.callCount / 2
    else { return nil }
    return "\(error.call) fails with \(error.error) \(rate(error.count))"
  }

  private func words(for kind: CallClass) -> String {
    let all = sum(kind)
    switch kind {
    case .wait: return "waits in \(names(.wait))"
    case .network:
      return all.bytes > 0
        ? "talks over sockets, \(SizeText.of(Double(all.bytes)))\(within)"
        : "works with sockets (\(names(.network)))"
    case .pipe:
      return all.bytes > 0
        ? "reads and writes pipes or terminals, \(SizeText.of(Double(all.bytes)))\(within)"
        : "waits for pipes or terminals (\(names(.pipe)))"
    case .memory: return "maps and frees memory (\(names(.memory))), \(rate(all.count, "calls"))"
    case .process: return "starts programs and threads (\(names(.process)))"
    default:
      guard let main = main(.other) else { return "makes \(rate(process.callCount, "calls"))" }
      let target = main.slowestPath.map { " on \(VerdictFigures.shown($0))" } ?? ""
      return "calls \(main.name) \(rate(main.count))\(target)"
    }
  }

  private var within: String {
    knowsSpan ? " in \(SpanText.of(process.nanoseconds))" : ""
  }

  /// The one or two calls of a class that count most.
  private func names(_ kind: CallClass) -> String {
    let calls = process.calls.filter { $0.kind == kind }
      .sorted {
        $0.nanoseconds != $1.nanoseconds
          ? $0.nanoseconds > $1.nanoseconds : ($1.count, $0.name) < ($0.count, $1.name)
      }
    guard let first = calls.first else { return kind.rawValue }
    guard calls.count > 1, isTimed ? calls[1].nanoseconds >= first.nanoseconds / 4 : true else {
      return first.name
    }
    return "\(first.name) and \(calls[1].name)"
  }
}
