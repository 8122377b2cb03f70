import Records

/// What can happen to the terminal view. Everything it shows came in through one of these.
public enum WatchEvent: Sendable {
  /// A row arrived. Rows of hosts that `hosts` didn't name are passed over.
  case sample(HostSample)
  /// How we stand with a host changed.
  case status(HostStatus)
  /// The tasks that a look at a host found in `D`.
  case suspects(SuspectReport)
  /// What an agent saw processes and devices do during a tick.
  case activity(HostActivity)
  /// A host's agent looks ten times a second, for something is wrong there, or has ceased to.
  case burst(HostBurst)
  /// The fleet was (re)loaded: these hosts, in this order. What is known of those that stay,
  /// stays.
  case hosts([String])
  case key(WatchKey)
  /// The terminal has another size now.
  case resize(columns: Int, rows: Int)
  /// The viewer's clock, about once a second: ages are counted and hosts change places on it.
  case tick(Timestamp)
  /// One line about the whole: who records, what was reloaded. It stays until the next.
  case notice(String)
  /// One line in answer to a key. It goes with the next key.
  case reply(String)
  /// What watching costs, about once a second.
  case cost(OwnCost)
  /// The answer to `WatchRequest.past`, `goTo` or `spike`.
  case past(PastSpan)
  /// The history has no answer: why, and what to do about it.
  case pastFailed(String)
}

/// What the viewer asked for that the view can't do by itself. Whoever drives it takes these
/// with `WatchState.takeRequests` and answers with events.
public enum WatchRequest: Equatable, Sendable {
  /// The fleet as it was: rows up to `at`, from `spanSeconds` before it on.
  case past(at: Timestamp, spanSeconds: Double)
  /// The same for a moment in words: `03:12`, `-2h`. It may hold anything a person can type.
  case goTo(text: String, spanSeconds: Double)
  /// The same for the peak of the last load spike before `moment`, or the first one after it;
  /// of `host` alone where one is named.
  case spike(SpikeDirection, of: Timestamp, host: String?, spanSeconds: Double)
  /// The screen as text into a file.
  case screenshot
}

public enum SpikeDirection: Sendable { case before, after }

/// A way to look at the fleet. Each is drawn by a file of its own.
public enum WatchView: String, CaseIterable, Sendable {
  /// One line per host, updated in place, worst first.
  case table
  /// The rows of all hosts as they arrive.
  case merged
  /// A window per host, each with its own rows.
  case split
  /// The fleet's processes, by what they move.
  case processes

  /// The view that Tab goes to from this one.
  var next: WatchView {
    let all = WatchView.allCases
    let index = all.firstIndex(of: self) ?? 0
    return all[(index + 1) % all.count]
  }

  /// What a fleet is shown in unless the viewer says otherwise: more windows than four are too
  /// small to read.
  public static func usual(hosts: Int) -> WatchView { (1...4).contains(hosts) ? .split : .table }
}
