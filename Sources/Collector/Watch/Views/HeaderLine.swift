import Records

/// The first line: how many hosts in which state, the views with their keys, the clock.
enum HeaderLine {
  private static let title = Style(.heading, bold: true, reverse: true)

  static func draw(_ state: WatchState, on screen: inout Screen) {
    screen.fill(row: 0, style: .bar)
    let titles = titles(state)
    let least = titles.last?.utf8.count ?? 0
    var room = screen.columns
    let clock = clock(state)
    if room > clock.utf8.count {
      let style = state.isFrozen || state.shownPast != nil ? title : .bar
      room = screen.put(clock, row: 0, endingAt: room, from: 0, style: style) - 1
    }
    let labels = labels(state)
    let width = labels.reduce(0) { $0 + $1.text.utf8.count + 2 }
    if room - width >= least {
      var column = room - width
      room = column
      for label in labels {
        column = screen.put(label.text, row: 0, column: column + 2, style: label.style)
      }
    }
    let left = titles.first { $0.utf8.count <= room } ?? ""
    screen.put(left, row: 0, column: 0, end: room, style: title)
  }

  private static func clock(_ state: WatchState) -> String {
    let now = state.shownNow
    let time = "\(state.zone.clock(now)) \(state.zone.label(now))"
    if state.shownPast != nil { return "PAST \(time)" }
    return state.isFrozen ? "FROZEN \(time)" : time
  }

  /// The views and their keys; the one that is shown stands out.
  private static func labels(_ state: WatchState) -> [(text: String, style: Style)] {
    let views: [(WatchView, WatchAction, String)] = [
      (.table, .table, "table"), (.merged, .merged, "merged"), (.split, .split, "split"),
      (.processes, .processes, "procs"),
    ]
    var labels = views.map { view, action, title in
      let isShown = view == state.view && !state.showsHelp && state.zoomed == nil
      return (
        "\(state.keyName(action)) \(title)",
        isShown ? Style(.heading, bold: true) : .bar
      )
    }
    labels.append(
      ("\(state.keyName(.help)) help", state.showsHelp ? Style(.heading, bold: true) : .bar))
    return labels
  }

  /// What can be said of the hosts, from most to least: the first that has room is shown.
  private static func titles(_ state: WatchState) -> [String] {
    let hosts = state.fleet.hosts
    let noun = hosts.count == 1 ? "host" : "hosts"
    if state.shownPast != nil {
      let present = hosts.indices.count { hosts[$0].showsFigures }
      return [
        "culprit \(hosts.count) \(noun), \(present) with rows then",
        "\(present) of \(hosts.count) then", "\(present)/\(hosts.count)",
      ]
    }
    // By places: iterating would copy each host, and there may be a thousand.
    var counts: [HostState: Int] = [:]
    for place in hosts.indices { counts[hosts[place].status.state, default: 0] += 1 }
    let states = HostState.allCases
      .sorted { $0.isHealthy && !$1.isHealthy }
      .map { state in (state, counts[state] ?? 0) }
      .filter { $0.1 > 0 }
    let words = states.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
    let healthy = counts.reduce(0) { $0 + ($1.key.isHealthy ? $1.value : 0) }
    return [
      "culprit \(hosts.count) \(noun)\(words.isEmpty ? "" : ": \(words)")",
      "culprit \(healthy) of \(hosts.count) \(noun) connected",
      "\(healthy) of \(hosts.count) connected",
      "\(healthy)/\(hosts.count)",
    ]
  }
}
