import BPFEngine
import ProcFS
import Records

/// Puts the records of a walk together: threads under their process, stacks aside until their
/// addresses have names. A class, so that a walk's closure can change it while the engine that
/// owns it lends out its programs.
final class BPFTaskCollector {
  /// Where in the findings a process is.
  private var places: [ProcessID: Int] = [:]
  /// Stacks of the waiting tasks, one after the other, and where each task's is.
  private(set) var addresses: [UInt64] = []
  private(set) var stacks: [Range<Int>] = []

  func removeAll() {
    places.removeAll(keepingCapacity: true)
    addresses.removeAll(keepingCapacity: true)
    stacks.removeAll(keepingCapacity: true)
  }

  func add(_ task: borrowing BPFTask, to findings: inout TaskFindings) {
    let id = task.process
    let place = places[id] ?? findings.processes.count
    if place == findings.processes.count {
      places[id] = place
      findings.processes.append(
        ProcessSample(
          id: id, parentPID: task.parentPID, name: task.leaderName, state: task.leaderState,
          threads: task.threads, isKernelThread: task.isKernelThread, io: .known(IOCounters())))
    }
    findings.processes[place].add(task)
  }

  /// Before a stack has names, its place is kept.
  func addWaiting(_ task: borrowing BPFTask, to findings: inout TaskFindings) {
    let start = addresses.count
    for index in 0..<task.stackDepth { addresses.append(task.address(at: index)) }
    stacks.append(start..<addresses.count)
    findings.waiting.append(
      WaitingTask(
        process: task.process, tid: task.tid, name: task.name, state: task.state,
        waitSeconds: Double(task.waitNanoseconds) / 1e9,
        waitChannel: .unsupported,
        systemCall: BPFTaskCollector.systemCall(task), stack: .unsupported))
  }

  private static func systemCall(_ task: borrowing BPFTask) -> Reading<String> {
    guard !task.isKernelThread, task.systemCall >= 0 else { return .unsupported }
    return .known(
      SystemCallNames.name(Int(task.systemCall)) ?? "\(task.systemCall)")
  }
}

extension BPFTask {
  /// A thread belongs to a process: its start is the identity's, in clock ticks of 10 ms
  /// (USER_HZ is 100 on every architecture we run on).
  var process: ProcessID {
    ProcessID(pid: pid, startTicks: startNanoseconds / 10_000_000)
  }
}

extension ProcessSample {
  fileprivate mutating func add(_ task: borrowing BPFTask) {
    state = task.leaderState
    threads = task.threads
    name = task.leaderName
    if task.hasEnded { hasEnded = true }
    if case .known(let io) = io { self.io = .known(io + task.io) }
    cpuNanoseconds &+= task.cpuNanoseconds
    guard task.hasDelays else { return }
    blockDelayNanoseconds =
      .known((blockDelayNanoseconds.value ?? 0) &+ task.blockDelayNanoseconds)
    swapDelayNanoseconds = .known((swapDelayNanoseconds.value ?? 0) &+ task.swapDelayNanoseconds)
  }
}
