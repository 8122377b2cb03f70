import Records
import Testing

@testable import Watch

@Suite struct GoldenFrameTests {
  static let sizes = [(80, 24), (200, 50)]
  /// Terminals that are smaller than anybody wants.
  static let smallSizes = [(40, 10), (20, 5)]

  @Test(arguments: Scene.all.map(\.name), sizes)
  func frame(scene: String, size: (columns: Int, rows: Int)) throws {
    let found = try #require(Scene.all.first { $0.name == scene })
    let state = found.state(columns: size.columns, rows: size.rows)
    let name = "\(scene)-\(size.columns)x\(size.rows)"
    try Golden.check(Screen.render(state).text, name)
  }

  @Test(arguments: ["table", "merged", "split", "zoom-down", "past-table", "help"], smallSizes)
  func smallFrame(scene: String, size: (columns: Int, rows: Int)) throws {
    let found = try #require(Scene.all.first { $0.name == scene })
    let state = found.state(columns: size.columns, rows: size.rows)
    try Golden.check(Screen.render(state).text, "\(scene)-\(size.columns)x\(size.rows)")
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
      case .named(let colour): colour == .cyan ? "C" : "x"
      }
    if letter == ".", style.bold { return "B" }
    return Character(style.bold ? letter.uppercased() : letter)
  }
}
