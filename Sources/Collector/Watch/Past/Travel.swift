import Records

/// Being in the past, or on the way there.
struct Travel: Sendable {
  struct Shown: Sendable {
    var at: Timestamp
    var fleet: WatchedFleet
    var episodes: [Episode]
  }

  /// Where the viewer wants to be: further than `shown` while the history is asked.
  var wanted: Timestamp
  /// What is on the screen; `nil` on the first way there, when it is the present still.
  var shown: Shown?
  /// An answer is to come. Without it one that comes is of a question that was taken back.
  var isAwaited = true
}

extension WatchState {
  /// Seconds before the moment that are asked for: rows enough for the scrolls, not more than
  /// can be read while the viewer waits.
  var pastSpanSeconds: Double {
    min(max(40_000 / Double(max(1, liveHostCount)), 120), 1800)
  }

  /// Whether the history has been asked and not answered yet.
  public var isAwaitingPast: Bool { travel?.isAwaited ?? false }

  /// Asks for a moment of the past.
  public mutating func visit(_ moment: Timestamp) {
    guard moment < now else { return goLive() }
    expect(moment, .past(at: moment, spanSeconds: pastSpanSeconds))
  }

  /// Goes on from the moment that is shown, or wanted already.
  mutating func step(bySeconds seconds: Double) {
    if travel == nil, seconds > 0 {
      reply = "this is now; \(keyName(.minuteBack)) goes a minute back"
      return
    }
    visit((travel?.wanted ?? now).advanced(bySeconds: seconds))
  }

  mutating func visitSpike(_ direction: SpikeDirection) {
    let base = travel?.shown?.at ?? now
    expect(
      travel?.wanted ?? now,
      .spike(direction, of: base, host: zoomed, spanSeconds: pastSpanSeconds))
  }

  mutating func goTo(_ text: String) {
    expect(travel?.wanted ?? now, .goTo(text: text, spanSeconds: pastSpanSeconds))
  }

  mutating func goLive() {
    if travel == nil, frozen == nil { reply = "this is now" }
    travel = nil
    frozen = nil
    scrollEnds = [:]
    found = nil
    settleFolding()
  }

  private mutating func expect(_ moment: Timestamp, _ request: WatchRequest) {
    travel = Travel(wanted: moment, shown: travel?.shown)
    ask(request)
  }

  mutating func ask(_ request: WatchRequest) {
    guard requests.count < WatchState.requestsLimit else { return }
    requests.append(request)
  }

  /// The history has answered.
  mutating func arrive(_ span: PastSpan) {
    guard travel?.isAwaited == true else { return }
    let past = WatchedFleet(span, zone: zone, arrangement: arrangement)
    travel = Travel(
      wanted: span.at,
      shown: Travel.Shown(at: span.at, fleet: past, episodes: span.episodes), isAwaited: false)
    scrollEnds = [:]
    found = nil
    showsHelp = false
    if let zoomed, past[host: zoomed] == nil { self.zoomed = nil }
    if let focus = span.focus {
      cursor = focus.host
      reply = "\(focus.host): \(focus.verdict)"
    } else if span.samples.isEmpty {
      let before = span.lastRowBefore.map { "; the last one before is of \(zone.date($0))" } ?? ""
      reply = "no row of these hosts around \(zone.date(span.at))\(before)"
    }
    settleFolding()
  }

  /// The history has no answer: the screen stays where it is.
  mutating func stay(_ reason: String) {
    guard travel?.isAwaited == true else { return }
    reply = reason
    guard let shown = travel?.shown else { return goLiveQuietly() }
    travel = Travel(wanted: shown.at, shown: shown, isAwaited: false)
  }

  private mutating func goLiveQuietly() { travel = nil }

  /// The load spikes of a host that the history has around the moment shown.
  func episodes(of host: String) -> [Episode] {
    travel?.shown?.episodes.filter { $0.host == host } ?? []
  }

  func keyName(_ action: WatchAction) -> String {
    rules.keymap.names(of: action).first ?? action.rawValue
  }
}
