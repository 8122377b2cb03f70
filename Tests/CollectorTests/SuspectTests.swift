import Records
import Testing

@testable import Collector

/// What ps says of the tasks in D.
@Suite struct SuspectTests {
  /// As ps of procps 4.0.2 prints it for `SuspectQuestion`.
  static let answer = """
    Welcome to db1
    @clock 1763912345.500000000
    D       2101    2101 postgres                         jbd2_log_wait_commit                      1-02:03:04 postgres: checkpointer
    Dsl      812     815 root                             -                                              05:09 /usr/bin/backup --password=hunter2 /srv
    D        913     913 backup                           0                                           01:00:00 tar -cf /mnt/x y
    S        914     914 backup                           0                                           01:00:00 sleep
    D       oops     914 backup                           0                                           01:00:00 sleep
    D       77      77 [nobody

    """

  @Test func aListingIsRead() throws {
    let report = try #require(SuspectListing.report(Array(Self.answer.utf8), host: "db1"))
    #expect(report.time == Timestamp(nanoseconds: 1_763_912_345_500_000_000))
    #expect(
      report.suspects == [
        Suspect(
          pid: 2101, tid: 2101, state: "D", user: "postgres",
          waitChannel: "jbd2_log_wait_commit", elapsedSeconds: 93784,
          command: "postgres: checkpointer"),
        Suspect(
          pid: 812, tid: 815, state: "Dsl", user: "root", elapsedSeconds: 309,
          command: "/usr/bin/backup --password=*** /srv"),
        Suspect(
          pid: 913, tid: 913, state: "D", user: "backup", elapsedSeconds: 3600,
          command: "tar -cf /mnt/x y"),
      ])
  }

  @Test func noTruncationInvents() throws {
    let bytes = Array(Self.answer.utf8)
    let whole = try #require(SuspectListing.report(bytes, host: "db1"))
    for length in bytes.indices {
      let report = SuspectListing.report(Array(bytes.prefix(length)), host: "db1")
      // The last line's command may be cut; nothing else may differ.
      for (one, other) in zip(report?.suspects ?? [], whole.suspects) {
        #expect(one.tid == other.tid && one.user == other.user)
        #expect(other.command.hasPrefix(one.command.prefix(12)) || one.command == "?")
      }
      #expect((report?.suspects.count ?? 0) <= whole.suspects.count)
    }
  }

  @Test func hostileTextIsMadePrintableAndBounded() throws {
    let line = "@clock 1763912345\nD 1 1 ev\u{1B}il 0 00:01 \u{1B}]52;c;AAAA\u{7}\u{202E}"
    let long = line + String(repeating: "x", count: 5000) + "\n"
    let report = try #require(SuspectListing.report(Array(long.utf8), host: "a"))
    let suspect = try #require(report.suspects.first)
    #expect(suspect.command.count <= SuspectListing.commandLimit + 1)
    for scalar in (suspect.command + suspect.user).unicodeScalars {
      #expect(scalar.value >= 0x20 && scalar != "\u{202E}" && scalar != "\u{7F}")
    }
    let many = "@clock 1763912345\n" + String(repeating: "D 1 1 a 0 00:01 b\n", count: 1000)
    #expect(
      SuspectListing.report(Array(many.utf8), host: "a")?.suspects.count
        == SuspectQuestion.taskLimit)
    #expect(SuspectListing.report(Array("ps: not found\n".utf8), host: "a") == nil)
  }

  @Test(arguments: [
    ("00:05", 5), ("10:00", 600), ("02:00:00", 7200), ("3-00:00:01", 259_201),
  ])
  func elapsedTimeIsRead(text: String, seconds: Int64) {
    #expect(SuspectListing.elapsed(text) == seconds)
  }

  @Test(arguments: ["", "5", "-", "a:b", "1:2:3:4", "-1:00", "99999999999999999999-00:00:00"])
  func whatIsNoTimeIsNone(text: String) {
    #expect(SuspectListing.elapsed(text) == nil)
  }

  /// A look is asked for while `b` is above 0, and not again within ten seconds.
  @Test func aBlockedHostIsAsked() {
    let queue = FleetEventQueue()
    let feed = HostFeed(
      target: .init(name: "a", address: "a", command: "true"), queues: [queue])
    feed.linkDidOpen()
    func row(_ blocked: Int) -> String? {
      feed.linkDidReceive(
        Array(" 1  \(blocked)  0  100  10  10  0  0  0  0  5  6  1  1 98  0  0\n".utf8).span
      ).question
    }
    _ = feed.linkDidReceive(
      Array(
        " r  b swpd free buff cache si so bi bo in cs us sy id wa st\n".utf8
      ).span)
    // The first row is the average since boot: it says nothing of now.
    #expect(row(5) == nil)
    #expect(row(0) == nil)
    let question = row(2)
    #expect(question == SuspectQuestion.command)
    #expect(question?.contains("'") == false)
    #expect(row(2) == nil)
    feed.linkDidAnswer(Array(Self.answer.utf8))
    feed.linkDidAnswer(nil)
    let reports = queue.drain().events.compactMap { event -> SuspectReport? in
      if case .suspects(let report) = event { report } else { nil }
    }
    #expect(reports.map(\.suspects.count) == [3])
    #expect(reports.first?.host == "a")
  }
}
