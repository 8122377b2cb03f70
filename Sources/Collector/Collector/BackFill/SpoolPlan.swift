import History
import Records
import Wire

/// What an agent's spool has and the history lacks, and what neither has.
struct SpoolPlan {
  /// Runs to be fetched, the oldest first.
  private(set) var missing: [(stream: StreamID, numbers: ClosedRange<UInt64>)] = []
  /// Frames in them; `UInt64.max` where there are more.
  private(set) var framesToCome: UInt64 = 0
  /// What is gone.
  private(set) var losses: [FrameLoss] = []

  /// Runs and losses kept; more come up the next time.
  static let limit = 1_000
  /// Streams of an inventory that are looked at; an agent has one for each of its starts.
  static let streamsLimit = WireLimits.heldStreams

  /// - Parameters:
  ///   - settled: what the history has.
  ///   - current: the stream whose frames come as they are made, and up to which number what of it
  ///     isn't there is neither on its way nor waits for the spool's disk.
  ///   - isNew: nothing was ever stored of this host's streams.
  ///   - forgotten: up to when, on the host's clock, streams were forgotten: one of then that isn't
  ///     known may have been stored.
  init(
    host: String, inventory: SpoolInventory, settled: [StreamID: SequenceSet], current: StreamID,
    currentThrough: UInt64, isNew: Bool, forgotten: Timestamp? = nil
  ) {
    var listed: Set<StreamID> = []
    for held in inventory.held.prefix(SpoolPlan.streamsLimit) {
      listed.insert(held.stream)
      let isCurrent = held.stream == current
      if !isCurrent, settled[held.stream] == nil, let forgotten, held.oldest <= forgotten {
        continue
      }
      let last = min(held.last, isCurrent ? currentThrough : .max, UInt64(Int64.max))
      let first = max(1, held.first)
      if first <= last { add(held.stream, settled, in: first...last) }
      if first > 1 {
        lose(host, held.stream, settled, in: 1...(first - 1), isNew ? .before : .spoolFull)
      }
      // Of a stream that is over, what came last was never written.
      if !isCurrent, let newest = settled[held.stream]?.last, newest > last {
        lose(host, held.stream, settled, in: (last + 1)...newest, .agentEnded)
      }
    }
    let keepsNothing = inventory.limitBytes == 0
    for (stream, numbers) in settled where !listed.contains(stream) && stream != current {
      guard let last = numbers.last, last > 1 else { continue }
      lose(host, stream, settled, in: 1...last, keepsNothing ? .notKept : .unknown)
    }
    if keepsNothing, currentThrough > 0 {
      lose(host, current, settled, in: 1...currentThrough, isNew ? .before : .notKept)
    }
  }

  private mutating func add(
    _ stream: StreamID, _ settled: [StreamID: SequenceSet], in numbers: ClosedRange<UInt64>
  ) {
    for run in settled[stream]?.missing(in: numbers) ?? [numbers] {
      let (sum, overflow) = framesToCome.addingReportingOverflow(SequenceSet.count(run))
      framesToCome = overflow ? .max : sum
      if missing.count < SpoolPlan.limit { missing.append((stream, run)) }
    }
  }

  private mutating func lose(
    _ host: String, _ stream: StreamID, _ settled: [StreamID: SequenceSet],
    in numbers: ClosedRange<UInt64>, _ reason: LossReason
  ) {
    for run in settled[stream]?.missing(in: numbers) ?? [numbers]
    where losses.count < SpoolPlan.limit {
      losses.append(
        FrameLoss(
          host: host, stream: stream, first: run.lowerBound, last: run.upperBound, reason: reason))
    }
  }
}
