import Collector
import History
import Records
import Reports

/// The suspects of a spike or a span, for people: who was seen to wait, and, where an agent
/// looked, who moved the bytes.
struct Suspects {
  /// Most of each kind that are listed under a spike.
  static let shown = 3
  /// Processes that are taken out of the history.
  private static let limit = 100
  /// Who did less than this per second needn't be named.
  private static let leastBytesPerSecond = 65_536.0
  private static let leastCPUShare = 0.2

  /// The processes that were seen to wait, the most often seen first.
  let ranked: [RankedSuspect]
  /// What an agent knows of them beyond that.
  private let waiters: [PastProcess]
  /// Those that did the most of what the span was made of.
  let movers: [PastProcess]

  /// - Parameter kind: of a spike of CPU time, those who used it are named first.
  init(
    of host: String, from: Timestamp, to: Timestamp, kind: EpisodeKind? = nil,
    in store: HistoryStore
  ) throws {
    ranked = try store.answering { store throws(HistoryError) in
      try SpanSuspects.ranked(of: host, from: from, to: to, in: store)
    }
    waiters = try store.answering { store throws(HistoryError) in
      try store.waiters(hosts: [host], from: from, to: to, limit: Suspects.limit)
    }
    let all = try store.answering { store throws(HistoryError) in
      try store.movers(hosts: [host], from: from, to: to, limit: Suspects.limit)
    }
    let worth = all.filter { $0.pid != nil && Suspects.isWorthNaming($0.moved) }
    movers =
      kind == .cpu
      ? worth.sorted { $0.moved?.cpuNanoseconds ?? 0 > $1.moved?.cpuNanoseconds ?? 0 } : worth
  }

  private static func isWorthNaming(_ moved: PastProcess.Moved?) -> Bool {
    guard let moved, moved.coveredSeconds > 0 else { return false }
    return Double(moved.deviceBytes) / moved.coveredSeconds >= leastBytesPerSecond
      || Double(moved.cpuNanoseconds) / 1e9 / moved.coveredSeconds >= leastCPUShare
  }

  /// What an agent knows of one of ``ranked``.
  func details(of suspect: RankedSuspect) -> PastProcess? {
    waiters.first { $0.pid == suspect.pid && $0.command == suspect.command }
  }

  /// A line for each, at most so many of each kind.
  func lines(atMost count: Int = .max) -> [String] {
    ranked.prefix(count).map(line) + movers.prefix(count).map(Suspects.line)
  }

  private func line(_ suspect: RankedSuspect) -> String {
    var text = Suspects.line(suspect)
    guard let details = details(of: suspect) else { return text }
    if let unit = details.unit ?? details.container { text += ", of \(unit)" }
    if let path = details.waits?.lockPath { text += ", lock on \(path)" }
    let holders = (details.waits?.holders ?? "").split(separator: " ").compactMap { Int($0) }
    if !holders.isEmpty {
      text += ", held by " + holders.prefix(3).map(name).joined(separator: " and ")
    }
    return text
  }

  /// A process that is known by its number, and its command where it was seen itself.
  private func name(_ pid: Int) -> String {
    guard let found = (waiters + movers).first(where: { $0.pid == pid }) else { return "\(pid)" }
    return "\(pid) (\(found.name ?? found.command))"
  }

  private static func line(_ suspect: RankedSuspect) -> String {
    let how = suspect.isUninterruptible ? "in D" : "waiting"
    var text = "suspect \(suspect.pid) \(suspect.user) \(suspect.command): \(how) in "
    text += suspect.sightings == 1 ? "one look" : "\(suspect.sightings) looks"
    if suspect.threads > 1 { text += ", up to \(suspect.threads) threads" }
    if let reason = suspect.waitReasons.first {
      text += ", for \(reason)"
    } else if let channel = suspect.waitChannels.first {
      text += ", waiting in \(channel)"
    }
    if let seconds = suspect.waitSeconds, seconds >= 1 {
      text += ", up to \(Moments.span(seconds)) long"
    }
    return text
  }

  private static func line(_ mover: PastProcess) -> String {
    var text = "mover \(mover.pid ?? 0) \(mover.user) \(mover.command): "
    guard let moved = mover.moved else { return text }
    text += "read \(PastSuspects.bytes(moved.readBytes, and: moved.reapedReadBytes)), "
    text += "wrote \(PastSuspects.bytes(moved.writeBytes, and: moved.reapedWriteBytes)), "
    text += "CPU \(Figures.twoDecimals(Double(moved.cpuNanoseconds) / 1e9)) s "
    text += "in \(Moments.span(moved.coveredSeconds))"
    if let unit = mover.unit ?? mover.container { text += ", of \(unit)" }
    if let parent = PastAncestors.list(mover.ancestors).first {
      text += ", started by \(parent.name) (\(parent.pid))"
    }
    return text
  }
}
