import Records
import TestSupport
import Testing

@testable import Watch

@Suite struct ProcessTests {
  private func second(_ number: Double) -> Timestamp { night.advanced(bySeconds: number) }

  private func state(_ hosts: [String], rows: Int = 24) -> WatchState {
    var state = WatchState(hosts: hosts, columns: 120, rows: rows, now: night, view: .processes)
    for host in hosts { state.apply(.sample(sample(host, night, calm(1)))) }
    return state
  }

  private func commands(_ state: WatchState) -> [String] {
    state.fleet.processes.lines.map(\.process.command)
  }

  @Test func ratesAreMeansOfTheLastTicks() throws {
    var work = HostWork()
    for (number, bytes) in [UInt64(100), 0, 0, 0, 0].enumerated() {
      let process = Work.process(7, read: bytes * 5, write: bytes, cpuPercent: 10)
      let time = second(Double(number))
      work.take(Work.activity("a", time, [process]), at: time)
      let rates = try #require(work.processes.first).rates
      #expect(abs(rates.readBytes - 500 / Double(number + 1)) < 0.001)
      #expect(abs(rates.writeBytes - 100 / Double(number + 1)) < 0.001)
      #expect(abs(rates.cpuPercent - 10) < 0.001)
    }
    // The first tick has left the mean.
    let late = second(5)
    work.take(Work.activity("a", late, [Work.process(7, cpuPercent: 10)]), at: late)
    #expect(work.processes.first?.rates.bytes == 0)
    #expect(work.averagedTicks == WatchedProcess.ticksAveraged)
  }

  @Test func whoDoesNothingIsForgotten() {
    var work = HostWork()
    work.take(
      Work.activity("a", night, [Work.process(1, read: 5), Work.process(2, read: 6)]), at: night)
    for number in 1...WatchedProcess.ticksAveraged {
      let time = second(Double(number))
      work.take(Work.activity("a", time, [Work.process(2, read: 6)]), at: time)
    }
    #expect(work.processes.map(\.activity.id.pid) == [2])
  }

  /// A process whose bytes can't be read stands as that, and never as one that moves nothing.
  @Test func whatCouldNotBeReadIsNoZero() throws {
    var work = HostWork()
    work.take(
      Work.activity("a", night, [Work.process(1, cpuPercent: 50, io: .denied)]), at: night)
    let denied = try #require(work.processes.first)
    #expect(denied.absence == "denied" && !denied.rates.isKnown)
    #expect(ProcessText.bytes(denied.rates.readBytes, of: denied) == "denied")
    // A tick that was missed takes no part in the mean.
    for number in 1...4 {
      let time = second(Double(number))
      let process =
        number == 2
        ? Work.process(1, cpuPercent: 50, io: .gap)
        : Work.process(1, read: 1000, cpuPercent: 50)
      work.take(Work.activity("a", time, [process]), at: time)
    }
    #expect(work.processes.first?.rates.readBytes == 1000)
  }

  /// Ticks of before are passed over, those of a clock that was set back are not.
  @Test func lateTicksArePassedOver() {
    var work = HostWork()
    work.take(Work.activity("a", night, [Work.process(1, read: 5)]), at: second(0))
    work.take(Work.activity("a", second(-30), [Work.process(2, read: 5)]), at: second(1))
    #expect(work.processes.map(\.activity.id.pid) == [1])
    work.take(Work.activity("a", second(-3600), [Work.process(3, read: 5)]), at: second(60))
    #expect(work.processes.map(\.activity.id.pid) == [3])
    // After a hole the mean begins anew.
    work.take(Work.activity("a", second(0), [Work.process(4, read: 5)]), at: second(120))
    #expect(work.processes.map(\.activity.id.pid) == [4] && work.averagedTicks == 1)
  }

  @Test func theOrderIsWhatWasAskedFor() {
    var state = state(["a", "b"])
    let one = Work.process(1, read: 900, write: 1, cpuPercent: 5, command: "reader")
    let two = Work.process(2, read: 1, write: 1000, cpuPercent: 9, command: "writer")
    let three = Work.process(3, read: 10, write: 10, cpuPercent: 80, command: "burner")
    state.apply(.activity(Work.activity("b", night, [one, two])))
    state.apply(.activity(Work.activity("a", night, [three])))
    state.apply(.tick(night))
    #expect(commands(state) == ["writer", "reader", "burner"])
    state.type("o")
    #expect(commands(state) == ["reader", "burner", "writer"])
    state.type("o")
    #expect(commands(state) == ["writer", "burner", "reader"])
    state.type("o")
    #expect(commands(state) == ["burner", "writer", "reader"])
    state.type("o")
    #expect(commands(state) == ["burner", "writer", "reader"])
    state.type("R")
    #expect(commands(state) == ["writer", "reader", "burner"])
    state.type("oR")
    #expect(commands(state) == ["writer", "reader", "burner"])
    state.type("R")
    #expect(commands(state) == ["burner", "reader", "writer"])
  }

  /// The first of very many are the same that a sort of all would give.
  @Test(arguments: 1...5)
  func theFirstAreTheFirst(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var first = FirstRanked(limit: 20)
    var all: [FirstRanked.Key] = []
    for pid in 0..<1000 {
      let key = FirstRanked.Key(
        rank: (Double(Int.random(in: 0..<50, using: &random)), 0), host: pid % 7,
        pid: Int32(pid), place: pid)
      all.append(key)
      first.offer(key)
    }
    all.sort(by: FirstRanked.Key.comesBefore)
    #expect(first.sorted().map(\.pid) == all.prefix(20).map(\.pid))
    #expect(first.count == 1000)
  }

