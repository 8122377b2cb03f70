import BPFEngine
import Bytes
import ProcFS
import Records
import TraceReport

/// Sums up what the programs in the kernel counted, for each process that was asked for.
struct CallCollector {
  private(set) var outcomes: [TraceOutcome]
  private var names: [CallNumber: String] = [:]

  init(_ tracees: [Tracee]) { outcomes = tracees.map { TraceOutcome($0) } }

  /// Takes all totals of the half of the tables that no program uses just now.
  mutating func take(_ tables: TraceTables) {
    var paths: [Int: String] = [:]
    tables.forEachTotal { total in
      guard outcomes.indices.contains(total.process) else { return }
      var path: String?
      switch total.file {
      case .numbered(let number):
        path = paths[number] ?? CallCollector.path(tables.name(ofFile: number), total.descriptor)
        paths[number] = path
      case .none:
        if total.error == 0 { path = CallCollector.path(nil, total.descriptor) }
      case .other:
        // Counted, but not with its file.
        outcomes[total.process].lostCalls =
          outcomes[total.process].lostCalls.addingSaturated(total.count)
      }
      add(total, path)
    }
  }

  private mutating func add(_ total: CallTotal, _ path: String?) {
    let name = name(total.call)
    var seen = ObservedCalls(name: name, path: path, count: total.count)
    seen.bytes = total.bytes
    seen.errors = total.error == 0 ? 0 : total.count
    seen.nanoseconds = total.nanoseconds
    seen.slowestNanoseconds = total.slowestNanoseconds
    seen.latencies = total.latencies
    outcomes[total.process].tally.add(seen)
    guard total.error != 0 else { return }
    outcomes[total.process].tally.addError(
      ErrorNames.name(total.error), of: name, count: total.count)
  }

  /// Counts calls that haven't returned, with the time that they have taken so far. `begin` and `end`
  /// are those of the trace, CLOCK_MONOTONIC.
  mutating func takeUnfinished(
    _ tables: TraceTables, _ silent: inout SilentThreads, from begin: UInt64, to end: UInt64
  ) {
    var unseen: [CallThread] = []
    tables.forEachThread { thread in
      guard outcomes.indices.contains(thread.process) else { return }
      if let call = thread.call {
        let path = CallCollector.path(call.fileName, call.descriptor)
        addUnfinished(
          call.call, path, max(call.beganNanoseconds, begin), end, of: thread.process)
      } else if !thread.wasSeen, !thread.isNew {
        unseen.append(thread)
      }
    }
    silent.read(unseen) { thread, call, path in
      addUnfinished(call, path, begin, end, of: thread.process)
    }
  }

  private mutating func addUnfinished(
    _ call: CallNumber, _ path: String?, _ start: UInt64, _ end: UInt64, of process: Int
  ) {
    var seen = ObservedCalls(name: name(call), path: path)
    seen.nanoseconds = end > start ? end - start : 0
    outcomes[process].tally.add(seen)
  }

  /// Notes how each process fared.
  mutating func finish(_ tables: TraceTables, from begin: UInt64, to end: UInt64) {
    for index in outcomes.indices {
      let process = tables.process(index)
      let last = min(process.endNanoseconds ?? end, end)
      outcomes[index].nanoseconds = last > begin ? last - begin : 0
      outcomes[index].ending = process.endNanoseconds == nil ? .detached : .exited
      outcomes[index].threads = max(1, process.threads)
      outcomes[index].usesIOUring = process.usesRing
      outcomes[index].lostCalls =
        outcomes[index].lostCalls.addingSaturated(process.lostCalls)
      outcomes[index].refusal = CallCollector.refusal(outcomes[index].tracee, process)
    }
  }

  /// Whoever has the pid now may not be who was asked for.
  private static func refusal(
    _ tracee: Tracee, _ process: CallProcess
  ) -> TraceOutcome.Refusal? {
    let ticks = process.startNanoseconds.map { $0 / nanosecondsPerTick }
    guard ticks != tracee.id.startTicks else { return nil }
    return .init(.isGone, "it ended before it could be traced")
  }

  /// USER_HZ is 100 on all machines that we run on.
  private static let nanosecondsPerTick: UInt64 = 10_000_000

  private mutating func name(_ call: CallNumber) -> String {
    if let name = names[call] { return name }
    let name = CallTraitTable.name(call)
    names[call] = name
    return name
  }

  private static func path(_ name: [UInt8]?, _ descriptor: Int32) -> String? {
    guard let name else { return descriptor < 0 ? nil : "fd \(descriptor)" }
    return Printable.text(name.span, limit: TracedFile.pathLimit)
  }
}
