import Foundation
import Records
import Testing

@testable import History

/// What agents' hosts did around a moment.
@Suite struct MomentTests {
  private func filled(_ folder: HistoryFolder, _ hosts: [String] = ["a", "b"]) throws
    -> HistoryStore
  {
    let store = try folder.open()
    var batch = HistoryBatch()
    for host in hosts {
      for number in UInt64(1)...40 {
        batch.deliveries.append(LedgerTests.frame(number, host: host))
      }
    }
    _ = try store.record(batch, now: night)
    return store
  }

  @Test func tenSecondsOfEachHost() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder)
    let moment = night + 25
    let activities = try store.activities(at: moment)
    #expect(activities.map(\.host) == ["a", "b"])
    let activity = try #require(activities.first)
    #expect(activity.time <= moment)
    #expect(activity.intervalNanoseconds == 10_000_000_000)
    let process = try #require(activity.processes.first)
    #expect(process.id == ProcessID(pid: 7, startTicks: 70) && activity.processes.count == 1)
    #expect(process.owner.command == "tar cf -" && process.owner.unit == "backup.service")
    #expect(process.io.value?.readBytes == 10_000 && process.io.value?.writeBytes == 100)
    #expect(activity.perSecond(process.io.value?.readBytes ?? 0) == 1000)
    #expect(process.cpuNanoseconds == 50_000_000)
    #expect(activity.disks.first?.name == "sda" && activity.disks.first?.reads == 20)
    #expect(activity.pressure.io.value == Stall(someMicroseconds: 50, fullMicroseconds: 20))
    // Why it couldn't be read isn't kept, but that it couldn't.
    #expect(activity.pressure.memory == .gap && activity.memory.dirtyKiB == .gap)
  }

  @Test func onlyOfTheHostsAndTheMomentAskedFor() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder)
    #expect(try store.activities(hosts: ["b"], at: night + 25).map(\.host) == ["b"])
    #expect(try store.activities(hosts: ["nobody"], at: night + 25).isEmpty)
    #expect(try store.activities(at: night + 3600).isEmpty)
    #expect(try store.activities(at: Timestamp(nanoseconds: .min)).isEmpty)
    #expect(try store.activities(at: Timestamp(nanoseconds: .max)).isEmpty)
  }

  @Test func manyProcessesAreSummedUp() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var frame = LedgerTests.frame(1)
    frame.activity?.processes = (Int32(1)...80).map { pid in
      var io = IOCounters()
      io.writeBytes = UInt64(pid)
      return ProcessActivity(
        id: ProcessID(pid: pid, startTicks: 1),
        owner: ProcessOwner(name: "p\(pid)", user: "root", command: "p\(pid)"), io: .known(io))
    }
    frame.activity?.omittedIO.writeBytes = 1000
    var batch = HistoryBatch()
    batch.deliveries = [frame]
    _ = try store.record(batch, now: night)
    let activity = try #require(try store.activities(at: night + 1).first)
    #expect(activity.processes.count == HistoryStore.momentProcessesLimit)
    #expect(activity.processes.first?.id.pid == 80)
    #expect(activity.omittedProcesses == 30)
    #expect(activity.omittedIO.writeBytes == 1000 + (1...30).reduce(0, +))
  }

  /// The one that takes a CPU, behind more than are named that write a little.
  @Test func whoUsesACPUIsNamedAmongManyWriters() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var frame = LedgerTests.frame(1)
    frame.activity?.processes = (Int32(1)...200).map { pid in
      var io = IOCounters()
      if pid != 7 { io.writeBytes = 4096 * UInt64(pid) }
      return ProcessActivity(
        id: ProcessID(pid: pid, startTicks: 1),
        owner: ProcessOwner(name: "p\(pid)", user: "root", command: "p\(pid)"), io: .known(io),
        cpuNanoseconds: pid == 7 ? 990_000_000 : UInt64(pid))
    }
    var batch = HistoryBatch()
    batch.deliveries = [frame]
    _ = try store.record(batch, now: night)
    let activity = try #require(try store.activities(at: night + 1).first)
    #expect(activity.processes.count == HistoryStore.momentProcessesLimit)
    #expect(activity.processes.first?.id.pid == 200)
    #expect(activity.processes.contains { $0.id.pid == 7 })
    #expect(activity.omittedProcesses == 150)
    let named = activity.processes.reduce(0) { $0 + $1.deviceBytes }
    let all = UInt64((1...200).filter { $0 != 7 }.reduce(0, +)) * 4096
    #expect(named + activity.omittedIO.writeBytes == all)
    let movers = try store.movers(from: night, to: night + 9, limit: 10)
    #expect(movers.count == 10 && movers.map(\.pid).contains(7))
    #expect(movers.first?.pid == 200 && movers.last?.pid == 7)
    #expect(try store.movers(from: night, to: night + 9, limit: 300).count == 200)
  }
}
