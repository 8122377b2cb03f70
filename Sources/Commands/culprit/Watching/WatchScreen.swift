import Collector
import Foundation
import Records
import Watch

/// Watching on a terminal: events into the state, the state onto the screen.
struct WatchScreen: ~Copyable {
  /// Seconds between two looks at keys and events: 20 frames a second at most.
  private static let frameMilliseconds: Int32 = 50

  private var driver: TerminalDriver
  private var state: WatchState

  init(hosts: [String], zone: ViewerZone, view: WatchCommand.View, notice: String?) throws {
    do throws(TerminalError) {
      driver = try TerminalDriver()
    } catch {
      throw CommandFailure.failed("\(error.description); or use --plain")
    }
    let size = driver.size
    state = WatchState(
      hosts: hosts, columns: size.columns, rows: size.rows, now: .now, zone: zone,
      colours: driver.colours, ascii: driver.ascii)
    if view == .merged { state.apply(.key(.character("2"))) }
    if let notice { state.apply(.notice(notice)) }
  }

  mutating func run(
    _ source: inout any EventSource, signals: StopSignals, until end: Date
  ) throws {
    defer { driver.close() }
    var nextTick = Date.distantPast
    while !signals.wantsStop, !state.wantsQuit, Date() < end {
      for event in try source.poll() {
        switch event {
        case .sample(let sample): state.apply(.sample(sample))
        case .status(let status): state.apply(.status(status))
        }
      }
      if Date() >= nextTick {
        state.apply(.tick(.now))
        nextTick = Date(timeIntervalSinceNow: 1)
      }
      driver.draw(Screen.render(state))
      if let event = driver.nextEvent(timeoutMilliseconds: WatchScreen.frameMilliseconds) {
        state.apply(event)
      }
    }
  }
}
