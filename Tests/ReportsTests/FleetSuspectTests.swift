import Foundation
import Records
import Testing

@testable import Reports

@Suite("suspects of several hosts")
struct FleetSuspectTests {
  private func host(
    _ name: String, wait seconds: Double?, written bytes: UInt64, interval: UInt64 = 1_000_000_000
  ) -> FleetSuspects.Host {
    var tick = HostTick(time: SampleReports.night, engine: .bpf)
    tick.intervalNanoseconds = interval
    let id = ProcessID(pid: 7, startTicks: 5)
    var io = IOCounters()
    io.writeBytes = bytes
    tick.processes = [ProcessSample(id: id, name: TaskName("dd"), io: .known(io))]
    if let seconds {
      tick.waiting = [
        WaitingTask(
          process: ProcessID(pid: 9, startTicks: 6), tid: 9, name: TaskName("mv"),
          state: .uninterruptible, reason: WaitReason(name: "NFS RPC", kind: .networkFileSystem),
          waitSeconds: seconds)
      ]
    }
    var tally = SuspectTally(before: tick)
    tally.add(tick, identities: [])
    return FleetSuspects.Host(name: name, tally: tally)
  }

  @Test func theLongestWaitAndTheMostBytesComeFirst() throws {
    // The second wrote less, but in a tenth of the time.
    let fleet = FleetSuspects([
      host("a", wait: 2, written: 5_000_000),
      host("b", wait: 7, written: 1_000_000, interval: 100_000_000),
      host("c", wait: nil, written: 100),
    ])
    let lines = fleet.text().split(separator: "\n").map(String.init)
    let waits = lines.filter { $0.contains("NFS RPC") }
    #expect(waits.map { $0.prefix(1) } == ["b", "a"])
    let moves = lines.filter { $0.contains("[dd]") }
    #expect(moves.map { $0.prefix(1) } == ["b", "a", "c"])
    #expect(fleet.hasTrouble)
    let json = try fleet.json(movers: 2).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(json.map { $0["host"] as? String } == ["b", "a", "b", "a"])
    #expect(json.map { $0["pid"] as? Int } == [9, 9, 7, 7])
  }

  @Test func rowsAreBounded() {
    var fleet = FleetSuspects((0..<9).map { host("h\($0)", wait: 1, written: 5) })
    fleet.rows = 3
    let text = fleet.text()
    #expect(text.split(separator: "\n").count { $0.contains("NFS RPC") } == 3)
    #expect(text.components(separatedBy: "and 6 more").count == 4, "\(text)")
  }

  @Test func oneHostIsShownAsItsAgentShowsIt() {
    let one = host("a", wait: 2, written: 5_000_000)
    var text = SuspectText(host: "a", tally: one.tally)
    text.width = FleetSuspects([one]).width
    #expect(FleetSuspects([one]).text() == text.text())
  }

  @Test func nobodyWaitsIsSaid() {
    let fleet = FleetSuspects([host("a", wait: nil, written: 0), host("b", wait: nil, written: 0)])
    #expect(fleet.text().contains("Nobody waits.") && !fleet.hasTrouble)
  }
}
