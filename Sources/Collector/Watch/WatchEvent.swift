import Records

/// What can happen to the terminal view. Everything it shows came in through one of these.
public enum WatchEvent: Sendable {
  /// A row arrived. Rows of hosts that `hosts` didn't name are passed over.
  case sample(HostSample)
  /// How we stand with a host changed.
  case status(HostStatus)
  /// The fleet was (re)loaded: these hosts, in this order. What is known of those that stay,
  /// stays.
  case hosts([String])
  case key(WatchKey)
  /// The terminal has another size now.
  case resize(columns: Int, rows: Int)
  /// The viewer's clock, about once a second: ages are counted and hosts change places on it.
  case tick(Timestamp)
  /// One line about the whole: who records, what was reloaded.
  case notice(String)
}

/// A key, as the terminal names it.
public enum WatchKey: Hashable, Sendable {
  case character(Character)
  case tab, escape
  case up, down, pageUp, pageDown, home, end
  /// Ctrl-C, or the terminal is gone.
  case interrupt
}

/// A way to look at the fleet. Each is drawn by a file of its own.
public enum WatchView: CaseIterable, Sendable {
  /// One line per host, updated in place, worst first.
  case table
  /// The rows of all hosts as they arrive.
  case merged

  /// Its name in the header line.
  var title: String {
    switch self {
    case .table: "table"
    case .merged: "merged"
    }
  }

  /// The key that chooses it.
  var key: Character {
    switch self {
    case .table: "1"
    case .merged: "2"
    }
  }

  /// The view that Tab goes to from this one.
  var next: WatchView {
    let all = WatchView.allCases
    let index = all.firstIndex(of: self) ?? 0
    return all[(index + 1) % all.count]
  }
}
