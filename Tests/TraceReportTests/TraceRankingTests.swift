import Records
import Testing

@testable import TraceReport

/// Who stands in front.
@Suite struct TraceRankingTests {
  private func names(_ processes: [TracedProcess], _ order: TraceOrder = .culprits) -> [Int32] {
    TraceRanking.sorted(processes, by: order).map(\.identity.id.pid)
  }

  /// Three hammer a file, and those that wait for them have lost as much time.
  @Test func whoHammersTheDiskComesBeforeItsVictims() {
    var processes: [TracedProcess] = []
    for pid: Int32 in 1...57 {
      // A line of a log, stuck in the journal for nine seconds.
      processes.append(
        Sample.process(pid) { Sample.add(&$0, "write", "/var/log/x", 2, bytes: 160, seconds: 9.2) })
    }
    for pid: Int32 in 58...60 {
      processes.append(
        Sample.process(pid) {
          Sample.add(&$0, "pwrite64", "/var/lib/x", 1000, bytes: 4_096_000, seconds: 0.02)
          Sample.add(&$0, "fsync", "/var/lib/x", 1000, seconds: 9 - Double(pid - 58) / 10)
        })
    }
    #expect(names(processes).prefix(3) == [58, 59, 60])
    // By time alone they'd be the last.
    #expect(Set(names(processes, .blocked).suffix(3)) == [58, 59, 60])
  }

  @Test func whatComesFromMemoryIsNoLoad() {
    let cached = Sample.process(1) {
      Sample.add(&$0, "read", "/data", 250_000, bytes: 1 << 30, seconds: 0.5)
    }
    let disk = Sample.process(2) {
      Sample.add(&$0, "pread64", "/data", 1500, bytes: 1500 * 4096, seconds: 9)
    }
    let buffered = Sample.process(3) {
      Sample.add(&$0, "write", "/data", 10_000, bytes: 2 << 30, seconds: 0.8)
    }
    let sleeper = Sample.process(4) {
      Sample.add(&$0, "epoll_wait", nil, 10, seconds: 9.9)
      Sample.add(&$0, "recvfrom", "socket:[1]", 500_000, bytes: 4 << 30, seconds: 2)
    }
    let all = [sleeper, cached, disk, buffered]
    #expect(names(all) == [3, 2, 1, 4])
    #expect(names(all, .bytes) == [3, 1, 2, 4])
    #expect(names(all, .blocked) == [2, 3, 1, 4])
    #expect(names(all, .calls) == [4, 1, 3, 2])
    #expect(TraceRanking.load(of: cached) < TraceRanking.load(of: disk) / 10)
  }

  @Test func withoutTimesCountsDecide() {
    let syncing = Sample.process(1) {
      Sample.add(&$0, "write", "/x", 100, bytes: 409_600)
      Sample.add(&$0, "fdatasync", "/x", 100)
    }
    let reading = Sample.process(2) { Sample.add(&$0, "read", "/x", 500, bytes: 2_048_000) }
    let looking = Sample.process(3) { Sample.add(&$0, "newfstatat", "/x", 900) }
    #expect(names([looking, reading, syncing]) == [1, 2, 3])
  }

  /// One ranking over all hosts; what is equal stands by host and pid.
  @Test func hostsAreMerged() {
    let heavy = Sample.process(5) { Sample.add(&$0, "fsync", "/x", 900, seconds: 5) }
    let light = Sample.process(9) { Sample.add(&$0, "fsync", "/x", 90, seconds: 0.5) }
    var other = light
    other.identity.id.pid = 3
    let idle = Sample.process(1) { _ in }
    var ring = Sample.process(2) { _ in }
    ring.usesIOUring = true
    for shuffled in [
      [("b", [idle, light, other]), ("a", [light, heavy, ring])],
      [("a", [ring, light, heavy]), ("b", [other, light, idle])],
    ] {
      let merged = TraceRanking.merged(shuffled.map { (host: $0.0, processes: $0.1) })
      #expect(
        merged.map { "\($0.host)\($0.process.identity.id.pid)" }
          == ["a5", "a9", "b3", "b9", "a2", "b1"])
    }
  }
}
