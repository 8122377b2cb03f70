import BPFEngine
import Bytes
import ProcFS
import Records
import Sampling
import TraceReport

/// Watches system calls by programs in the kernel: nobody is stopped, and a process that does nothing but
/// call gets about two times slower.
///
/// Children that begin meanwhile are followed, and count with who began them.
public struct BPFTraceEngine: TraceEngineRun, ~Copyable {
  public var engine: TraceEngine { .bpf }
  public var stopsProcesses: Bool { false }

  /// How often the clock and the kernel's tables are looked at.
  private static let stepNanoseconds: UInt64 = 10_000_000
  private static let progressNanoseconds: UInt64 = 500_000_000

  private let root: String
  private let sizes: TraceSizes?
  private let traits = CallTraitTable.make()

  /// - Parameter sizes: of the kernel's tables; `nil`: as the processes need them.
  /// - Throws: `TraceFailure.cannotRun`, where pids are not the kernel's own.
  public init(root: String = "/proc", sizes: TraceSizes? = nil) throws(TraceFailure) {
    guard PIDNamespace.isInitial else {
      // The programs know pids as the kernel counts them, which inside a container are others.
      throw .cannotRun(
        "programs in the kernel can't be used here: this is not the host's first pid namespace")
    }
    (self.root, self.sizes) = (root, sizes)
  }

  /// Whether the programs can be loaded here.
  ///
  /// - Throws: `TraceFailure.cannotRun`, with the reason.
  public func check() throws(TraceFailure) { _ = try load(TraceSizes(forThreads: 1)) }

  private func load(_ sizes: TraceSizes) throws(TraceFailure) -> TracePrograms {
    do throws(BPFError) {
      return try TracePrograms(sizes, traits: traits)
    } catch {
      throw BPFTraceEngine.failure(error)
    }
  }

  private static func failure(_ error: BPFError) -> TraceFailure {
    .cannotRun(
      error.isDenied
        ? "BPF programs can't be loaded: root may, or who has cap_bpf and cap_perfmon"
        : "\(error): they need Linux 5.15 or newer with CONFIG_DEBUG_INFO_BTF")
  }

  public mutating func run(
    _ tracees: [Tracee], for nanoseconds: UInt64, isStopped: () -> Bool, progress: () -> Void
  ) throws(TraceFailure) -> TraceFindings {
    guard tracees.count <= TracePrograms.processLimit else {
      throw .tooMany(matched: tracees.count, limit: TracePrograms.processLimit)
    }
    var silent = try SilentThreads(root, traits)
    var programs = try load(try sizes(for: tracees))
    let tables = programs.tables
    var collector = CallCollector(tracees)
    do throws(BPFError) {
      try programs.start(tracees.map(\.id.pid))
    } catch {
      throw BPFTraceEngine.failure(error)
    }
    let begin = MonotonicClock.now
    watch(tables, &collector, until: begin.addingSaturated(nanoseconds), isStopped, progress)
    programs.stop()
    let end = MonotonicClock.now
    tables.turn()
    collector.take(tables)
    collector.takeUnfinished(tables, &silent, from: begin, to: end)
    collector.finish(tables, from: begin, to: end)
    var findings = TraceFindings()
    findings.outcomes = collector.outcomes
    findings.notices = notices(tables, tracees.count, missed: programs.missedCalls)
    return findings
  }

  private func sizes(for tracees: [Tracee]) throws(TraceFailure) -> TraceSizes {
    if let sizes { return sizes }
    let root = try ProcRoot(tracing: root)
    var buffer = ReadBuffer(capacity: 4096, limit: 1 << 20)
    var threads = 0
    for tracee in tracees {
      threads += root.taskIDs(of: tracee.id.pid, limit: .max, using: &buffer).count
    }
    return TraceSizes(forThreads: threads)
  }

  /// Waits until time is up or all processes have ended, and empties the tables before they are full.
  private func watch(
    _ tables: TraceTables, _ collector: inout CallCollector, until deadline: UInt64,
    _ isStopped: () -> Bool, _ progress: () -> Void
  ) {
    var told = MonotonicClock.now
    while !isStopped() {
      let now = MonotonicClock.now
      guard now < deadline,
        collector.outcomes.indices.contains(where: { tables.process($0).isAlive })
      else { return }
      if tables.isCrowded {
        tables.turn()
        collector.take(tables)
        tables.clear()
      }
      if now - told >= BPFTraceEngine.progressNanoseconds {
        progress()
        told = now
      }
      let step = min(deadline - now, BPFTraceEngine.stepNanoseconds)
      Pause.sleep(milliseconds: Int((step + 999_999) / 1_000_000))
    }
  }

  private func notices(_ tables: TraceTables, _ count: Int, missed: UInt64) -> [String] {
    var (children, lost) = (0, tables.unseenThreads)
    for index in 0..<count {
      children += tables.process(index).children
      lost += tables.process(index).lostThreads
    }
    var notices: [String] = []
    if let notice = TraceFindings.notice(ofChildren: children) { notices.append(notice) }
    if lost > 0 {
      notices.append(
        "\(lost) threads or children were more than can be followed at once: of their calls only the "
          + "number is known, or nothing")
    }
    if missed > 0 { notices.append("the kernel left out \(missed) calls that it was busy at") }
    return notices
  }
}
