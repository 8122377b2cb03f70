import Bytes
import Collector
import Deploy
import Foundation
import Synchronization

/// Shows a roll-out: a line for each host when it is done, a bar below them on a terminal; or JSON, a
/// line for each step.
final class RolloutOutput: Sendable {
  private struct State {
    var wave = ""
    var done = 0
    var failed = 0
    /// What the hosts of this wave are at, the last that began first.
    var at: [(host: String, text: String)] = []
    var isShown = false
    var lastShown = ContinuousClock.now - .seconds(1)
  }

  private let verb: String
  private let hosts: Int
  private let json: Bool
  private let colours: OutputColours
  private let showsProgress: Bool
  private let state = Mutex(State())

  /// The bar is drawn so often at most.
  private static let pace: ContinuousClock.Duration = .milliseconds(100)
  private static let barWidth = 24

  init(_ verb: String, hosts: Int, json: Bool, colours: OutputColours, showsProgress: Bool) {
    self.verb = verb
    self.hosts = hosts
    self.json = json
    self.colours = colours
    self.showsProgress = showsProgress
  }

  /// Called on many threads.
  func take(_ event: RolloutEvent) {
    state.withLock { state in
      if json {
        if let line = RolloutJSON.line(event) { StandardOutput.write(line) }
        return
      }
      switch event {
      case .wave(let number, let count, let hosts):
        state.wave = count > 1 ? "wave \(number)/\(count)" : ""
        state.at = hosts.map { ($0, "waits") }
        draw(&state, isDue: true)
      case .step(let host, let step, let stage):
        if case .begun = stage { note(host, step.rawValue, &state) }
        draw(&state, isDue: false)
      case .sent(let host, let bytes, let total):
        note(host, "upload \(bytes * 100 / max(1, total)) %", &state)
        draw(&state, isDue: false)
      // Told once for all, at the end.
      case .ended(let outcome) where outcome.result == .notTried: break
      case .ended(let outcome):
        state.done += 1
        if outcome.failure != nil { state.failed += 1 }
        state.at.removeAll { $0.host == outcome.host }
        erase(&state)
        StandardOutput.write(RolloutText.lines(outcome, colours))
        draw(&state, isDue: true)
      }
    }
  }

  /// Takes the bar away.
  func end() {
    state.withLock { erase(&$0) }
  }

  /// Ends the program: hosts see the end of their connections.
  func endEarly() -> Never {
    // Nothing is shown from now on.
    state.withLock { state in
      erase(&state)
      let hosts = state.at.map(\.host).sorted()
      let under = hosts.isEmpty ? "" : " (\(HostNames.fold(hosts)))"
      printError(
        "\nculprit: ended early, \(state.done) of \(self.hosts) hosts done; those under way\(under) "
          + "take back what was begun; run it again to go on")
      exit(1)
    }
  }

  private func note(_ host: String, _ text: String, _ state: inout State) {
    state.at.removeAll { $0.host == host }
    state.at.insert((host, text), at: 0)
  }

  private func erase(_ state: inout State) {
    guard state.isShown else { return }
    state.isShown = false
    write("\r\u{1B}[K")
  }

  private func draw(_ state: inout State, isDue: Bool) {
    guard showsProgress, isDue || .now - state.lastShown >= RolloutOutput.pace else { return }
    state.lastShown = .now
    state.isShown = true
    let filled = RolloutOutput.barWidth * state.done / max(1, hosts)
    let bar =
      String(repeating: "█", count: filled)
      + String(repeating: "░", count: RolloutOutput.barWidth - filled)
    var text = "\(verb) \(bar) \(state.done)/\(hosts)"
    if state.failed > 0 { text += ", \(state.failed) failed" }
    if !state.wave.isEmpty { text += "  \(state.wave)" }
    let now = state.at.prefix(3).map { "\(Printable.text($0.host, limit: 40)): \($0.text)" }
    if !now.isEmpty { text += "  \(now.joined(separator: ", "))" }
    if state.at.count > now.count { text += " and \(state.at.count - now.count) more" }
    write("\r\(text.prefix(max(20, OutputWidth.ofError - 1)))\u{1B}[K")
  }

  private func write(_ text: String) {
    try? StandardOutput.write(Array(text.utf8), to: STDERR_FILENO)
  }
}

extension OutputWidth {
  /// Of the terminal that standard error is.
  static var ofError: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
