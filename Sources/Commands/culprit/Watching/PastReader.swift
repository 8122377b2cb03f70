import Bytes
import Dispatch
import Foundation
import History
import Records
import Synchronization
import Watch

/// Answers the view's questions about the past from the history, beside the thread that draws:
/// however slow the disk is, keys are answered.
///
/// There is one question at a time, the newest: one that is asked while another is being
/// answered takes its place, and the older answer is thrown away.
final class PastReader: Sendable {
  /// Whose rows are shown.
  struct Scope {
    /// The hosts that are watched, which come first.
    var watched: [String]
    /// Whether the viewer named them, and wants no others. Without that a host that was only
    /// imported is shown too.
    var isNamed: Bool
  }

  private struct State {
    var store: HistoryStore?
    var newest = 0
    var answer: WatchEvent?
  }

  /// Most rows of a span: what one terminal can show, and can be read while a person waits.
  private static let rowsLimit = 60_000
  /// Rows between two looks at whether the question still stands.
  private static let rowsBetweenLooks = 1024

  private let paths: [String]
  private let scope: Scope
  private let zone: TimeZone
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "culprit.past")

  /// `paths`: where the history may be; the first that can be opened is read.
  init(paths: [String], scope: Scope, zone: TimeZone) {
    self.paths = paths
    self.scope = scope
    self.zone = zone
  }

  /// Begins to look for the answer.
  func ask(_ request: WatchRequest, now: Timestamp) {
    let number = state.withLock { state in
      state.newest += 1
      state.answer = nil
      return state.newest
    }
    queue.async { [self] in
      guard isNewest(number) else { return }
      let answer = answer(request, now: now, number)
      state.withLock { state in
        if state.newest == number { state.answer = answer }
      }
    }
  }

  /// The answer to the newest question, once.
  func poll() -> WatchEvent? {
    state.withLock { state in
      defer { state.answer = nil }
      return state.answer
    }
  }

  func close() {
    queue.sync {
      let store = state.withLock { state in
        defer { state.store = nil }
        return state.store
      }
      try? store?.close()
    }
  }

  private func isNewest(_ number: Int) -> Bool { state.withLock { $0.newest == number } }

  private func answer(_ request: WatchRequest, now: Timestamp, _ number: Int) -> WatchEvent? {
    do {
      switch request {
      case .screenshot: return nil
      case .past(let at, let seconds):
        return .past(try span(at, seconds, focus: nil, number))
      case .goTo(let text, let seconds):
        guard let time = TimeExpression(argument: text) else {
          return .pastFailed(
            "“\(Printable.text(text, limit: 40))” is no time: \(TimeExpression.help)")
        }
        let at = time.moment(now: now, zone: zone)
        guard at <= now else { return .pastFailed("\(Moments.date(at, zone)) is yet to come") }
        return .past(try span(at, seconds, focus: nil, number))
      case .spike(let direction, let moment, let host, let seconds):
        guard let spike = try spike(direction, moment, host) else {
          let named = scope.isNamed ? " of the hosts named" : ""
          let whose = host.map { " of \(Printable.text($0, limit: 80))" } ?? named
          let word = direction == .before ? "before" : "after"
          return .pastFailed(
            "the history has no load spike\(whose) \(word) \(Moments.date(moment, zone))")
        }
        return .past(try span(spike.peak, seconds, focus: spike, number))
      }
    } catch {
      return .pastFailed(error.description)
    }
  }

  private func open() throws(CommandFailure) -> HistoryStore {
    if let store = state.withLock({ $0.store }) { return store }
    var problem: String?
    for path in paths where FileManager.default.fileExists(atPath: path) {
      do throws(HistoryError) {
        let store = try HistoryStore.openReadOnly(path: path)
        state.withLock { $0.store = store }
        return store
      } catch {
        problem = problem ?? error.description
      }
    }
    throw .failed(
      problem
        ?? "no history: start culprit collect, or watch --db FILE (looked at "
        + "\(paths.joined(separator: ", ")))")
  }

  private func span(
    _ at: Timestamp, _ seconds: Double, focus: Episode?, _ number: Int
  ) throws(CommandFailure) -> PastSpan {
    let store = try open()
    let from = at.advanced(bySeconds: -seconds)
    let names = try hosts(store)
    var samples = try rows(of: names, from: from, to: at, store, number)
    samples.reverse()
    let episodes = try store.answering { store throws(HistoryError) in
      try store.episodes(hosts: names, from: from, to: at)
    }
    var before: Timestamp?
    if samples.isEmpty {
      before = try lastRow(of: names, before: at, store)
    }
    let suspects = try store.answering { store throws(HistoryError) in
      try store.suspects(hosts: names, from: from, to: at)
    }
    let activities = try store.answering { store throws(HistoryError) in
      try store.activities(hosts: names, at: at)
    }
    return PastSpan(
      at: at, from: from, hosts: names, samples: samples, episodes: episodes,
      suspects: suspects, activities: activities, focus: focus, lastRowBefore: before)
  }

  /// Newest first, so that what has no room is what lies furthest back.
  private func rows(
    of hosts: [String], from: Timestamp, to: Timestamp, _ store: HistoryStore, _ number: Int
  ) throws(CommandFailure) -> [HostSample] {
    var samples: [HostSample] = []
    do {
      try store.forEachSample(
        hosts: hosts, from: from, to: to, limit: PastReader.rowsLimit, newestFirst: true
      ) { sample in
        samples.append(sample)
        return samples.count % PastReader.rowsBetweenLooks != 0 || isNewest(number)
      }
    } catch {
      throw .failed("\(error)")
    }
    return samples
  }

  private func lastRow(
    of hosts: [String], before moment: Timestamp, _ store: HistoryStore
  ) throws(CommandFailure) -> Timestamp? {
    var time: Timestamp?
    do {
      try store.forEachSample(hosts: hosts, to: moment, limit: 1, newestFirst: true) { sample in
        time = sample.time
        return false
      }
    } catch {
      throw .failed("\(error)")
    }
    return time
  }

  /// The one whose peak is nearest in that direction.
  private func spike(
    _ direction: SpikeDirection, _ moment: Timestamp, _ host: String?
  ) throws(CommandFailure) -> Episode? {
    let store = try open()
    let names = if let host { [host] } else { try hosts(store) }
    let all = try store.answering { store throws(HistoryError) in
      switch direction {
      case .before: try store.episodes(hosts: names, to: moment)
      case .after: try store.episodes(hosts: names, from: moment)
      }
    }
    switch direction {
    case .before: return all.filter { $0.peak < moment }.max { $0.peak < $1.peak }
    case .after: return all.filter { $0.peak > moment }.min { $0.peak < $1.peak }
    }
  }

  private func hosts(_ store: HistoryStore) throws(CommandFailure) -> [String] {
    guard !scope.isNamed else { return scope.watched }
    let known = try store.answering { store throws(HistoryError) in
      try store.hosts().map(\.status.host)
    }
    let watched = Set(scope.watched)
    return scope.watched + known.filter { !watched.contains($0) }
  }
}
