import Bytes
import Records
import SSHFleet
import Testing

@testable import Collector

/// One host's stream, fed by hand in chunks of any size.
@Suite("host feed")
struct HostFeedTests {
  static let header = """
    procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- -----timestamp-----
     r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st                 UTC

    """

  static func row(_ r: Int, _ stamp: String) -> String {
    " \(r)  0      0 100000   2000  50000    0    0     1     2  100  200  3  4 90  2  1 \(stamp)\n"
  }

  private func feed(_ text: String, chunk: Int = 4096) -> (
    samples: [HostSample], statuses: [HostStatus]
  ) {
    let queue = FleetEventQueue()
    let target = FleetTarget(name: "web1", address: "web1", command: "true")
    let feed = HostFeed(target: target, queues: [queue])
    feed.linkDidOpen()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      _ = feed.linkDidReceive(Array(bytes[start..<min(start + chunk, bytes.count)]).span)
    }
    var result: (samples: [HostSample], statuses: [HostStatus]) = ([], [])
    for event in queue.drain().events {
      switch event {
      case .sample(let sample): result.samples.append(sample)
      case .suspects, .activity, .burst, .delivery, .lost, .listed, .filled, .traced: break
      case .status(let status): result.statuses.append(status)
      }
    }
    return result
  }

  static let stream =
    "@culprit 1\n@cpus 4\n@boot x\n@clock 1795403520.250000000\n" + header
    + row(9, "2026-11-23 03:12:00") + row(1, "2026-11-23 03:12:01")
    + "@load 0.52 0.48 0.40 1/345 6789 812.43\n" + row(2, "2026-11-23 03:12:02")
    + row(3, "2026-11-23 03:12:03")

  @Test("rows, load and CPUs, whatever the chunks", arguments: [1, 2, 3, 7, 50, 4096])
  func stream(chunk: Int) throws {
    let (samples, statuses) = feed(Self.stream, chunk: chunk)
    // The first row is the average since boot.
    #expect(samples.map { $0.row[.r] } == [1, 2, 3])
    #expect(
      samples.map { RFC3339.string(nanoseconds: $0.time.nanoseconds) } == [
        "2026-11-23T03:12:01Z", "2026-11-23T03:12:02Z", "2026-11-23T03:12:03Z",
      ])
    #expect(samples.map { $0.load?.oneMinute } == [nil, 0.52, nil])
    #expect(samples.allSatisfy { $0.cpus == 4 && $0.host == "web1" && $0.source == .vmstat })
    #expect(try #require(statuses.last).cpus == 4)
    #expect(statuses.last?.clockOffset != nil)
  }

  @Test("no truncation makes a row of half a line")
  func truncations() {
    let whole = feed(Self.stream).samples
    for length in 0..<Self.stream.utf8.count {
      let part = String(decoding: Array(Self.stream.utf8).prefix(length), as: UTF8.self)
      let samples = feed(part).samples
      #expect(samples == Array(whole.prefix(samples.count)), "after \(length) bytes")
    }
  }

  @Test("what an earlier stream left unfinished is not glued to the next")
  func reopened() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue])
    for _ in 0..<2 {
      feed.linkDidOpen()
      _ = feed.linkDidReceive(Array((Self.stream + " 7  0  ").utf8).span)
    }
    let rows = queue.drain().events.filter { if case .sample = $0 { true } else { false } }
    #expect(rows.count == 6)
  }

  @Test("another system's vmstat ends the stream with a sentence")
  func foreign() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue])
    feed.linkDidOpen()
    let text =
      " procs      memory      page                    disks     faults         cpu\n"
      + " r b w     avm    fre   flt  re  pi  po    fr  sr ad0 da0   in   sy   cs us sy id\n"
    let feedback = feed.linkDidReceive(Array(text.utf8).span)
    #expect(feedback.failure?.kind == .noVmstat)
  }

  @Test("noise without end is given up, and a long line costs no memory")
  func noise() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue])
    feed.linkDidOpen()
    let block = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
    for _ in 0..<100 { #expect(feed.linkDidReceive(block.span).failure == nil) }
    var failure: LinkFailure?
    for _ in 0...HostFeed.noiseLimit where failure == nil {
      failure = feed.linkDidReceive(Array("\u{1B}[31mgarbage\u{0}\n".utf8).span).failure
    }
    #expect(failure?.kind == .noVmstat)
    #expect(failure?.description.contains("\u{1B}") == false)
  }

  @Test("a silent host that sends text is told in its own words")
  func silenceWithNoise() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue])
    feed.linkDidOpen()
    feed.linkDidChange(to: .connected(address: "a"))
    _ = feed.linkDidReceive(Array("\u{1B}[2JDisk quota exceeded\n".utf8).span)
    feed.linkDidChange(to: .stale)
    feed.linkDidChange(
      to: .backingOff(LinkFailure(.unreachable, "no row for 30 s"), seconds: 1))
    let errors = queue.drain().events.compactMap { event -> String? in
      if case .status(let status) = event { status.lastError } else { nil }
    }
    #expect(errors.count == 2)
    #expect(errors.allSatisfy { $0.contains("Disk quota exceeded") && !$0.contains("\u{1B}") })
  }

  @Test("a host that floods us with rows is given up")
  func flood() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: FleetTarget(name: "a", address: "a", command: "true"), queues: [queue])
    feed.linkDidOpen()
    let row = " 1  0  0  100  10  10  0  0  0  0  5  6  1  1 98  0  0\n"
    _ = feed.linkDidReceive(
      Array(" r  b swpd free buff cache si so bi bo in cs us sy id wa st\n".utf8).span)
    // What a stalled connection held back comes at once, and is no flood.
    #expect(
      feed.linkDidReceive(Array(String(repeating: row, count: 1500).utf8).span).failure == nil)
    var failure: LinkFailure?
    for _ in 0..<100 where failure == nil {
      failure = feed.linkDidReceive(Array(String(repeating: row, count: 1000).utf8).span).failure
    }
    #expect(failure?.kind == .noVmstat)
    #expect(failure?.description.contains("floods") ?? false)
  }

  @Test("a missing vmstat, and a command that fails, say what to do")
  func endings() {
    func ending(_ text: String, _ status: Int32?) -> LinkFailure {
      let feed = HostFeed(
        target: FleetTarget(name: "a", address: "a", command: "true"), queues: [])
      feed.linkDidOpen()
      _ = feed.linkDidReceive(Array(text.utf8).span)
      feed.linkDidReceiveError(Array("sh: 1: vmstat\u{1B}[1m: not found".utf8).span)
      return feed.linkDidEnd(status: status)
    }
    #expect(ending("@error no vmstat in /bin\n", 127).description.contains("procps"))
    #expect(ending("", 127).kind == .noVmstat)
    #expect(ending("", 1).description.contains("status 1"))
    #expect(ending(Self.stream, nil).kind == .unreachable)
    #expect(!ending("", 1).description.contains("\u{1B}"))
  }
}

