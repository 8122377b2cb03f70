import Records
import Testing

@testable import Watch

@Suite struct PastTests {
  private let hosts = ["web1", "db1"]

  private func live() -> WatchState {
    var state = WatchState(hosts: hosts, columns: 100, rows: 24, now: night)
    for host in hosts { state.apply(.sample(sample(host, night, calm(1)))) }
    state.apply(.tick(night))
    return state
  }

  /// Rows each second up to `at`, but for the seconds in `hole`.
  private func span(
    _ at: Timestamp, seconds: Int = 60, hole: Range<Int> = 0..<0, hosts: [String]? = nil,
    focus: Episode? = nil
  ) -> PastSpan {
    var samples: [HostSample] = []
    for second in 0...seconds where !hole.contains(second) {
      let time = at.advanced(bySeconds: Double(second - seconds))
      for host in self.hosts { samples.append(sample(host, time, calm(Int64(second)))) }
    }
    return PastSpan(
      at: at, from: at.advanced(bySeconds: -1800), hosts: hosts ?? self.hosts, samples: samples,
      episodes: focus.map { [$0] } ?? [], focus: focus)
  }

  private func spike(_ host: String, _ peak: Timestamp) -> Episode {
    Episode(
      host: host, start: peak.advanced(bySeconds: -30), peak: peak,
      end: peak.advanced(bySeconds: 60), isOpen: false, kind: .disk, load1Peak: 12,
      runnablePeak: 2, blockedPeak: 11, cpus: 4, verdict: "disk: eleven tasks waited")
  }

