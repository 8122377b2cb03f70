extension Screen {
  /// The screen of a state: the same state gives the same screen.
  public static func render(_ state: WatchState) -> Screen {
    var screen = Screen(
      columns: state.columns, rows: state.rows, ascii: state.ascii,
      colourless: state.colours == .none)
    guard !state.isTooSmall else {
      screen.put("terminal too small", row: 0, column: 0)
      return screen
    }
    HeaderLine.draw(state, on: &screen)
    if state.showsHelp {
      HelpView.draw(state, on: &screen)
      return screen
    }
    switch state.view {
    case .table: TableView.draw(state, on: &screen)
    case .merged: MergedView.draw(state, on: &screen)
    }
    drawNotice(state, on: &screen)
    return screen
  }

  private static func drawNotice(_ state: WatchState, on screen: inout Screen) {
    let areas = state.view == .table ? state.tableAreas : state.mergedAreas
    guard let row = areas.notice, let notice = state.notice else { return }
    screen.put(notice.text, row: row, column: 0, style: Style(.notice))
  }
}