@Suite("row clock")
struct RowClockTests {
  @Test("without a clock rows have the time of their arrival, in order")
  func arrivals() {
    var clock = RowClock(intervalSeconds: 60)
    let before = Timestamp.now
    let times = (0..<50).map { _ in clock.time(stamp: nil) }
    #expect(times == times.sorted() && Set(times.map(\.nanoseconds)).count == 50)
    #expect(times[0] >= before && times[49] < Timestamp.now.advanced(bySeconds: 1))
  }

  @Test("unstamped rows are counted from the host's clock, and re-anchored by its uptime")
  func unstamped() {
    var clock = RowClock(intervalSeconds: 1)
    clock.anchor(clock: Timestamp(seconds: 1000))
    clock.anchor(uptimeSeconds: 50)
    #expect(clock.time(stamp: nil) == Timestamp(seconds: 1000))
    #expect(clock.time(stamp: nil) == Timestamp(seconds: 1001))
    // Five seconds of uptime later, but only two rows came: the host was stopped in between.
    clock.anchor(uptimeSeconds: 55)
    #expect(clock.time(stamp: nil) == Timestamp(seconds: 1005))
    #expect(clock.time(stamp: nil) == Timestamp(seconds: 1006))
    // A reading that falls a little before the row counted last doesn't turn time back.
    clock.anchor(uptimeSeconds: 56.1)
    #expect(clock.time(stamp: nil) == Timestamp(seconds: 1007))
  }

  @Test(
    "greeting lines",
    arguments: [
      ("@cpus 8", GreetingLine.cpus(8)), ("@cpus 0", .other), ("@cpus x", .other),
      ("@culprit 1", .version(1)), ("@boot abc", .other), ("@future 1 2 3", .other),
      ("@clock 12.500000000", .clock(Timestamp(nanoseconds: 12_500_000_000))),
      ("@clock 12.%N", .clock(Timestamp(seconds: 12))), ("@clock -5.0", .other),
      ("@clock 99999999999.0", .other), ("@load 1.00 2.00", .other),
      (
        "@load 1.00 2.00 3.00 1/2 3 4.5",
        .load(
          LoadAverage(oneMinute: 1, fiveMinutes: 2, fifteenMinutes: 3), uptimeSeconds: 4.5)
      ),
      ("@error no\u{1B}[0m", .error(" no␛[0m")),
    ])
  func greetings(text: String, expected: GreetingLine) {
    #expect(GreetingLine(Array(text.utf8).span) == expected)
  }
}
