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
    Banner.draw(state, on: &screen)
    let notice: Int?
    if let zoomed = state.zoomed {
      ZoomView.draw(zoomed, state, on: &screen)
      notice = state.windowAreas(hasRest: state.scrollEnds[.host(zoomed)] != nil).notice
    } else {
      switch state.view {
      case .table:
        TableView.draw(state, on: &screen)
        notice = state.tableAreas.notice
      case .merged:
        MergedView.draw(state, on: &screen)
        notice = state.mergedAreas.notice
      case .processes:
        ProcessesView.draw(state, on: &screen)
        notice = state.processAreas.notice
      case .split:
        SplitView.draw(state, on: &screen)
        notice = SplitLayout(state).areas.notice
      }
    }
    drawNotice(state, row: notice, on: &screen)
    PromptLine.draw(state, on: &screen)
    return screen
  }

  private static func drawNotice(_ state: WatchState, row: Int?, on screen: inout Screen) {
    guard let row else { return }
    let text = state.showsCost ? state.cost?.text ?? "cost: not known yet" : state.notice?.text
    screen.put(text ?? "", row: row, column: 0, style: Style(.notice))
  }
}
