import Records
import Testing

@testable import Watch

@Suite struct GoldenFrameTests {
  static let sizes = [(80, 24), (132, 43), (40, 10), (20, 5)]

  @Test(arguments: sizes)
  func tableFrame(columns: Int, rows: Int) throws {
    let state = MixedFleet.state(columns: columns, rows: rows)
    try Golden.check(Screen.render(state).text, "table-\(columns)x\(rows)")
  }

  @Test(arguments: sizes)
  func mergedFrame(columns: Int, rows: Int) throws {
    let hosts = Array(MixedFleet.hosts.prefix(13))
    var state = MixedFleet.state(columns: columns, rows: rows, hosts: hosts)
    let lost = HostStatus(
      host: "web1", state: .backingOff, since: night, retryAt: night.advanced(bySeconds: 3),
      lastError: "10.0.0.1:22: reset by peer")
    state.apply(.status(lost))
    state.apply(.key(.character("2")))
    try Golden.check(Screen.render(state).text, "merged-\(columns)x\(rows)")
  }

  @Test func helpFrame() throws {
    var state = MixedFleet.state(columns: 80, rows: 24)
    state.apply(.key(.character("?")))
    try Golden.check(Screen.render(state).text, "help-80x24")
  }

  @Test func frozenAndScrolledFrame() throws {
    var state = MixedFleet.state(columns: 80, rows: 24)
    state.apply(.key(.character("2")))
    state.apply(.key(.character(" ")))
    state.apply(.key(.pageUp))
    try Golden.check(Screen.render(state).text, "frozen-scrolled-80x24")
  }

  /// What colours mean, a letter per cell: a golden file for looks.
  @Test(arguments: [ColourDepth.many, .none])
  func looks(depth: ColourDepth) throws {
    let source = MixedFleet.state(columns: 80, rows: 24)
    var state = WatchState(
      hosts: MixedFleet.hosts, columns: 80, rows: 12, now: night, colours: depth)
    for host in source.fleet.ordered {
      if let sample = host.sample { state.apply(.sample(sample)) }
      state.apply(.status(host.status))
    }
    for _ in 0..<5 { state.apply(.tick(night)) }
    let screen = Screen.render(state)
    let letters = (0..<screen.rows).map { row in
      String((0..<screen.columns).map { letter(screen[row, $0].style) })
    }
    try Golden.check(screen.text + letters, "looks-\(depth)")
  }

  /// Capital: bold. `#`: reversed. `,`: dim.
  private func letter(_ style: Style) -> Character {
    if style.reverse { return style.bold ? "#" : "=" }
    let letter =
      switch style.role {
      case .plain: style.dim ? "," : "."
      case .heading: "h"
      case .good: "g"
      case .warning: "w"
      case .alarm: "a"
      case .notice: "n"
      case .host: "c"
      }
    if letter == ".", style.bold { return "B" }
    return Character(style.bold ? letter.uppercased() : letter)
  }
}
