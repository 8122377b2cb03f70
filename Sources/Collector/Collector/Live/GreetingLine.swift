import Bytes
import Records

/// A line of `RemoteCommand`'s own, told by its leading `@`.
enum GreetingLine: Equatable {
  case version(Int)
  case cpus(Int)
  case clock(Timestamp)
  case load(LoadAverage, uptimeSeconds: Double?)
  case error(String)
  /// There is an agent.
  case agentFound
  /// It doesn't say its version, and ends with that status.
  case agentBroken(Int)
  /// An agent is started: requests may be sent to it.
  case agent
  /// So many bytes of an agent may be sent.
  case send(Int)
  /// Why there is no temporary agent after all.
  case fallback(String)
  /// One that we don't know, or can't read: from another version, or from something else.
  case other

  /// `nil` where the line isn't ours.
  init?(_ line: Span<UInt8>) {
    guard line.count > 0, line[0] == UInt8(ascii: "@") else { return nil }
    var cursor = 0
    guard let word = line.nextWord(&cursor) else { return nil }
    if line.equals("@load", in: word) {
      self = GreetingLine.load(line, &cursor) ?? .other
    } else if line.equals("@cpus", in: word) {
      let count = line.nextWord(&cursor).flatMap { line.decimal(in: $0) } ?? 0
      self = (1...65536).contains(count) ? .cpus(Int(count)) : .other
    } else if line.equals("@clock", in: word) {
      self = GreetingLine.clock(line, &cursor) ?? .other
    } else if line.equals("@culprit", in: word) {
      let version = line.nextWord(&cursor).flatMap { line.decimal(in: $0) } ?? 0
      self = .version(Int(clamping: version))
    } else if line.equals("@agent", in: word) {
      self = GreetingLine.agent(line, &cursor)
    } else if line.equals("@send", in: word) {
      let count = line.nextWord(&cursor).flatMap { line.decimal(in: $0) } ?? 0
      self = .send(Int(clamping: count))
    } else if line.equals("@fallback", in: word) {
      // The blank between them is none of it.
      let start = min(cursor + 1, line.count)
      self = .fallback(Printable.text(line.extracting(start..<line.count), limit: 200))
    } else if line.equals("@error", in: word) {
      self = .error(Printable.text(line.extracting(cursor..<line.count), limit: 200))
    } else {
      self = .other
    }
  }

  private static func agent(_ line: Span<UInt8>, _ cursor: inout Int) -> GreetingLine {
    guard let word = line.nextWord(&cursor) else { return .agent }
    if line.equals("found", in: word) { return .agentFound }
    guard line.equals("broken", in: word) else { return .agent }
    let status = line.nextWord(&cursor).flatMap { line.decimal(in: $0) } ?? 0
    return .agentBroken(Int(clamping: status))
  }

  private static func load(_ line: Span<UInt8>, _ cursor: inout Int) -> GreetingLine? {
    var values: [Double] = []
    for _ in 0..<3 {
      guard let word = line.nextWord(&cursor), let value = line.fraction(in: word) else {
        return nil
      }
      values.append(value)
    }
    // Running/total and the last pid stand between.
    _ = line.nextWord(&cursor)
    _ = line.nextWord(&cursor)
    let uptime = line.nextWord(&cursor).flatMap { line.fraction(in: $0) }
    let average = LoadAverage(
      oneMinute: values[0], fiveMinutes: values[1], fifteenMinutes: values[2])
    return .load(average, uptimeSeconds: uptime)
  }

  /// `date +%s.%N`; a date that knows no `%N` prints it as it is.
  private static func clock(_ line: Span<UInt8>, _ cursor: inout Int) -> GreetingLine? {
    guard let word = line.nextWord(&cursor) else { return nil }
    var dot = word.lowerBound
    while dot < word.upperBound, line[dot] != UInt8(ascii: ".") { dot += 1 }
    guard let seconds = line.decimal(in: word.lowerBound..<dot), seconds > 0,
      seconds < 9_000_000_000
    else { return nil }
    let digits = dot + 1 < word.upperBound ? (dot + 1)..<word.upperBound : nil
    let fraction =
      digits.flatMap { $0.count == 9 ? line.decimal(in: $0) : nil } ?? 0
    return .clock(Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction))
  }
}
