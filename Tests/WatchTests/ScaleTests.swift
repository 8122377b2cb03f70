import Records
import Testing

@testable import Watch

@Suite struct ScaleTests {
  /// A fleet of a thousand, a minute of rows, both views. Loose by far: it takes well under a
  /// hundredth of this a frame.
  @Test(.timeLimit(.minutes(5)))
  func aThousandHosts() {
    let hosts = (1...1000).map { "web\($0)" }
    var state = WatchState(hosts: hosts, columns: 132, rows: 43, now: night)
    for second in 0..<60 {
      let now = night.advanced(bySeconds: Double(second))
      for (index, host) in hosts.enumerated() {
        let r: Int64 = index == 700 ? 30 : 1
        state.apply(.sample(sample(host, now, calm(r))))
      }
      state.apply(.tick(now))
      if second % 20 == 0 { #expect(Screen.render(state).rows == 43) }
    }
    let screen = Screen.render(state)
    #expect(screen.line(2).hasPrefix("web701 "))
    #expect(screen.line(3) == "web[1-700,702-1000]: quiet (999 hosts)")
    state.apply(.key(.character("f")))
    #expect(Screen.render(state).line(3).hasPrefix("web1 "), "unfolded: a line for each")
    let merged = state.fleet.merged
    #expect(merged.end - merged.start == WatchedFleet.mergedCapacity)
    #expect(state.fleet.hosts.allSatisfy { $0.pressure.count == WatchedHost.pressureCapacity })
    state.apply(.key(.character("2")))
    #expect(Screen.render(state).line(42).contains("web1000 "))
  }

  @Test func theRingForgetsTheOldest() {
    var values = RecentValues<Int>(capacity: 3)
    #expect(values.last == nil && values.suffix(5).isEmpty)
    for number in 1...10 {
      values.append(number)
      #expect(values.last == number)
      #expect(values.suffix(3) == Array(max(1, number - 2)...number))
    }
    #expect(values.start == 7 && values.end == 10 && values.suffix(2) == [9, 10])
  }
}
