import Records
import TestSupport
import Testing

@testable import Watch

@Suite struct FuzzTests {
  private static let names = NameTests.hostile + (1...12).map { "web\($0)" }
  private static let keys: [WatchKey] =
    [
      .tab, .escape, .up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .enter,
      .backspace, .control("u"), .control("w"), .control("x"), .function(1), .function(3),
      .wheelUp, .wheelDown, .click(row: 4, column: 3), .click(row: -1, column: 9999),
    ] + "1234 0?/&nNR!hijkmocfFtTdDeEbSqgG[a.*w\\x漢\u{301}\u{1B}\u{202E}".map { .character($0) }

  @Test(arguments: 1...20)
  func anyEventsInAnyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var state = WatchState(
      hosts: [], columns: 80, rows: 24, now: night,
      zone: ViewerZone { $0.seconds % 2 == 0 ? 7200 : -34_200 }, ascii: seed % 3 == 0,
      splitColumns: seed % 2 == 0 ? nil : Int(seed))
    for step in 0..<600 {
      state.apply(event(&random))
      if step % 50 == 0 { #expect(state.takeRequests().count <= WatchState.requestsLimit) }
      guard step % 3 == 0 else { continue }
      check(Screen.render(state), state)
    }
  }

  private func check(_ screen: Screen, _ state: WatchState) {
    #expect(screen.columns == state.columns && screen.rows == state.rows)
    for row in 0..<screen.rows {
      var width = 0
      var isSound = true
      for column in 0..<screen.columns {
        let cell = screen[row, column]
        width += cell.width
        if cell.width == 2, column + 1 == screen.columns { isSound = false }
        if cell.marks.count > Screen.Marks.limit { isSound = false }
      }
      guard !isSound || width != screen.columns else { continue }
      Issue.record("row \(row) is \(width) of \(screen.columns) cells: \(screen.line(row))")
      return
    }
  }

  private func event(_ random: inout SeededGenerator) -> WatchEvent {
    let name = FuzzTests.names.randomElement(using: &random) ?? "web1"
    switch Int.random(in: 0..<30, using: &random) {
    case 0: return .hosts(FuzzTests.names.shuffled(using: &random).dropLast(3))
    case 1:
      return .resize(
        columns: Int.random(in: -5...160, using: &random),
        rows: Int.random(in: -5...50, using: &random))
    case 2...4: return .tick(moment(&random))
    case 5: return .notice(name)
    case 6...9: return .key(FuzzTests.keys.randomElement(using: &random) ?? .tab)
    case 10...11: return .status(status(name, &random))
    case 20: return .suspects(suspects(name, &random))
    case 21: return .past(span(&random))
    case 22: return .pastFailed(name)
    case 26...28: return .activity(activity(name, &random))
    case 29: return .burst(burst(name, &random))
    case 23: return .reply(name)
    case 24: return .key(FuzzTests.keys.randomElement(using: &random) ?? .tab)
    default:
      return .sample(
        HostSample(
          host: name, time: moment(&random), source: .vmstat, row: figures(&random),
          load: Bool.random(using: &random)
            ? LoadAverage(
              oneMinute: [0, 1.5, .nan, .infinity, -1, 1e300].randomElement(using: &random) ?? 0,
              fiveMinutes: 0, fifteenMinutes: 0) : nil,
          cpus: [nil, 0, -1, 4, .max, .min].randomElement(using: &random) ?? nil))
    }
  }

  private func suspects(_ host: String, _ random: inout SeededGenerator) -> SuspectReport {
    let words = FuzzTests.names
    let suspects = (0..<Int.random(in: 0...40, using: &random)).map { _ in
      Suspect(
        pid: [.min, .max, 1, -7].randomElement(using: &random) ?? 1,
        tid: Int.random(in: 1...99_999, using: &random),
        state: words.randomElement(using: &random) ?? "D",
        user: words.randomElement(using: &random) ?? "root",
        waitChannel: words.randomElement(using: &random),
        reason: words.randomElement(using: &random),
        waitSeconds: [nil, .infinity, .nan, -1, 1e300, 5].randomElement(using: &random) ?? nil,
        elapsedSeconds: [nil, .min, .max, 0, 99].randomElement(using: &random) ?? nil,
        command: words.randomElement(using: &random) ?? "")
    }
    return SuspectReport(
      host: host, time: moment(&random), source: Bool.random(using: &random) ? .ps : .agent,
      suspects: suspects)
  }

