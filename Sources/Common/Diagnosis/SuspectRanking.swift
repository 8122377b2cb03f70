import Records

/// Ranks the processes that were seen to wait: who was seen most often comes first.
///
/// They are suspects, not culprits: who waits longest is as often the victim.
public enum SuspectRanking {
  /// Of one host. A process is its pid and command line: ps tells no start time to the tick.
  public static func ranked(_ reports: [SuspectReport]) -> [RankedSuspect] {
    struct Key: Hashable {
      var pid: Int
      var command: String
    }
    var found: [Key: RankedSuspect] = [:]
    var channels: [Key: [String: Int]] = [:]
    var reasons: [Key: [String: Int]] = [:]
    for report in reports {
      for (key, tasks) in Dictionary(
        grouping: report.suspects, by: { Key(pid: $0.pid, command: $0.command) })
      {
        var ranked =
          found[key]
          ?? RankedSuspect(
            pid: key.pid, user: tasks[0].user, command: key.command, at: report.time)
        ranked.sightings += 1
        ranked.threads = max(ranked.threads, tasks.count)
        ranked.first = min(ranked.first, report.time)
        ranked.last = max(ranked.last, report.time)
        for task in tasks {
          if let channel = task.waitChannel {
            channels[key, default: [:]][channel, default: 0] += 1
          }
          if let reason = task.reason { reasons[key, default: [:]][reason, default: 0] += 1 }
          if let seconds = task.waitSeconds {
            ranked.waitSeconds = max(ranked.waitSeconds ?? 0, seconds)
          }
          if !task.isUninterruptible { ranked.isUninterruptible = false }
        }
        found[key] = ranked
      }
    }
    for (key, counts) in channels { found[key]?.waitChannels = mostFrequentFirst(counts) }
    for (key, counts) in reasons { found[key]?.waitReasons = mostFrequentFirst(counts) }
    return found.values.sorted { left, right in
      if left.sightings != right.sightings { return left.sightings > right.sightings }
      if left.threads != right.threads { return left.threads > right.threads }
      return left.pid < right.pid
    }
  }

  private static func mostFrequentFirst(_ counts: [String: Int]) -> [String] {
    counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map(\.key)
  }
}
