import Bytes
import Records

// When a row was taken. A time before its line wins over one that vmstat printed, that over the
// date above its run, that over --start.

extension VmstatLogReader {
  /// The time of a sample; `nil` where it has none, which the report then tells.
  mutating func time(of row: LogRow) -> Timestamp? {
    if row.isUntimed { return countedTime(of: row) }
    guard let time = ownTime(of: row) else {
      return stop(.zoneNeeded(word: parser.zoneName, line: row.line))
    }
    return inOrder(time, row)
  }

  /// The time that the row itself carries, as far as its zone is known.
  mutating func ownTime(of row: LogRow) -> Timestamp? {
    if let epoch = row.epoch { return epoch }
    guard let stamp = row.stamp else { return nil }
    let isUTC = parser.zoneName.map { VmstatZone.isUTC($0) } ?? false
    if clock != nil {
      if isUTC, let zone = parser.zoneName { noteOverruled(zone, row.line) }
      return clock?.resolve(stamp, after: run?.lastTime ?? report.last)
    }
    return isUTC ? Timestamp(seconds: stamp.epochSeconds) : nil
  }

  /// The moment of a date line; `nil` where its zone is unknown.
  mutating func moment(of anchor: VmstatRun.Anchor) -> Timestamp? {
    switch anchor.date.zone {
    case .offset(let seconds): Timestamp(seconds: anchor.date.time.epochSeconds - seconds)
    case .unclear: clock?.resolve(anchor.date.time, after: report.last)
    }
  }

  /// Times of whole seconds may come twice or go back a little. Rows of one second are set apart
  /// by a millisecond each, so that none is lost; a row of an earlier second is refused.
  private mutating func inOrder(_ time: Timestamp, _ row: LogRow) -> Timestamp? {
    guard let last = run?.lastTime, time <= last else { return time }
    let next = Timestamp(nanoseconds: last.nanoseconds &+ 1_000_000)
    if next.seconds == time.seconds { return next }
    report.add(.clockWentBack(from: last, to: time), line: row.line)
    return nil
  }

  /// The time of a row by its number in its run.
  private mutating func countedTime(of row: LogRow) -> Timestamp? {
    guard let run else { return nil }
    let start: Timestamp
    if let anchor = run.anchor {
      guard let moment = run.start else {
        guard case .unclear(let word) = anchor.date.zone else { return nil }
        return stop(.zoneNeeded(word: word, line: anchor.line))
      }
      guard interval != nil else { return stop(.intervalNeeded(line: row.line)) }
      start = moment
    } else if run.number == 1, let given = options.start, interval != nil {
      start = given
    } else {
      guard report.rows > 0 || run.number > 1 else { return stop(.startNeeded(line: row.line)) }
      report.add(.runWithoutTime(firstLine: run.firstLine), line: row.line)
      return nil
    }
    if let cutLine = run.cutLine {
      report.add(.afterCut(line: cutLine), line: row.line)
      return nil
    }
    // Bounded far from where 64 bits of nanoseconds end.
    return start.advanced(bySeconds: min(Double(run.rows - 1) * (interval ?? 0), 4e9))
  }

  /// Reading on makes no sense: an option is missing.
  private mutating func stop(_ error: VmstatLogError) -> Timestamp? {
    report.refusal = error
    return nil
  }

  private mutating func noteOverruled(_ zone: String, _ line: Int) {
    guard report.overruledZone == nil, let name = options.timeZone?.identifier,
      !["UTC", "GMT", "Etc/UTC", "Etc/GMT"].contains(name)
    else { return }
    report.overruledZone =
      "line \(line): the header says \(zone), and the times were read as \(name) because of "
      + "--time-zone"
  }
}
