import Foundation
import Records
import TestSupport

@testable import Sampling

/// An engine under test, and what it has said so far of each process.
final class EngineWatch {
  private var engine: ChosenEngine
  private var findings = TaskFindings()
  /// Bytes and times of all ticks, by process.
  private(set) var totals: [ProcessID: ProcessSample] = [:]
  /// How often a process was said to have ended.
  private(set) var ends: [ProcessID: Int] = [:]
  private(set) var ticks = 0

  var waiting: [WaitingTask] { findings.waiting }
  var processes: [ProcessSample] { findings.processes }
  var processCount: Int { findings.processCount }
  var seesEnds: Bool { engine.seesEnds }

  init(_ path: String = "/proc", descriptorLimit: Int = 1000, hearsExits: Bool = true) throws {
    engine = ChosenEngine(
      try ProcTaskEngine(path, descriptorLimit: descriptorLimit, hearsExits: hearsExits), "a test")
  }

  init(_ wish: EngineWish) throws { engine = try ChosenEngine(wish) }

  /// A tick; its samples are added to the totals.
  func tick() throws {
    try engine.read(into: &findings)
    ticks += 1
    for sample in findings.processes {
      if sample.hasEnded { ends[sample.id, default: 0] += 1 }
      guard var total = totals[sample.id] else {
        totals[sample.id] = sample
        continue
      }
      let io = (total.io.value ?? IOCounters()) + (sample.io.value ?? IOCounters())
      let (reaped, cpu) = (
        total.reaped + sample.reaped, total.cpuNanoseconds + sample.cpuNanoseconds
      )
      total = sample
      total.io = .known(io)
      total.reaped = reaped
      total.cpuNanoseconds = cpu
      totals[sample.id] = total
    }
  }

  func look() throws { try engine.look(into: &findings) }

  /// Ticks until `condition` holds.
  func tick(until what: String, _ condition: () throws -> Bool) async throws {
    try await until(what) {
      try tick()
      return try condition()
    }
  }

  /// The process that has this pid, the last one where there were several.
  func total(_ pid: pid_t) -> ProcessSample? {
    totals.values.filter { $0.id.pid == pid }.max { $0.id.startTicks < $1.id.startTicks }
  }

  func io(_ pid: pid_t) -> IOCounters { total(pid)?.io.value ?? IOCounters() }

  /// Everything that processes with these pids were charged with.
  func sum(_ pids: some Sequence<pid_t>) -> IOCounters {
    pids.reduce(IOCounters()) { sum, pid in
      sum + io(pid) + (total(pid)?.reaped ?? IOCounters())
    }
  }
}
