import Foundation
import History
import Logging
import Records
import Synchronization

/// Looks for episodes in what came out of spools, on a thread of its own: reading an hour of a fleet
/// takes seconds, and live rows don't wait.
final class LateDiagnosis: Sendable {
  private struct State {
    /// What is being filled, by host.
    var filling: [String: SpanDiagnosis.Span] = [:]
    var due: [String: SpanDiagnosis.Span] = [:]
    var isStopping = false
  }

  /// How long spans are gathered, so that hosts that were away together are read together.
  private static let gatherSeconds = 3.0
  /// How long until a span is looked at again that an open episode cut off.
  private static let retrySeconds = 60.0

  private let store: HistoryStore
  private let log: Logger
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  init(store: HistoryStore, log: Logger) {
    self.store = store
    self.log = log
  }

  /// A late row was stored.
  func note(host: String, _ time: Timestamp) {
    state.withLock { LateDiagnosis.extend(&$0.filling, host, time, time) }
  }

  /// For now nothing more comes of the host.
  func finish(host: String) {
    let isDue = state.withLock { state in
      guard let span = state.filling.removeValue(forKey: host) else { return false }
      LateDiagnosis.extend(&state.due, host, span.from, span.to)
      return true
    }
    if isDue { wake.signal() }
  }

  private static func extend(
    _ spans: inout [String: SpanDiagnosis.Span], _ host: String, _ from: Timestamp, _ to: Timestamp
  ) {
    let known = spans[host]
    spans[host] = SpanDiagnosis.Span(
      host: host, from: min(known?.from ?? from, from), to: max(known?.to ?? to, to))
  }

  /// What was stored is diagnosed before this ends.
  func stop() {
    state.withLock { state in
      state.isStopping = true
      for span in state.filling.values {
        LateDiagnosis.extend(&state.due, span.host, span.from, span.to)
      }
      state.filling = [:]
    }
    wake.signal()
  }

  /// The thread's body: returns after `stop`.
  func run() {
    var again: [SpanDiagnosis.Span] = []
    while true {
      let patience = again.isEmpty ? DispatchTime.distantFuture : .now() + Self.retrySeconds
      _ = wake.wait(timeout: patience)
      if !state.withLock({ $0.isStopping }) { Thread.sleep(forTimeInterval: Self.gatherSeconds) }
      let (spans, isLast) = state.withLock { state in
        for span in again { LateDiagnosis.extend(&state.due, span.host, span.from, span.to) }
        defer { state.due = [:] }
        return (Array(state.due.values), state.isStopping)
      }
      again = diagnose(spans)
      if isLast { return }
    }
  }

  private func diagnose(_ spans: [SpanDiagnosis.Span]) -> [SpanDiagnosis.Span] {
    guard !spans.isEmpty else { return [] }
    do {
      return try SpanDiagnosis(store: store).diagnose(spans)
    } catch {
      log.error("no spikes are looked for in late rows: \(error)")
      return []
    }
  }
}
