import Bytes
import Records

/// Reads what `SuspectQuestion` printed. Lines that are no tasks in `D` are passed over: a login
/// shell may print what it likes.
enum SuspectListing {
  /// Longest command line kept, characters.
  static let commandLimit = 300

  /// `nil` where the answer isn't one: no clock came, so the look never began.
  static func report(_ answer: [UInt8], host: String) -> SuspectReport? {
    var report: SuspectReport?
    for line in answer.split(separator: UInt8(ascii: "\n")) {
      if line.first == UInt8(ascii: "@") {
        if case .clock(let time) = Array(line).withUnsafeBufferPointer({ GreetingLine($0.span) }) {
          report = report ?? SuspectReport(host: host, time: time, suspects: [])
        }
      } else if let suspect = suspect(line),
        report?.suspects.count ?? SuspectQuestion.taskLimit < SuspectQuestion.taskLimit
      {
        report?.suspects.append(suspect)
      }
    }
    return report
  }

  private static func suspect(_ line: ArraySlice<UInt8>) -> Suspect? {
    guard line.first == UInt8(ascii: "D") else { return nil }
    var fields = line.split(
      separator: UInt8(ascii: " "), maxSplits: 6, omittingEmptySubsequences: true
    ).map { Printable.text(String(decoding: $0, as: UTF8.self), limit: commandLimit) }
    // A zombie's command line may be empty.
    if fields.count == 6 { fields.append("?") }
    guard fields.count == 7, let pid = Int(fields[1]), let tid = Int(fields[2]), pid > 0, tid > 0
    else { return nil }
    let channel = fields[4]
    return Suspect(
      pid: pid, tid: tid, state: String(fields[0].prefix(8)), user: fields[3],
      // proc_pid_wchan(5): "0" says nothing, and so does ps' own dash.
      waitChannel: channel == "-" || channel == "0" ? nil : channel,
      elapsedSeconds: elapsed(fields[5]), command: CommandMask.masked(fields[6]))
  }

  /// `[[DD-]hh:]mm:ss`, ps(1).
  static func elapsed(_ text: String) -> Int64? {
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count <= 2, let clock = halves.last else { return nil }
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    let days = halves.count == 2 ? Int64(halves[0]) : 0
    guard (2...3).contains(parts.count), let days, (0...100_000).contains(days) else { return nil }
    var seconds: Int64 = 0
    for part in parts {
      guard let part, (0...10_000).contains(part) else { return nil }
      seconds = seconds * 60 + part
    }
    return days * 86400 + seconds
  }
}
