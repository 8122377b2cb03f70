import Foundation
import Records
import Testing

@testable import History

/// Counts that no host reaches, added up.
@Suite struct ExtremeSumTests {
  private static func frame(_ number: UInt64, _ time: Timestamp, processes: Int) -> FrameDelivery {
    var frame = LedgerTests.frame(number)
    frame.time = time
    frame.sample?.time = time
    let all = IOCounters(
      readCharacters: .max, writeCharacters: .max, readCalls: .max, writeCalls: .max,
      readBytes: .max, writeBytes: .max, cancelledWriteBytes: .max)
    let one = ProcessActivity(
      id: ProcessID(pid: 7, startTicks: 70), owner: ProcessOwner(name: "p"), io: .known(all),
      reaped: all, cpuNanoseconds: .max)
    frame.activity = HostActivity(
      host: "a", time: time, intervalNanoseconds: .max,
      processes: [ProcessActivity](repeating: one, count: processes), omittedProcesses: .max,
      omittedIO: all, pressure: LedgerTests.frame(1).activity?.pressure ?? .unsupported)
    return frame
  }

  @Test func tenSecondsNeverBecomeAFraction() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    for number in UInt64(1)...80 {
      var batch = HistoryBatch()
      batch.deliveries = [Self.frame(number, night, processes: 256)]
      _ = try store.record(batch, now: night)
    }
    let types = try folder.sqlite3(
      "SELECT DISTINCT typeof(read_bytes), typeof(cpu_ns), typeof(covered_ns) FROM mover")
    #expect(types == ["integer|integer|integer"])
    let activity = try #require(try store.activities(at: night + 1).first)
    #expect(activity.processes.first?.io.value?.readBytes == 1 << 52)
    #expect(try store.movers(from: night, to: night).count == 2)
  }

  @Test func manyBucketsAreSummedUp() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var batch = HistoryBatch()
    for number in 1...2_200 {
      batch.deliveries.append(
        Self.frame(UInt64(number), night + number * 10, processes: 64))
    }
    _ = try store.record(batch, now: night)
    let movers = try store.movers(from: night, to: night + 30_000)
    #expect(movers.first?.moved?.readBytes == .max && movers.first?.moved?.deviceBytes == .max)
  }

  @Test func whatSomebodyElseWroteIsRead() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var batch = HistoryBatch()
    batch.deliveries = [Self.frame(1, night, processes: 1)]
    _ = try store.record(batch, now: night)
    _ = try folder.sqlite3(
      "UPDATE mover SET read_bytes = 1e300, cpu_ns = 'x'; UPDATE stall SET covered_ns = -1.5", [])
    #expect(try store.activities(at: night).first?.processes.first?.cpuNanoseconds == 0)
    #expect(try store.movers(from: night, to: night).first?.moved?.readBytes == .max)
  }
}
