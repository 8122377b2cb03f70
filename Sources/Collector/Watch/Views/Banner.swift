import Records

/// The line that says which moment of the past is shown, and how to move in time.
enum Banner {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    guard state.hasBanner, let travel = state.travel else { return }
    let style = Style(.warning, bold: true, reverse: true)
    screen.fill(row: 1, style: style)
    screen.put(text(state, travel), row: 1, column: 0, style: style)
  }

  private static func text(_ state: WatchState, _ travel: Travel) -> String {
    guard let shown = travel.shown else {
      return "NOW; the history is being read …  \(state.keyName(.live)) stays here"
    }
    let age = CompactNumber.age(seconds: state.now.elapsed(since: shown.at))
    var text = "PAST \(state.zone.date(shown.at)), \(age) ago"
    if travel.isAwaited { text += "; reading …" }
    let keys: [(WatchAction, WatchAction, String)] = [
      (.minuteBack, .minuteForward, "minute"), (.dayBack, .dayForward, "day"),
      (.spikeBack, .spikeForward, "spike"),
    ]
    text += " "
    for (back, forward, name) in keys {
      text += " \(state.keyName(back))/\(state.keyName(forward)) \(name)"
    }
    return "\(text) \(state.keyName(.goTo)) go to \(state.keyName(.live)) live"
  }
}
