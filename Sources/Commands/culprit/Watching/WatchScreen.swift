import Collector
import Foundation
import Logging
import Records
import Watch

/// Watching on a terminal: events into the state, the state onto the screen.
struct WatchScreen: ~Copyable {
  /// How long a key is waited for, which is also how often events are looked for.
  private static let keyMilliseconds: Int32 = 100
  /// Least time between two frames that no key asked for: a frame of 1,000 hosts is 10 ms of CPU.
  private static let frameSeconds = 0.25

  private var driver: TerminalDriver
  private var state: WatchState
  private var journal: StateJournal

  init(hosts: [String], zone: ViewerZone, view: WatchCommand.View, notice: String?, log: Logger)
    throws
  {
    journal = StateJournal(log: log)
    do throws(TerminalError) {
      driver = try TerminalDriver()
    } catch {
      throw CommandFailure.failed(error.description)
    }
    let size = driver.size
    state = WatchState(
      hosts: hosts, columns: size.columns, rows: size.rows, now: .now, zone: zone,
      colours: driver.colours, ascii: driver.ascii)
    if view == .merged { state.apply(.key(.character("2"))) }
    if let notice { state.apply(.notice(notice)) }
  }

  mutating func run(
    _ source: inout any EventSource, signals: StopSignals, until end: SteadyTime
  ) throws {
    defer { driver.close() }
    var nextTick = SteadyTime.now
    var nextFrame = SteadyTime.now
    var hasChanged = true
    while !signals.wantsStop, !state.wantsQuit, !end.isPast {
      let events = try source.poll()
      take(events)
      if nextTick.isPast {
        state.apply(.tick(.now))
        nextTick = .after(seconds: 1)
        hasChanged = true
      }
      hasChanged = hasChanged || !events.isEmpty
      if hasChanged, nextFrame.isPast {
        driver.draw(Screen.render(state))
        hasChanged = false
        nextFrame = .after(seconds: WatchScreen.frameSeconds)
      }
      if let event = driver.nextEvent(timeoutMilliseconds: WatchScreen.keyMilliseconds) {
        state.apply(event)
        hasChanged = true
        nextFrame = .now
      }
    }
  }

  private mutating func take(_ events: [FleetEvent]) {
    journal.note(events)
    for event in events {
      switch event {
      case .sample(let sample): state.apply(.sample(sample))
      case .status(let status): state.apply(.status(status))
      case .suspects: break
      }
    }
  }
}
