import Testing

@testable import Reports

@Suite struct FigureTests {
  @Test(arguments: [
    (0.0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
    (3_660, "1 h 1 min"), (86_400, "1 d"), (90_000, "1 d 1 h"), (-5, "0 s"), (.nan, "?"),
  ])
  func spans(seconds: Double, text: String) {
    #expect(DurationText.long(seconds: seconds) == text)
  }
}