  @Test(arguments: [
    ("t", -60.0), ("tt", -120), ("d", -86_400), ("dT", -86_340), ("ttT", -60),
  ])
  func keysGoBackAndForward(keys: String, seconds: Double) {
    var state = live()
    state.type(keys)
    let wanted = night.advanced(bySeconds: seconds)
    #expect(
      state.takeRequests().last == .past(at: wanted, spanSeconds: state.pastSpanSeconds))
    state.apply(.past(span(wanted)))
    #expect(state.shownPast == wanted)
    let screen = Screen.render(state)
    #expect(screen.line(0).contains("PAST") && screen.line(1).hasPrefix("PAST 2026-11-2"))
  }

  @Test func nowIsTheEndOfTime() {
    var state = live()
    state.type("T")
    #expect(state.takeRequests().isEmpty && state.reply != nil)
    state.type("tTT")
    #expect(state.travel == nil)
    state.type("0")
    #expect(state.travel == nil && state.reply == "this is now")
  }

  /// Live rows are taken in while the past is shown, and are there on the way back.
  @Test func recordingGoesOnUnderneath() {
    var state = live()
    state.type("2t")
    let past = night.advanced(bySeconds: -60)
    state.apply(.past(span(past)))
    let before = Screen.render(state).text.dropFirst(2)
    let later = night.advanced(bySeconds: 5)
    state.apply(.sample(sample("web1", later, calm(77))))
    state.apply(.tick(later))
    #expect(Array(Screen.render(state).text.dropFirst(2)) == Array(before))
    state.type("0")
    #expect(state.shownPast == nil)
    #expect(Screen.render(state).text.contains { $0.contains(" 77 ") })
  }

  @Test func anAnswerToAQuestionTakenBackIsIgnored() {
    var state = live()
    state.type("t0")
    state.apply(.past(span(night.advanced(bySeconds: -60))))
    #expect(state.shownPast == nil)
    state.apply(.pastFailed("no history"))
    #expect(state.reply == nil)
  }

  @Test func withoutHistoryTheKeysSaySo() {
    var state = live()
    state.type("t")
    #expect(Screen.render(state).line(1).contains("being read"))
    state.apply(.pastFailed("no history at x.db; start culprit collect, or watch --db FILE"))
    #expect(state.travel == nil)
    #expect(Screen.render(state).line(23).hasPrefix("no history at x.db; start culprit collect"))
  }

  @Test func aFailureStaysWhereOneIs() {
    var state = live()
    state.type("t")
    let shown = night.advanced(bySeconds: -60)
    state.apply(.past(span(shown)))
    state.type("d")
    state.apply(.pastFailed("the disk is gone"))
    #expect(state.shownPast == shown && state.reply == "the disk is gone")
    _ = state.takeRequests()
    state.type("t")
    #expect(
      state.takeRequests()
        == [.past(at: night.advanced(bySeconds: -120), spanSeconds: state.pastSpanSeconds)])
  }

  @Test func timesAreAskedForInWords() {
    var state = live()
    state.type("b03:12<Enter>")
    #expect(
      state.takeRequests() == [.goTo(text: "03:12", spanSeconds: state.pastSpanSeconds)])
    state.type("b<Enter>")
    #expect(state.takeRequests().isEmpty)
  }

  /// The issue's own measure: last night's spike in three keys. `e` goes to it, Enter shows its
  /// host alone.
  @Test func lastNightsSpikeIsTwoKeysAway() {
    var state = live()
    state.type("e")
    #expect(
      state.takeRequests()
        == [.spike(.before, of: night, host: nil, spanSeconds: state.pastSpanSeconds)])
    let peak = night.advanced(bySeconds: -40_000)
    state.apply(.past(span(peak, focus: spike("db1", peak))))
    #expect(state.reply == "db1: disk: eleven tasks waited")
    state.type("<Enter>")
    #expect(state.zoomed == "db1")
    #expect(Screen.render(state).text.contains { $0.hasPrefix("spike ") })
    state.type("E")
    #expect(
      state.takeRequests()
        == [.spike(.after, of: peak, host: "db1", spanSeconds: state.pastSpanSeconds)])
  }

  @Test func holesAreDrawnAsHoles() {
    var state = live()
    state.type("2t")
    let at = night.advanced(bySeconds: -60)
    state.apply(.past(span(at, hole: 20..<51)))
    let gaps = Screen.render(state).text.filter { $0.contains("no rows 03:10:19–03:10:51") }
    #expect(gaps.count == 1, "one line for the whole fleet")
    state.type("3")
    state.apply(.resize(columns: 100, rows: 90))
    #expect(Screen.render(state).text.count { $0.contains("no rows 03:10:19–03:10:51") } == 2)
    let pressure = state.fleet.hosts[0].pressure.suffix(60)
    #expect(pressure.count { $0 == nil } == 31)
  }

  @Test func whoHasNoRowsThenSaysSo() {
    var state = live()
    state.type("t")
    let at = night.advanced(bySeconds: -60)
    var past = span(at.advanced(bySeconds: -600), hosts: ["web1", "db1", "old1"])
    past.at = at
    state.apply(.past(past))
    let text = Screen.render(state).text
    #expect(
      text.contains { $0.hasPrefix("web1") && $0.contains("no rows then, last row 03:01:00") })
    #expect(text.contains { $0.hasPrefix("old1") && $0.hasSuffix("no rows then") })
  }

  @Test func anEmptySpanSaysWhereTheRowsAre() {
    var state = live()
    state.type("d")
    state.apply(
      .past(
        PastSpan(
          at: night.advanced(bySeconds: -86_400), from: night, hosts: hosts, samples: [],
          lastRowBefore: night.advanced(bySeconds: -90_000))))
    #expect(
      state.reply == "no row of these hosts around 2026-11-22 03:12:00; "
        + "the last one before is of 2026-11-22 02:12:00")
  }

  /// A log written every minute has no holes of a minute, and every row counts.
  @Test func slowLogsHaveNoHoles() {
    var state = live()
    state.type("t")
    let at = night.advanced(bySeconds: -60)
    let samples = (0..<30).map { minute in
      sample("web1", at.advanced(bySeconds: Double(minute - 29) * 60), calm(1))
    }
    state.apply(.past(PastSpan(at: at, from: at, hosts: hosts, samples: samples)))
    #expect(state.fleet[host: "web1"]?.showsFigures == true)
    #expect(state.fleet.hosts[0].pressure.suffix(60).allSatisfy { $0 != nil })
  }

  @Test func thePastIsNotFrozenOrMarked() {
    var state = live()
    state.type("t")
    state.apply(.past(span(night.advanced(bySeconds: -60))))
    state.type("<Space>")
    #expect(!state.isFrozen && state.reply?.contains("stands still") == true)
  }
}
