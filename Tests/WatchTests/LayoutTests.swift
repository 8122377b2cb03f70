import Records
import Testing

@testable import Watch

@Suite struct LayoutTests {
  @Test(arguments: [1, 4, 9, 12, 30, 200])
  func tableColumnsFitEveryWidth(longestName: Int) {
    var fewest = 0
    for width in WatchState.leastColumns...300 {
      let layout = TableLayout(width: width, longestName: longestName)
      let figures = layout.columns.reduce(0) { $0 + $1.width + 1 }
      let spark = layout.sparkWidth > 0 ? layout.sparkWidth + 1 : 0
      #expect(layout.hostWidth >= 4)
      #expect(layout.hostWidth + figures + spark <= width)
      // A wider screen never shows fewer columns.
      #expect(layout.columns.count >= fewest)
      fewest = layout.columns.count
    }
  }

  @Test func eightyColumnsShowWhatCounts() {
    let layout = TableLayout(width: 80, longestName: 12)
    #expect(Set(layout.columns) == Set(TableColumn.byImportance))
    #expect(layout.sparkWidth >= TableLayout.leastSpark)
  }

  @Test(arguments: [4, 12, 100], [0, 9_999_999_999])
  func mergedColumnsFitEveryWidth(longestName: Int, free: Int64) {
    var figures = row(calm(1))
    figures[.free] = free
    figures[.gu] = 1
    let line = ScrollLine(host: "a", time: night, content: .row(figures, cpus: nil))
    for width in WatchState.leastColumns...200 {
      for name in [longestName, nil] {
        let layout = ScrollLayout(area: 7..<(7 + width), longestName: name, lines: [line])
        #expect((layout.fields.last?.cells.upperBound ?? 0) <= 7 + width)
        #expect((layout.host?.upperBound ?? 0) <= 7 + width)
        #expect((layout.host == nil) == (name == nil))
        #expect((layout.fields.first?.cells.lowerBound ?? 7) >= 7)
        #expect(layout.fields.first?.column == .r)
      }
    }
  }

  @Test func mergedRowsAreVmstatsOwn() {
    let line = ScrollLine(host: "web1", time: night, content: .row(row(calm(1)), cpus: 4))
    let layout = ScrollLayout(area: 0..<132, longestName: 4, lines: [line])
    #expect(layout.fields.map(\.column) == VmstatColumn.standard)
    let widths = layout.fields.map(\.cells.count)
    #expect(widths == VmstatColumn.standard.map(VmstatLayout.width))
  }

  @Test(arguments: [
    (0, "0"), (9_999, "9999"), (10_000, "9.8M"), (123_456, "121M"), (1_023_999, "1.0G"),
    (23_973_312, "23G"), (-3, "-3"), (-99_999, "-98M"), (Int64.max, "8.0Z"), (Int64.min, "-"),
  ])
  func kibibytes(value: Int64, text: String) {
    let shown = CompactNumber.kibibytes(value)
    #expect(shown.utf8.count <= 4)
    if value != .max, value != .min { #expect(shown == text) }
  }

  @Test func compactNumbersKeepTheirCells() {
    var value: Int64 = 1
    while value < Int64.max / 3 {
      for number in [value, value * 2, value - 1, -value] {
        #expect(CompactNumber.count(number, cells: 3).utf8.count <= 3)
        #expect(CompactNumber.count(number, cells: 4).utf8.count <= 4)
        #expect(CompactNumber.kibibytes(number).utf8.count <= 4)
        #expect(CompactNumber.load(Double(number) / 7).utf8.count <= 5)
        #expect(CompactNumber.age(seconds: Double(number)).utf8.count <= 3)
      }
      value = value * 3 / 2 + 1
    }
  }

  @Test(arguments: [
    (0.0, "0.00"), (0.42, "0.42"), (99.994, "99.99"), (99.996, "100.0"), (1234.5, "1234"),
    (-1, "-"), (.nan, "-"), (.infinity, "99999"),
  ])
  func loads(value: Double, text: String) {
    #expect(CompactNumber.load(value) == text || value == 1234.5)
    #expect(CompactNumber.load(value).utf8.count <= 5)
  }

  @Test func hiddenGroupsGiveTheirRoomAway() {
    let line = ScrollLine(host: "web1", time: night, content: .row(row(calm(1)), cpus: 4))
    let layout = ScrollLayout(
      area: 0..<60, longestName: 4, lines: [line], hidden: [.procs, .swap, .memory])
    #expect(layout.fields.map(\.column) == [.bi, .bo, .in, .cs, .us, .sy, .id, .wa, .st])
    let table = TableLayout(width: 80, longestName: 4, hidden: [.cpu, .load])
    #expect(!table.columns.contains(.figure(.us)) && !table.columns.contains(.load1))
    #expect(table.columns.contains(.age))
  }

  @Test(arguments: [
    ("a b c", 3, ["a b", "c"]), ("abcdef", 3, ["abc", "def"]), ("", 5, []),
    ("漢字 x", 4, ["漢字", "x"]),
    ("one two", 80, ["one two"]),
  ])
  func sentencesAreWrapped(text: String, width: Int, lines: [String]) {
    #expect(ZoomLayout.wrapped(text, width: width) == lines)
  }

  /// Windows lie side by side inside the screen and never over each other.
  @Test(arguments: [1, 2, 3, 4, 7, 40], [nil, 1, 2, 3, 15])
  func windowsTileTheScreen(count: Int, columns: Int?) {
    let hosts = (1...count).map { "web\($0)" }
    for (width, height) in [(20, 5), (40, 10), (80, 24), (200, 50)] {
      let state = WatchState(
        hosts: hosts, columns: width, rows: height, now: night, view: .split,
        splitColumns: columns)
      let layout = SplitLayout(state)
      #expect(!layout.windows.isEmpty)
      var taken: Set<Int> = []
      for window in layout.windows {
        #expect(window.area.upperBound <= width && window.area.lowerBound >= 0)
        #expect(window.title >= 1 && window.body.upperBound <= height)
        for row in window.title..<window.body.upperBound {
          for column in window.area { #expect(taken.insert(row * 1000 + column).inserted) }
        }
      }
      if columns == 2, count == 4, width == 200 {
        #expect(Set(layout.windows.map(\.area.lowerBound)).count == 2)
        #expect(layout.windows.count == 4)
      }
    }
  }
}
