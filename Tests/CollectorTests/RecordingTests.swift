import Foundation
import History
import Logging
import Records
import SSHFleet
import Testing

@testable import Collector

/// The whole way on this machine: a real vmstat, a real SQLite file.
@Suite("recording")
struct RecordingTests {
  private static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("culprit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  @Test("local rows reach the history, follow to a reader, and outlive the recorder")
  func local() throws {
    try Self.inFolder { folder in
      let path = "\(folder)/h.db"
      let store = try HistoryStore.open(path: path)
      let queue = FleetEventQueue()
      let log = Logger(label: "test")
      let recorder = Recorder(
        store: store, queue: queue, retention: .init(keepSeconds: nil, maxSizeBytes: nil), log: log)
      let collector = try FleetCollector(options: FleetOptions(), queues: [queue], log: log)
      recorder.start()
      var target = FleetTarget(
        name: "here", address: "here", transport: .local,
        command: RemoteCommand.text(intervalSeconds: 1))
      target.intervalSeconds = 1
      collector.start([target])
      let reader = try HistoryStore.openReadOnly(path: path)
      var follower = HistoryFollower(store: reader, hosts: ["here"])
      var followed: [HostSample] = []
      var states: [HostState] = []
      let deadline = Date(timeIntervalSinceNow: 60)
      while followed.count < 3, Date() < deadline {
        for event in try follower.poll() {
          switch event {
          case .sample(let sample): followed.append(sample)
          case .suspects, .activity, .burst, .delivery, .lost, .listed, .filled, .traced: break
          case .status(let status): states.append(status.state)
          }
        }
        Thread.sleep(forTimeInterval: 0.1)
      }
      collector.stop()
      recorder.stop()
      #expect(followed.count >= 3)
      #expect(states.contains(.connected))
      var stored: [HostSample] = []
      try store.forEachSample(hosts: ["here"], from: nil, to: nil, limit: nil) { sample in
        stored.append(sample)
        return true
      }
      #expect(stored.starts(with: followed.prefix(1)))
      #expect(Set(stored.map(\.time)).count == stored.count)
      #expect(stored.allSatisfy { $0.cpus == ProcessInfo.processInfo.processorCount })
      #expect(stored.contains { $0.load != nil })
      let record = try #require(try store.hosts().first)
      #expect(record.rows == Int64(stored.count))
      #expect(record.status.state == .stopped)
    }
  }

  @Test("a fleet that is applied again changes only what changed")
  func apply() throws {
    let queue = FleetEventQueue()
    let collector = try FleetCollector(
      options: FleetOptions(), queues: [queue], log: Logger(label: "test"))
    func target(_ name: String, _ command: String) -> FleetTarget {
      FleetTarget(name: name, address: name, transport: .local, command: command)
    }
    collector.start([target("a", "sleep 60"), target("b", "sleep 60")])
    let change = collector.apply([
      target("a", "sleep 60"), target("b", "sleep 61"), target("c", "sleep 60"),
    ])
    #expect(change == .init(added: ["c"], removed: [], changed: ["b"]))
    #expect(collector.apply([target("a", "sleep 60")]).removed.sorted() == ["b", "c"])
    collector.stop()
  }

  @Test(
    "a saved log is imported once, whatever is tried, and its spikes are found",
    .enabled(if: TestPlaces.hasVmstatLogs, "no ../shared/corpora beside the repository"))
  func importing() throws {
    try Self.inFolder { folder in
      let store = try HistoryStore.open(path: "\(folder)/h.db")
      let options = VmstatLogReader.Options(
        host: "old", start: Timestamp(seconds: 1_600_000_000), interval: 1, cpus: 2)
      let log = TestPlaces.vmstatLogs.appendingPathComponent("lkml-2.6-dd-write-logfile.txt").path
      let reader = LogImport(store: store, options: options)
      let first = try reader.read(log) { _ in }
      #expect(first.stored > 5)
      #expect(first.stored == first.report.rows)
      let (from, to) = (try #require(first.report.first), try #require(first.report.last))
      try reader.diagnose(from: from, to: to)
      let episodes = try store.episodes(hosts: ["old"], from: nil, to: nil, kinds: nil)
      #expect(episodes.map(\.kind) == [.disk])
      #expect(episodes.allSatisfy { !$0.isOpen })

      let second = try reader.read(log) { _ in }
      #expect(second.stored == 0)
      #expect(second.duplicates == first.stored)
      try reader.diagnose(from: from, to: to)
      #expect(try store.episodes(hosts: ["old"], from: nil, to: nil, kinds: nil) == episodes)
    }
  }

  @Test("a queue that nobody empties drops old rows, never states")
  func bounded() {
    let queue = FleetEventQueue(limit: 100)
    queue.push(.status(HostStatus(host: "a", state: .connected)))
    for second in 0..<1000 {
      queue.push(
        .sample(
          HostSample(
            host: "a", time: Timestamp(seconds: Int64(second)), source: .vmstat, row: VmstatRow())))
    }
    let (events, dropped) = queue.drain()
    #expect(events.count <= 101)
    #expect(events.count + dropped == 1001)
    guard case .status = events.first else {
      Issue.record("the state was dropped")
      return
    }
    guard case .sample(let last) = events.last else {
      Issue.record("the newest row was dropped")
      return
    }
    #expect(last.time == Timestamp(seconds: 999))
  }
}
