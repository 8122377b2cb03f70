import Bytes
import Records

/// By what traced processes are ranked.
public enum TraceOrder: String, CaseIterable, Sendable {
  /// Who gives the disks most to do: see ``TraceRanking/load(of:)``.
  case culprits
  /// Bytes read from and written to files.
  case bytes
  /// Time in calls about files.
  case blocked
  /// All calls.
  case calls
}

/// Puts traced processes into an order, those of one host or of many. Ties are kept apart by figures
/// that come next, then by host and pid: the same traces always stand in the same order.
public enum TraceRanking {
  public static func sorted(
    _ processes: [TracedProcess], by order: TraceOrder = .culprits
  ) -> [TracedProcess] {
    merged([("", processes)], by: order).map(\.process)
  }

  /// The processes of several hosts in one order.
  public static func merged(
    _ hosts: [(host: String, processes: [TracedProcess])], by order: TraceOrder = .culprits
  ) -> [(host: String, process: TracedProcess)] {
    var ranked: [(host: String, process: TracedProcess, rank: Rank)] = []
    for (host, processes) in hosts {
      ranked += processes.map { (host, $0, Rank($0, order)) }
    }
    ranked.sort { left, right in
      if left.rank != right.rank { return left.rank.comesBefore(right.rank) }
      if left.host != right.host { return left.host < right.host }
      return left.process.identity.id.pid < right.process.identity.id.pid
    }
    return ranked.map { ($0.host, $0.process) }
  }

  /// How long disks were busy for a process, estimated in nanoseconds: what it gave them to do, and
  /// not how long it waited.
  ///
  /// Time alone would name victims, too: who waits seconds for one write while others keep the disk
  /// busy has lost as much time as they have, in fewer calls. So a call stands for no more than a
  /// disk needs for it, and one that came back at once was answered from memory. Written bytes reach
  /// the disk later, whoever waits for it, and are counted by their number.
  public static func load(of process: TracedProcess) -> UInt64 {
    var sum = 0.0
    let isTimed = process.calls.contains { $0.nanoseconds > 0 }
    for call in process.calls where call.kind.isFileWork {
      let mostByCalls = Double(call.count) * DiskWork.nanosecondsPerCall
      let byBytes = Double(call.bytes) * DiskWork.nanosecondsPerByte
      guard isTimed else {
        sum += byBytes + Double(call.count) * DiskWork.untimed(call.kind)
        continue
      }
      let slow = DiskWork.slowNanoseconds(of: call)
      let byTime = min(slow, max(mostByCalls, byBytes))
      sum += call.kind == .write ? max(byTime, byBytes) : byTime
    }
    return sum < 1e18 ? UInt64(sum) : .max
  }

  /// The figures that decide, one after the other.
  private struct Rank: Equatable {
    private var figures: InlineArray<4, UInt64>
    private var usesIOUring: Bool

    init(_ process: TracedProcess, _ order: TraceOrder) {
      let bytes = process.readBytes.addingSaturated(process.writeBytes)
      let (blocked, calls) = (process.blockedNanoseconds, process.callCount)
      let load = TraceRanking.load(of: process)
      figures =
        switch order {
        case .culprits: [load, bytes, blocked, calls]
        case .bytes: [bytes, load, blocked, calls]
        case .blocked: [blocked, load, bytes, calls]
        case .calls: [calls, load, bytes, blocked]
        }
      usesIOUring = process.usesIOUring
    }

    func comesBefore(_ other: Rank) -> Bool {
      for index in figures.indices where figures[index] != other.figures[index] {
        return figures[index] > other.figures[index]
      }
      // What no trace can see may be anything.
      return usesIOUring && !other.usesIOUring
    }

    static func == (left: Rank, right: Rank) -> Bool {
      !left.comesBefore(right) && !right.comesBefore(left)
    }
  }
}

/// What disks need for what they are asked, roughly: the figures only have to tell a disk's work from
/// waiting in front of it.
private enum DiskWork {
  /// A seek and a rotation, or a flush.
  static let nanosecondsPerCall = 10_000_000.0
  /// 200 MB/s.
  static let nanosecondsPerByte = 5.0
  /// Calls faster than this didn't wait for a disk; strace itself costs each some 30 µs.
  private static let fastBuckets = 6

  /// Time in calls that may have waited for a disk. Of one that lasted less than 32 µs a tenth is
  /// counted: disks that fast exist.
  static func slowNanoseconds(of call: TracedCall) -> Double {
    let total = Double(call.nanoseconds)
    guard !call.latencies.isEmpty else { return total }
    var fast = 0.0
    for (bucket, count) in call.latencies.prefix(fastBuckets).enumerated() {
      // In the middle of the bucket.
      fast += Double(count) * Double(UInt64(1) << UInt64(bucket)) * 750
    }
    fast = min(fast, total)
    return max(total - fast, 0) + fast / 10
  }

  /// What a call is worth where nobody took its time.
  static func untimed(_ kind: CallClass) -> Double {
    switch kind {
    case .sync: 1_000_000
    case .read, .write, .open: 10_000
    default: 1_000
    }
  }
}
