import History
import Records
import TraceReport
import Wire

/// Traces on their way into the history, and out of it again: what is kept is what agents send, so
/// that a trace is shown as it was when it was made.
public enum TraceEvidence {
  /// What is to be kept of traces that were made together; `nil` where they tell of nobody's calls, and
  /// of nobody who waits.
  public static func record(
    _ traces: [(host: String, trace: HostTrace)], of request: TraceRequest,
    cause: TraceRecord.Cause = .asked, time: Timestamp = .now
  ) -> TraceRecord? {
    let worth = traces.filter { $0.trace.isEvidence }
    guard !worth.isEmpty else { return nil }
    return TraceRecord(
      time: time, cause: cause, selection: request.selection.words,
      hosts: worth.map { host, trace in
        TraceRecord.Host(
          name: host, trace: trace,
          verdicts: trace.processes.map { TraceVerdict.sentence(for: $0) },
          encoded: TraceAnswer.bytes(of: trace, number: 0))
      })
  }

  /// The traces that were kept, but for those that can't be read.
  public static func traces(
    _ parts: [(host: String, encoded: [UInt8])]
  ) -> [(host: String, trace: HostTrace)] {
    parts.compactMap { host, encoded in
      TraceAnswer.trace(of: FrameDecoder.frames(of: encoded).map(\.frame)).map {
        (host: host, trace: $0)
      }
    }
  }
}

extension HostTrace {
  fileprivate var isEvidence: Bool {
    !isDryRun && (!processes.isEmpty || skipped.contains { $0.wait != nil })
  }
}
