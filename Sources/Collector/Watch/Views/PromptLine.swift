import Records

/// The last line while the viewer types, or while a key is answered.
enum PromptLine {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let row = state.rows - 1
    if let prompt = state.prompt {
      clear(row, on: &screen)
      if prompt.kind == .columns {
        drawGroups(state, row: row, on: &screen)
      } else {
        draw(prompt, row: row, on: &screen)
      }
    } else if let reply = state.reply {
      clear(row, on: &screen)
      screen.put(reply, row: row, column: 0, style: Style(.notice, bold: true))
    }
  }

  private static func clear(_ row: Int, on screen: inout Screen) {
    for column in 0..<screen.columns { screen[row, column] = .blank }
  }

  /// The end of a long line is what is being typed, so that is what is shown.
  private static func draw(_ prompt: Prompt, row: Int, on screen: inout Screen) {
    let problem = prompt.problem.map { "  \($0)" } ?? ""
    var place = screen.put(prompt.label, row: row, column: 0, style: Style(.notice, bold: true))
    let room = max(
      1, screen.columns - place - 1 - min(DisplayWidth.of(problem), screen.columns / 2))
    var text = Substring(prompt.text)
    while DisplayWidth.of(text) > room { text = text.dropFirst() }
    place = screen.put(text, row: row, column: place)
    guard place < screen.columns else { return }
    screen[row, place].style.reverse = true
    if prompt.text.isEmpty, problem.isEmpty {
      screen.put(prompt.hint, row: row, column: place + 2, style: .faint)
    }
    screen.put(problem, row: row, column: place + 1, style: Style(.alarm, bold: true))
  }

  private static func drawGroups(_ state: WatchState, row: Int, on screen: inout Screen) {
    var place = screen.put("columns: ", row: row, column: 0, style: Style(.notice, bold: true))
    for group in ColumnGroup.allCases {
      let isHidden = state.hiddenColumns.contains(group)
      place = screen.put(
        "\(group.rawValue) \(isHidden ? "-" : "+")\(group.title)", row: row, column: place,
        style: isHidden ? .faint : Style(.good, bold: true))
      place += 2
    }
    screen.put("Enter", row: row, column: place, style: .faint)
  }
}
