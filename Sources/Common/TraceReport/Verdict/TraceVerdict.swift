import Bytes
import Records

/// What a process does, in one sentence, from the figures of its trace alone.
public enum TraceVerdict {
  /// Longest sentence, characters.
  public static let limit = 400

  /// `writes 4 KiB at a time with fsync after each to /var/lib/x: 91 % of its time`. Printable, of
  /// one line, without a full stop.
  public static func sentence(for process: TracedProcess) -> String {
    let figures = VerdictFigures(process)
    var words = nothing(figures) ?? single(figures) ?? files(figures) ?? others(figures)
    if process.usesIOUring, process.callCount > 0 {
      words += "; more may go through io_uring, which no trace of system calls can see"
    }
    if process.lostCalls > 0 {
      words += "; \(CountText.of(process.lostCalls)) calls were lost"
    }
    return Printable.text(words, limit: limit)
  }

  private static func nothing(_ figures: VerdictFigures) -> String? {
    guard figures.process.callCount == 0 else { return nil }
    if figures.process.usesIOUring {
      return "all of its I/O may go through io_uring, which no trace of system calls can see"
    }
    return figures.process.lostCalls > 0
      ? "no call of it could be told"
      : "made no system call: it computed, or sat in one from before"
  }

  /// A call that took most of the time on its own.
  private static func single(_ figures: VerdictFigures) -> String? {
    guard
      let call = figures.process.calls.filter({ $0.kind.isFileWork || $0.kind == .other })
        .max(by: { $0.slowestNanoseconds < $1.slowestNanoseconds }),
      call.slowestNanoseconds >= 500_000_000, call.slowestNanoseconds >= figures.base / 2,
      call.count < 20
    else { return nil }
    let place = call.slowestPath.map { " on \(VerdictFigures.shown($0))" } ?? ""
    let share = figures.share(of: call.slowestNanoseconds)
    return "hung in one \(call.name)\(place) for \(SpanText.of(call.slowestNanoseconds))\(share)"
  }

  private static func files(_ figures: VerdictFigures) -> String? {
    guard figures.fileWorkMatters else { return nil }
    return figures.fileSentence
  }

  private static func others(_ figures: VerdictFigures) -> String { figures.otherSentence }
}
