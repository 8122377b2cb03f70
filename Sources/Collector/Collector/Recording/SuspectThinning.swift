import Records

/// Which looks at waiting tasks are stored. An agent looks at each tick, and mostly sees what it
/// saw before: then one look in ten seconds tells enough, as often as ps is asked.
///
/// A look that shows something new (a process that waits, or what it waits for) is stored at once,
/// but no more than a few of them: on a disk at work each tick has others.
struct SuspectThinning {
  /// Seconds between two looks that show nothing new.
  static let quietSeconds = SuspectQuestion.leastSeconds
  /// How long what was seen stays known, seconds.
  static let knownSeconds = 60.0
  /// Looks that may be stored at once, before they have to wait for `quietSeconds` each.
  static let freeLooks = 5
  /// Waits remembered of one host.
  static let waitsLimit = 2_000

  private struct Wait: Hashable {
    var pid: Int
    var waitsFor: String?
  }

  private struct Host {
    var stored: Timestamp?
    /// When each was seen last.
    var waits: [Wait: Timestamp] = [:]
    var freeLooks = SuspectThinning.freeLooks

    /// Remembers who waits for what; whether any of it is new.
    mutating func note(_ report: SuspectReport) -> Bool {
      var isNews = false
      for suspect in report.suspects {
        let wait = Wait(pid: suspect.pid, waitsFor: suspect.waitsFor)
        let seen = waits.updateValue(report.time, forKey: wait)
        if seen.map({ !isRecent($0, at: report.time) }) ?? true { isNews = true }
      }
      guard waits.count > SuspectThinning.waitsLimit else { return isNews }
      waits = waits.filter { isRecent($0.value, at: report.time) }
      // More than that at once can't be told apart from noise: what is known begins anew.
      if waits.count > SuspectThinning.waitsLimit { waits.removeAll() }
      return isNews
    }

    private func isRecent(_ seen: Timestamp, at now: Timestamp) -> Bool {
      abs(now.seconds(since: seen)) <= SuspectThinning.knownSeconds
    }
  }

  private var hosts: [String: Host] = [:]

  /// Waits remembered of a host.
  func waitCount(of host: String) -> Int { hosts[host]?.waits.count ?? 0 }

  /// Whether the look is to be stored.
  mutating func keeps(_ report: SuspectReport) -> Bool {
    // Of ps there are no more than needed, and a look without a task has no row.
    guard report.source == .agent else { return true }
    guard !report.suspects.isEmpty else { return false }
    var host = hosts.removeValue(forKey: report.host) ?? Host()
    defer { hosts[report.host] = host }
    let isNews = host.note(report)
    // A clock that was set back makes it due, too.
    let isDue =
      host.stored.map { abs(report.time.seconds(since: $0)) >= SuspectThinning.quietSeconds }
      ?? true
    if isDue {
      host.freeLooks = min(SuspectThinning.freeLooks, host.freeLooks + 1)
    } else {
      guard isNews, host.freeLooks > 0 else { return false }
      host.freeLooks -= 1
      // The next one that is due doesn't wait longer for it.
      return true
    }
    host.stored = report.time
    return true
  }
}