  private func activity(_ host: String, _ random: inout SeededGenerator) -> HostActivity {
    let words = FuzzTests.names
    let sizes: [UInt64] = [0, 0, 1, 4096, 99_999_999, .max - 1, .max]
    func counters() -> IOCounters {
      var counters = IOCounters()
      counters.readBytes = sizes.randomElement(using: &random) ?? 0
      counters.writeBytes = sizes.randomElement(using: &random) ?? 0
      return counters
    }
    let processes = (0..<Int.random(in: 0...30, using: &random)).map { _ in
      ProcessActivity(
        id: ProcessID(pid: Int32.random(in: -1...40, using: &random), startTicks: 1),
        owner: ProcessOwner(
          name: words.randomElement(using: &random) ?? "",
          user: words.randomElement(using: &random) ?? "",
          command: words.randomElement(using: &random) ?? "",
          unit: words.randomElement(using: &random)),
        hasEnded: Bool.random(using: &random),
        io: [.known(counters()), .denied, .gap, .unsupported].randomElement(using: &random) ?? .gap,
        reaped: counters(), cpuNanoseconds: sizes.randomElement(using: &random) ?? 0)
    }
    let disk = DiskSample(
      name: words.randomElement(using: &random) ?? "", layer: .stacked, reads: .max, writes: .max,
      readBytes: .max, writeBytes: .max, readMilliseconds: .max, writeMilliseconds: .max,
      inFlight: .max, busyMilliseconds: .max)
    return HostActivity(
      host: host, time: moment(&random),
      intervalNanoseconds: [0, 1, 1_000_000_000, .max].randomElement(using: &random) ?? 1,
      processes: processes, omittedProcesses: [0, 7, .max, -1].randomElement(using: &random) ?? 0,
      omittedIO: counters(), disks: [disk, disk],
      pressure: Pressure(
        cpu: .known(Stall(someMicroseconds: .max, fullMicroseconds: .max)), io: .disabled,
        memory: .gap),
      memory: MemoryFigures(dirtyKiB: .known(.max)))
  }

  private func burst(_ host: String, _ random: inout SeededGenerator) -> HostBurst {
    var burst = Work.burst(
      host, moment(&random), to: moment(&random), isOver: Bool.random(using: &random))
    burst.burst.omittedCounts = [0, .max].randomElement(using: &random) ?? 0
    return burst
  }

  private func span(_ random: inout SeededGenerator) -> PastSpan {
    let at = moment(&random)
    let samples = (0..<Int.random(in: 0...60, using: &random)).map { _ in
      HostSample(
        host: FuzzTests.names.randomElement(using: &random) ?? "web1", time: moment(&random),
        source: .imported, row: figures(&random))
    }
    let episode = Episode(
      host: FuzzTests.names.randomElement(using: &random) ?? "web1", start: moment(&random),
      peak: moment(&random), end: moment(&random), isOpen: Bool.random(using: &random),
      kind: .disk, load1Peak: nil, runnablePeak: .max, blockedPeak: .min, cpus: nil,
      verdict: FuzzTests.names.randomElement(using: &random) ?? "")
    return PastSpan(
      at: at, from: moment(&random), hosts: FuzzTests.names.shuffled(using: &random),
      samples: samples.sorted { $0.time < $1.time }, episodes: [episode, episode],
      suspects: [suspects("web1", &random)], activities: [activity("web1", &random)],
      bursts: [burst("web1", &random)], focus: Bool.random(using: &random) ? episode : nil,
      lastRowBefore: moment(&random))
  }

  private func moment(_ random: inout SeededGenerator) -> Timestamp {
    let extremes = [Int64.min, .max, 0]
    return Int.random(in: 0..<30, using: &random) == 0
      ? Timestamp(nanoseconds: extremes.randomElement(using: &random) ?? 0)
      : night.advanced(bySeconds: Double.random(in: -100...100, using: &random))
  }

  private func status(_ name: String, _ random: inout SeededGenerator) -> HostStatus {
    HostStatus(
      host: name, state: HostState.allCases.randomElement(using: &random) ?? .stale,
      since: moment(&random), retryAt: Bool.random(using: &random) ? moment(&random) : nil,
      lastError: FuzzTests.names.randomElement(using: &random),
      cpus: [nil, 8, .max].randomElement(using: &random) ?? nil)
  }

  private func figures(_ random: inout SeededGenerator) -> VmstatRow {
    var row = VmstatRow()
    for column in VmstatColumn.allCases {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: break
      case 1: row[column] = [Int64.max, .min, -1].randomElement(using: &random)
      case 2: row[column] = Int64.random(in: 0...5_000_000_000, using: &random)
      default: row[column] = Int64.random(in: 0...100, using: &random)
      }
    }
    return row
  }
}
