import Foundation
import Records
import Testing

@testable import Reports

/// Counts that no host reaches, as they are told.
@Suite struct ExtremeTests {
  @Test func suspectsOfTwoTicks() throws {
    let all = IOCounters(
      readCharacters: .max, writeCharacters: .max, readCalls: .max, writeCalls: .max,
      readBytes: .max, writeBytes: 5, cancelledWriteBytes: .max)
    var tick = HostTick(time: SampleReports.night, engine: .bpf)
    tick.intervalNanoseconds = 1
    tick.attribution = Attribution(
      read: .init(processes: .max, reaped: .max, devices: .max),
      write: .init(processes: .max, reaped: .max, devices: 1))
    tick.processes = [
      ProcessSample(
        id: ProcessID(pid: 7, startTicks: .max), name: TaskName("dd"), io: .known(all),
        reaped: all, cpuNanoseconds: .max)
    ]
    var tally = SuspectTally(before: tick)
    for _ in 0..<2 { tally.add(tick, identities: []) }
    let text = SuspectText(host: "a", tally: tally).text()
    #expect(text.contains("[dd]"))
    let fleet = FleetSuspects([.init(name: "a", tally: tally), .init(name: "b", tally: tally)])
    #expect(fleet.text().contains("[dd]"))
    let line = try #require(fleet.json(movers: 9).split(separator: "\n").first)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(json["read_bytes"] as? Int == .max && json["reaped_read_bytes"] as? Int == .max)
  }
}
