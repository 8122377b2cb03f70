import Foundation
import Logging
import Records
import Synchronization
import TestSupport
import Testing

@testable import Collector

@Suite struct NotifierTests {
  private func read(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }

  private func notifier(
    _ command: String, _ log: LogLines, gap: Double = 0, deadline: Double = 60
  ) -> Notifier {
    var limits = NoticeQueue.Limits()
    limits.gapSeconds = gap
    return Notifier(
      command: command, limits: limits, deadlineSeconds: deadline, log: log.logger)
  }

  @Test func aCommandIsToldOfBoth() async throws {
    let folder = try TestFolder()
    let log = LogLines()
    let notifier = notifier("cat >> \(folder.path)/told; echo \"said $#\u{7}\"", log)
    notifier.take([.burst(burst("db1", 0))])
    try await until("it happens") { read("\(folder.path)/told").contains("burst-opened") }
    notifier.take([.burst(burst("db1", 0, isOver: true, looks: 214))])
    try await until("it happens") { read("\(folder.path)/told").contains("burst-closed") }
    try await until("it happens") { log.text.count >= 2 }
    notifier.stop()
    let lines = read("\(folder.path)/told").split(separator: "\n")
    #expect(lines.count == 2)
    let object = try JSONSerialization.jsonObject(with: Data(lines[1].utf8))
    let closed = try #require(object as? [String: Any])
    #expect(closed["host"] as? String == "db1" && closed["trigger"] as? String == "io-pressure")
    #expect(closed["looks"] as? Int == 214 && closed["lost"] as? Bool == false)
    let counts = try #require(closed["counts"] as? [[String: Any]])
    #expect(counts.first?["wait_reason"] as? String == "ext4 journal commit $(touch /tmp/x)")
    // What it prints goes to the log, made printable; no word of the host's is an argument.
    #expect(log.text.contains { $0.hasPrefix("notice: the notify command for db1 says: said 0␇") })
  }

  @Test func oneThatTakesTooLongIsKilled() async throws {
    let folder = try TestFolder()
    let log = LogLines()
    let notifier = notifier(
      "sleep 600 & echo $! > \(folder.path)/pid; wait", log, deadline: 0.5)
    notifier.take([.burst(burst("db1", 0))])
    try await until("it happens") { log.text.contains { $0.contains("took longer than") } }
    let pid = try #require(
      pid_t(read("\(folder.path)/pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    // All that it started went with it.
    try await until("it happens") { kill(pid, 0) != 0 }
    notifier.stop()
  }

  @Test func aFailureIsToldOnceAMinute() async throws {
    let folder = try TestFolder()
    let log = LogLines()
    let notifier = notifier("echo >> \(folder.path)/runs; exit 3", log)
    for number in 0..<4 { notifier.take([.burst(burst("h\(number)", 0))]) }
    try await until("it happens") { read("\(folder.path)/runs").count == 4 }
    notifier.stop()
    let complaints = log.text.filter { $0.hasPrefix("error:") }
    #expect(complaints.count == 1)
    #expect(complaints.first?.hasSuffix("ended with status 3") == true)
  }

  @Test func whatRunsEndsWithIt() async throws {
    let folder = try TestFolder()
    let notifier = notifier(
      "sleep 600 & echo $! > \(folder.path)/pid; wait", LogLines())
    notifier.take([.burst(burst("db1", 0))])
    try await until("it happens") { !read("\(folder.path)/pid").isEmpty }
    notifier.stop()
    let pid = try #require(
      pid_t(read("\(folder.path)/pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    try await until("it happens") { kill(pid, 0) != 0 }
  }

  /// What an agent kept and tells later is no news; a clock that is off is reckoned with.
  @Test func oldBurstsAreNoNews() async throws {
    let folder = try TestFolder()
    let notifier = notifier("cat >> \(folder.path)/told", LogLines())
    var old = burst("old", 0)
    old.burst.end = Timestamp.now.advanced(bySeconds: -3600)
    var ahead = burst("ahead", 0)
    ahead.burst.start = Timestamp.now.advanced(bySeconds: 7200)
    ahead.burst.end = Timestamp.now.advanced(bySeconds: 7201)
    notifier.take([
      .burst(old), .status(HostStatus(host: "ahead", clockOffset: 7200)), .burst(ahead),
    ])
    try await until("it happens") { read("\(folder.path)/told").contains("\"ahead\"") }
    notifier.stop()
    #expect(!read("\(folder.path)/told").contains("\"old\""))
  }
}
