import Records

/// What an engine found in one reading of a host's tasks. Reused from tick to tick, so that a
/// steady tick allocates nothing.
public struct TaskFindings: Sendable {
  /// Processes that ran, moved bytes or ended since the reading before. The first reading has
  /// none: it is what later ones are compared with.
  public var processes: [ProcessSample] = []
  /// Tasks that are in `D` now, with wait channel, system call and stack as far as they could be
  /// read; `reason`, `waitSeconds` since we know of it, and `holders` are filled in later.
  public var waiting: [WaitingTask] = []
  /// Processes there are, as far as they can be seen.
  public var processCount = 0
  /// Tasks there are, as far as they can be seen; `nil` where all can.
  public var taskCount: Int?
  /// Ends of processes that went by unseen: their last bytes are a gap.
  public var lostExits = 0

  public init() {}

  /// Empty, with room for as many as before.
  public mutating func removeAll() {
    processes.removeAll(keepingCapacity: true)
    waiting.removeAll(keepingCapacity: true)
    processCount = 0
    taskCount = nil
    lostExits = 0
  }
}

/// Why an engine can't go on.
public enum EngineError: Error, Equatable {
  /// It can't run here: what is missing, and what would help.
  case unavailable(String)
  /// A system call failed: which, and errno.
  case failed(call: String, errno: Int32)
}

/// A way to read all tasks of the host. Both ways give the same records.
public protocol TaskEngine: ~Copyable {
  var kind: EngineKind { get }

  /// A tick: reads what every task did since the tick before.
  mutating func read(into findings: inout TaskFindings) throws(EngineError)

  /// A fast look between ticks: only `waiting` is filled.
  mutating func look(into findings: inout TaskFindings) throws(EngineError)
}
