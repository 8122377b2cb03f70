import Collector
import Foundation
import Logging
import Records
import Watch

/// Watching on a terminal: events into the state, the state onto the screen.
struct WatchScreen: ~Copyable {
  /// What the command line asks of the view.
  struct Options {
    var hosts: [String]
    var zone: ZoneOptions
    var view: WatchView?
    var splitColumns: Int?
    var rules: WatchRules
    /// The moment of the past to begin with.
    var at: Timestamp?
    var notice: String?
  }

  /// How long a key is waited for, which is also how often events are looked for.
  private static let keyMilliseconds: Int32 = 100
  /// The same while the history is read: its answer is what the viewer waits for.
  private static let answerMilliseconds: Int32 = 10
  /// Least time between two frames that no key asked for.
  private static let frameSeconds = 0.25
  /// Most keys that are taken between two frames: a wheel sends many at once.
  private static let keysPerFrame = 64

  private var driver: TerminalDriver
  private var state: WatchState
  private var journal: StateJournal
  private var meter = OwnCostMeter()
  private var toldProblem: String?
  private let past: PastReader
  private let zone: ZoneOptions

  init(_ options: Options, past: PastReader, log: Logger) throws {
    journal = StateJournal(log: log)
    self.past = past
    zone = options.zone
    do throws(TerminalError) {
      driver = try TerminalDriver()
    } catch {
      throw CommandFailure.failed(error.description)
    }
    let size = driver.size
    state = WatchState(
      hosts: options.hosts, columns: size.columns, rows: size.rows, now: .now,
      zone: options.zone.viewerZone, colours: driver.colours, ascii: driver.ascii,
      view: options.view ?? .usual(hosts: options.hosts.count),
      splitColumns: options.splitColumns, rules: options.rules)
    if let notice = options.notice { state.apply(.notice(notice)) }
    if let at = options.at { state.visit(at) }
  }

  mutating func run(
    _ source: inout any EventSource, signals: StopSignals, until end: SteadyTime
  ) throws {
    defer {
      driver.close()
      past.close()
    }
    var nextTick = SteadyTime.now
    var nextFrame = SteadyTime.now
    var hasChanged = true
    while !signals.wantsStop, !state.wantsQuit, !end.isPast {
      let events = try source.poll()
      take(events)
      if nextTick.isPast {
        state.apply(.cost(meter.read(receivedBytes: source.receivedBytes)))
        tell(source.problem)
        state.apply(.tick(.now))
        nextTick = .after(seconds: 1)
        hasChanged = true
      }
      hasChanged = hasChanged || !events.isEmpty
      if fulfil() {
        hasChanged = true
        nextFrame = .now
      }
      if hasChanged, nextFrame.isPast {
        driver.draw(Screen.render(state))
        meter.frames += 1
        hasChanged = false
        nextFrame = .after(seconds: WatchScreen.frameSeconds)
      }
      if takeKeys() {
        hasChanged = true
        nextFrame = .now
      }
    }
  }

  /// What concerns the whole and can't wait for the end: that nothing is recorded.
  private mutating func tell(_ problem: String?) {
    guard problem != toldProblem else { return }
    state.apply(.notice(problem ?? "recording again"))
    toldProblem = problem
  }

  private mutating func take(_ events: [FleetEvent]) {
    journal.note(events)
    var rows = 0
    for event in events {
      switch event {
      case .sample(let sample):
        rows += 1
        state.apply(.sample(sample))
      case .status(let status): state.apply(.status(status))
      case .suspects(let report): state.apply(.suspects(report))
      case .activity(let activity): state.apply(.activity(activity))
      case .burst(let burst): state.apply(.burst(burst))
      case .delivery, .lost, .listed, .filled, .traced: break
      }
    }
    meter.take(rows: rows)
  }

  /// Waits for a key, and takes those that came with it; returns whether there was one.
  private mutating func takeKeys() -> Bool {
    var wait =
      state.isAwaitingPast ? WatchScreen.answerMilliseconds : WatchScreen.keyMilliseconds
    var count = 0
    while count < WatchScreen.keysPerFrame,
      let event = driver.nextEvent(timeoutMilliseconds: wait)
    {
      state.apply(event)
      count += 1
      wait = 0
    }
    return count > 0
  }

  /// Does what the viewer asked for, and takes in what has been found; returns whether the
  /// screen has to change.
  private mutating func fulfil() -> Bool {
    var hasChanged = false
    for request in state.takeRequests() {
      switch request {
      case .screenshot:
        let text = ScreenshotFile.write(
          Screen.render(state), at: .now, zone: zone.timeZone,
          folders: [".", StandardPlaces.stateFolder])
        state.apply(.reply(text))
        hasChanged = true
      case .past, .goTo, .spike: past.ask(request, now: .now)
      }
    }
    if let answer = past.poll() {
      state.apply(answer)
      hasChanged = true
    }
    return hasChanged
  }
}
