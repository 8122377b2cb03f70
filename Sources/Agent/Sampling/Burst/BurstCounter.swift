import Records

/// Counts during a burst how often which process was seen waiting for what.
public struct BurstCounter: Sendable {
  private struct Key: Hashable {
    var process: ProcessID
    var reason: WaitReason
  }

  public private(set) var burst: Burst
  private var places: [Key: Int] = [:]
  /// The look in which a count was last raised: threads of one process are one look.
  private var lastLook: [Int] = []

  /// More (process, reason) pairs than these are only counted.
  public static let limit = 512

  public init(trigger: BurstTrigger, start: Timestamp) {
    burst = Burst(trigger: trigger, start: start, end: start)
  }

  /// Takes in what a look, or a tick, found waiting.
  public mutating func count(_ waiting: [WaitingTask], at time: Timestamp) {
    burst.looks += 1
    burst.end = time
    for task in waiting {
      let key = Key(process: task.process, reason: task.reason)
      guard let place = places[key] ?? newPlace(key, task) else {
        burst.omittedCounts += 1
        continue
      }
      burst.counts[place].tasks += 1
      if lastLook[place] != burst.looks {
        lastLook[place] = burst.looks
        burst.counts[place].looks += 1
      }
    }
  }

  private mutating func newPlace(_ key: Key, _ task: WaitingTask) -> Int? {
    guard burst.counts.count < BurstCounter.limit else { return nil }
    let place = burst.counts.count
    places[key] = place
    lastLook.append(0)
    burst.counts.append(
      Burst.Count(
        process: key.process, name: task.name, reason: key.reason, looks: 0, tasks: 0))
    return place
  }

  /// Counts that a burst which goes on is told with: a long one has hundreds, each time anew.
  public static let interimLimit = 32

  /// As it stands: the most frequent first. All that there are once it is over.
  public func report(isOver: Bool) -> Burst {
    var report = burst
    report.isOver = isOver
    report.counts.sort { left, right in
      if left.looks != right.looks { return left.looks > right.looks }
      if left.tasks != right.tasks { return left.tasks > right.tasks }
      return left.process.pid < right.process.pid
    }
    let surplus = isOver ? 0 : max(0, report.counts.count - BurstCounter.interimLimit)
    report.counts.removeLast(surplus)
    report.omittedCounts += surplus
    return report
  }
}
