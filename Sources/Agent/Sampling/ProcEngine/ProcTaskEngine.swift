import Bytes
import Glibc
import ProcFS
import Records

/// The engine over `/proc`, for where there is no BPF.
///
/// A task that has not run since the last tick can't have moved a byte, left `D` or ended. Whether
/// anybody in a process ran its CPU-time clock tells, and which task it was its `schedstat`, held
/// open. Only what ran is read: `stat` of each task, and once per process `io`. A task went into `D` by running last, so
/// that was seen; from then on it is watched until it leaves it.
///
/// What a process reports is what its own tasks moved. Its `io` also holds what its children had
/// moved when it waited for them: see ``ReapingLedger``.
public struct ProcTaskEngine: TaskEngine, ~Copyable {
  public var kind: EngineKind { .proc }
  /// Whether the bytes of processes that come and go between two ticks are known.
  public var seesEnds: Bool { listener != nil }

  /// Descriptors held at most: each costs the kernel 4 kB.
  public static let defaultDescriptorLimit = 8192
  /// Descriptors left to the rest of the agent.
  private static let descriptorReserve = 96

  let root: ProcRoot
  /// Live, so that what doesn't run can't change; a recording is read anew each time.
  let isLive: Bool
  /// `schedstat` is there and counts.
  let hasRunTimes: Bool
  /// The clocks of processes tell who ran: the procfs is of our own pid namespace.
  let hasProcessClocks: Bool
  var files: HeldFiles
  var guarded: GuardedReader
  var listener: ExitListener?
  var delays: DelayAccounting

  let table = TaskTable()
  let ledger = ReapingLedger()
  let unseen = UnseenExits()
  var waits: [TaskWait] = []

  var clock = EngineClock.now
  /// The tick before, by the boot clock.
  var lastBootTicks: UInt64 = 0
  var isFirst = true
  var lastPID: UInt64?
  var looksSinceListing = 0
  /// Pids of processes that are gone: they may have been given away again.
  var lostPIDs: [Int32] = []
  /// Pids that were given away and name nobody yet, and for how many looks they may still.
  var unborn: [(pid: Int32, looks: Int)] = []
  var lostExits = 0

  // Room that is used again each tick.
  var small = ReadBuffer(capacity: 128, limit: 1024)
  var buffer = ReadBuffer(capacity: 1024, limit: 1 << 16)
  var listing = ReadBuffer(capacity: 1 << 15, limit: 1 << 15)
  var numbers: [Int32] = []
  var requests: [TaskFileRequest] = []
  var places: [Int] = []
  var exits: [Taskstats] = []
  /// Samples of children that were found gone while their parents were settled.
  var late: [ProcessSample] = []

  /// - Parameters:
  ///   - path: the root of procfs, or of a recorded one.
  ///   - descriptorLimit: most files held open; fewer where the process may have fewer.
  ///   - hearsExits: ask for exit records where they can be had.
  /// - Throws: `EngineError.unavailable`, where there is no such folder.
  public init(
    _ path: String = "/proc", descriptorLimit: Int = defaultDescriptorLimit,
    hearsExits: Bool = true
  ) throws(EngineError) {
    do throws(ProcError) {
      let root = try ProcRoot(path)
      self.init(root, descriptorLimit, hearsExits)
    } catch {
      throw .unavailable("\(path) can't be opened")
    }
  }

  /// Apart from the opening, which throws: a half-made value that can't be copied crashes
  /// Swift 6.3's optimizer.
  private init(_ root: consuming ProcRoot, _ descriptorLimit: Int, _ hearsExits: Bool) {
    isLive = root.isLive
    hasRunTimes = root.isLive && ProcTaskEngine.countsRunTimes(root)
    let room = HeldFiles.raiseLimit() - ProcTaskEngine.descriptorReserve
    files = HeldFiles(limit: min(descriptorLimit, room))
    guarded = GuardedReader(root: root)
    let isOurs = root.isLive && ProcTaskEngine.isOwnNamespace(root)
    hasProcessClocks = isOurs && ProcessClock.nanoseconds(of: getpid()) != nil
    listener = hearsExits && isOurs ? ProcTaskEngine.listen() : nil
    delays = DelayAccounting(root)
    self.root = root
  }

  private static func open(_ path: String) throws(EngineError) -> ProcRoot {
    do throws(ProcError) {
      return try ProcRoot(path)
    } catch {
      throw .unavailable("\(path) can't be opened")
    }
  }

  /// We have run by now, and so has the first process: where the file says no, the kernel doesn't
  /// count. (We aren't in the procfs of another pid namespace.)
  private static func countsRunTimes(_ root: borrowing ProcRoot) -> Bool {
    var buffer = ReadBuffer(capacity: 128, limit: 128)
    for path: StaticString in ["self/schedstat", "1/schedstat"]
    where root.readRecord(ProcPath(path), into: &buffer) == .bytes {
      return buffer.withBytes { TaskRunTime($0)?.isEmpty == false }
    }
    return false
  }

  /// Exit records name tasks by the first pid namespace's numbers: they are of no use beside the
  /// procfs of another one. `self` is ours there, or nobody's.
  private static func isOwnNamespace(_ root: borrowing ProcRoot) -> Bool {
    var buffer = ReadBuffer(capacity: 128, limit: 128)
    guard root.readLink(ProcPath("self"), into: &buffer) == .bytes else { return false }
    return buffer.withBytes { $0.decimal(in: 0..<$0.count) } == Int64(getpid())
  }

  /// `nil` where we may not, or the kernel can't.
  private static func listen() -> ExitListener? {
    var cpus = ReadBuffer(capacity: 256, limit: 4096)
    guard let root = try? ProcRoot("/sys/devices/system/cpu"),
      root.readRecord(ProcPath("possible"), into: &cpus) == .bytes
    else { return nil }
    return try? ExitListener.open(cpus: cpus.array)
  }

  public mutating func read(into findings: inout TaskFindings) throws(EngineError) {
    findings.removeAll()
    clock = .now
    delays.look(root, at: clock.bootTicks)
    findRuns()
    findNew()
    readBytes()
    readStates()
    hearExits()
    settle(into: &findings.processes)
    if isFirst { findings.processes.removeAll(keepingCapacity: true) }
    reportWaits(into: &findings.waiting)
    findings.processCount = table.count - table.gone.count
    findings.taskCount = table.taskCount
    findings.lostExits = lostExits + unseen.takeLost()
    endTick()
  }

  public mutating func look(into findings: inout TaskFindings) throws(EngineError) {
    findings.removeAll()
    clock = .now
    findRuns()
    findNew()
    readStates()
    reportWaits(into: &findings.waiting)
    findings.processCount = table.count - table.gone.count
  }

  private mutating func endTick() {
    ledger.age()
    unseen.age()
    let table = table
    // A copy of the places, so that closing files doesn't change what is walked over.
    places.removeAll(keepingCapacity: true)
    table.sweep { places.append($0) }
    for place in places { files.close(&table.tasks[place].file) }
    lastBootTicks = clock.bootTicks
    lostExits = 0
    isFirst = false
  }
}