  @Test func theCursorStaysWithItsProcess() {
    var state = state(["a"])
    func tick(_ bytes: [UInt64]) {
      let processes = bytes.enumerated().map { Work.process(Int32($0 + 1), read: $1) }
      state.apply(.activity(Work.activity("a", state.now, processes)))
      state.apply(.tick(state.now.advanced(bySeconds: 1)))
    }
    tick([300, 200, 100])
    state.type("j")
    #expect(state.processCursor?.process.pid == 2)
    for _ in 0..<5 { tick([300, 20, 900]) }
    #expect(state.selectedProcessIndex == 2)
    // It is gone: the cursor stays where it was.
    for _ in 0..<7 { tick([300, 0, 900]) }
    #expect(state.fleet.processes.lines.count == 2)
    #expect((0..<2).contains(state.selectedProcessIndex))
    state.type("<Enter>")
    #expect(state.zoomed == "a")
  }

  @Test func whoHasNoAgentIsSaid() {
    let hosts = (1...12).map { "web\($0)" } + ["db1"]
    var state = state(hosts)
    state.apply(.status(HostStatus(host: "web12", state: .backingOff, since: night)))
    state.apply(.activity(Work.activity("db1", night)))
    state.apply(.tick(night))
    let lines = Screen.render(state).text
    #expect(lines.contains { $0.contains("11 hosts have no agent: web[1-11]") })
    #expect(lines.contains { $0.contains("1 host sends nothing: web12") })
  }

  /// What an agent said a while ago is not told as if it were so still.
  @Test func oldWorkIsNotShown() {
    var state = state(["a"])
    state.apply(.activity(Work.activity("a", night)))
    state.apply(.tick(night))
    #expect(!state.fleet.processes.lines.isEmpty)
    state.apply(.tick(second(60)))
    #expect(state.fleet.processes.lines.isEmpty)
    #expect(Screen.render(state).text.joined().contains("no agent tells of processes"))
  }

  @Test func whatAgentsLeftOutIsCounted() {
    var state = state(["db1"])
    state.apply(.activity(Work.activity("db1", night)))
    state.apply(.tick(night))
    let text = Screen.render(state).text.joined(separator: "\n")
    #expect(text.contains("12 left out by their agent: 40.0K/s"))
    #expect(text.contains("denied") == false, "quiet and unreadable: counted")
    #expect(text.contains("1 whose bytes can't be read"))
    state.type("f")
    #expect(Screen.render(state).text.joined().contains("denied"))
  }

  @Test func aBurstMarksItsHost() {
    var state = WatchState(hosts: ["a", "b"], columns: 80, rows: 24, now: night, view: .table)
    state.apply(.sample(sample("a", night, calm(1))))
    state.apply(.sample(sample("b", night, calm(1))))
    state.apply(.burst(Work.burst("b", night, to: night)))
    state.apply(.tick(night))
    #expect(Screen.render(state).text.contains { $0.hasPrefix("b! ") })
    state.type("2")
    #expect(Screen.render(state).text.contains { $0.contains(" b! ") })
    state.type("3")
    let split = Screen.render(state).text
    #expect(split.contains { $0.hasPrefix("b!") && $0.contains("burst since 03:12:00") })
    state.apply(.burst(Work.burst("b", night, to: second(9), isOver: true)))
    state.type("1")
    #expect(!Screen.render(state).text.contains { $0.hasPrefix("b!") })
  }

  /// An agent that tells no more of its burst has none that we know of.
  @Test func aBurstThatNobodyTellsOfIsOver() {
    var state = WatchState(hosts: ["a"], columns: 80, rows: 24, now: night, view: .table)
    state.apply(.burst(Work.burst("a", night, to: night)))
    state.apply(.tick(second(WatchedHost.burstValidSeconds - 1)))
    #expect(state.fleet[host: "a"]?.isBursting == true)
    state.apply(.tick(second(WatchedHost.burstValidSeconds + 1)))
    #expect(state.fleet[host: "a"]?.isBursting == false)
  }

  @Test func columnsFitEveryWidth() {
    for width in WatchState.leastColumns...300 {
      for name in [0, 4, 12, 100] {
        let layout = ProcessLayout(width: width, longestName: name)
        #expect((layout.fields.last?.cells.upperBound ?? 0) <= layout.command)
        #expect(layout.command < width)
        #expect((layout.fields.first?.cells.lowerBound ?? 0) >= 0)
      }
    }
    #expect(
      ProcessLayout(width: 80, longestName: 12).columns == [.pid, .user, .read, .write, .cpu])
    #expect(ProcessLayout(width: 200, longestName: 12).columns == ProcessColumn.allCases)
  }

  @Test(arguments: [
    (0, "0"), (0.3, "<1"), (1, "1"), (999, "999"), (1000, "1.0K"), (1536, "1.5K"),
    (102_400, "100K"), (1_047_000, "1.0M"), (1e9, "954M"), (.infinity, "0"), (-5, "0"),
    (1.7e308, "99999P"),
  ])
  func byteRates(value: Double, text: String) {
    #expect(CompactNumber.byteRate(value) == text)
  }
}
