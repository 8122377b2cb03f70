import Bytes
import Glibc
import Reports

/// The terminal while `top` runs: the other screen, no cursor, keys as they are pressed.
final class TopScreen {
  private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
  private static let leave = "\u{1B}[?25h\u{1B}[?1049l"
  /// Lines that aren't rows of either table.
  private static let frameLines = 11

  private let keys = KeyReader()
  private var last: SuspectTally?
  private var isHeld = false
  /// Set by Ctrl-Z.
  nonisolated(unsafe) private static var isToSuspend: sig_atomic_t = 0

  private let wantedNanoseconds: UInt64

  init(wantedNanoseconds: UInt64) {
    self.wantedNanoseconds = wantedNanoseconds
    Output.write(TopScreen.enter)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in TopScreen.isToSuspend = 1 }
    // Without SA_RESTART: waiting is to end.
    sigaction(SIGTSTP, &action, nil)
    // The new size shows at once.
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGWINCH, &action, nil)
  }

  func close() {
    keys?.leave()
    Output.write(TopScreen.leave)
  }

  func show(_ tally: SuspectTally) {
    guard !isHeld else { return }
    last = tally
    draw(tally)
  }

  /// Waits for keys until `deadline`, and does what they say.
  func wait(until deadline: UInt64) {
    while !Stopper.isStopped, MonotonicClock.now < deadline {
      if TopScreen.isToSuspend != 0 { suspend() }
      guard let keys else {
        Stopper.sleep(until: deadline)
        continue
      }
      guard let key = keys.next(until: deadline) else {
        // A signal: the size may be another.
        if MonotonicClock.now < deadline, let last { draw(last) }
        continue
      }
      switch key {
      case UInt8(ascii: "q"), UInt8(ascii: "Q"): Stopper.stop()
      case UInt8(ascii: " "):
        isHeld.toggle()
        if let last { draw(last) }
      default: break
      }
    }
  }

  /// Gives the terminal back and stops; goes on with the screen as it was.
  private func suspend() {
    TopScreen.isToSuspend = 0
    close()
    raise(SIGSTOP)
    keys?.enter()
    Output.write(TopScreen.enter)
    if let last { draw(last) }
  }

  private func draw(_ tally: SuspectTally) {
    var text = SuspectText(host: HostFacts.name, tally: tally)
    text.colours = Output.hasColours
    text.width = Output.columns ?? 80
    text.wantedNanoseconds = wantedNanoseconds
    let height = max(Output.rows ?? 24, TopScreen.frameLines + 1)
    text.rows = max(2, (height - TopScreen.frameLines) / 2)
    let lines = text.text().split(separator: "\n", omittingEmptySubsequences: false)
    // Each line clears what was behind it, the last what was below: nothing flickers.
    let screen = lines.prefix(height - 2).joined(separator: "\u{1B}[K\r\n")
    let foot = isHeld ? "held; space: go on, q: end" : "space: hold, q: end"
    Output.write(
      "\u{1B}[H\(screen)\u{1B}[J\u{1B}[\(height);1H\(keys == nil ? "Ctrl-C: end" : foot)")
  }
}
