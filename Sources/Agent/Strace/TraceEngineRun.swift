import Records
import TraceReport

/// A process that is to be traced: it passed the guards a moment ago.
public struct Tracee: Hashable, Sendable {
  public var id: ProcessID
  public var name: TaskName

  public init(id: ProcessID, name: TaskName) {
    self.id = id
    self.name = name
  }

  /// A name may change, an id doesn't.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// What an engine saw of one process, or why it saw nothing.
public struct TraceOutcome: Sendable {
  public var tracee: Tracee
  public var tally = TraceTally()
  public var ending = TracedProcess.Ending.detached
  /// From when it was attached to its end or until it was let go, nanoseconds.
  public var nanoseconds: UInt64 = 0
  /// Threads that were seen to make calls, or that there were; at least 1.
  public var threads = 1
  /// Children that began meanwhile and were watched, too: their calls stand under who began them.
  public var children = 0
  /// See ``TracedProcess/lostCalls``.
  public var lostCalls: UInt64 = 0
  /// The engine itself saw it use an io_uring; its descriptors are looked at besides.
  public var usesIOUring = false
  /// Other tasks that were stopped on its account, its children: they are looked at afterwards.
  public var touched: [Int32] = []
  /// It could not be traced after all: then it is told with the skipped ones.
  public var refusal: Refusal?

  public struct Refusal: Equatable, Sendable {
    public var reason: SkippedProcess.Reason
    /// In words, and what to do about it.
    public var detail: String

    public init(_ reason: SkippedProcess.Reason, _ detail: String) {
      self.reason = reason
      self.detail = detail
    }
  }

  public init(_ tracee: Tracee) { self.tracee = tracee }
}

/// What an engine brought home: an outcome for each process it was given.
public struct TraceFindings: Sendable {
  public var outcomes: [TraceOutcome] = []
  /// What else the reader should know, a sentence each.
  public var notices: [String] = []

  public init() {}

  /// That children were watched; `nil` where there were none.
  static func notice(ofChildren count: Int) -> String? {
    switch count {
    case 0: nil
    case 1: "a child that began meanwhile was watched too; its calls stand under who began it"
    default:
      "\(count) children that began meanwhile were watched too; their calls stand under who began them"
    }
  }
}

/// A way to watch system calls. `run` returns when nothing of it is left in any process, whatever
/// happened.
public protocol TraceEngineRun: ~Copyable {
  var engine: TraceEngine { get }

  /// Whether a process stops at each of its calls and must be let go of again: then those that could
  /// not be are left alone.
  var stopsProcesses: Bool { get }

  /// Watches all of `tracees` at once for `nanoseconds`, counted from when they are attached.
  ///
  /// - Parameters:
  ///   - isStopped: asked at least five times a second; once it says so, all is let go at once and
  ///     what was seen so far is returned.
  ///   - progress: told at least once a second, to show that it goes on.
  /// - Throws: ``TraceFailure/cannotRun(_:)``, where it can trace nobody here.
  mutating func run(
    _ tracees: [Tracee], for nanoseconds: UInt64, isStopped: () -> Bool, progress: () -> Void
  ) throws(TraceFailure) -> TraceFindings
}
