import ProcFS
import Records
import Sampling
import Synchronization
import Wire

/// Answers what is asked about single processes, one question after the other.
final class ReportSource: Sendable {
  private let reporter: Mutex<ProcessReporter>

  init(policy: CommandLinePolicy) throws(Failure) {
    do throws(ProcError) {
      reporter = Mutex(try ProcessReporter(policy: policy))
    } catch {
      throw Failure("\(error)")
    }
  }

  /// Takes some 0.2 s, and up to a second where the process is stuck.
  func answer(_ pid: Int32, _ resident: Resident) -> Answer {
    let past = resident.points(of: pid)
    let report = reporter.withLock { $0.report(pid: pid, past: past) }
    guard let report else { return .refused("no process \(pid) here (any more)") }
    return .process(report)
  }
}

extension Resident {
  /// What a process did in the ticks that are in memory, the oldest first. A pid that was used
  /// again is the latest one's.
  func points(of pid: Int32) -> [ProcessReport.Point] {
    var decoder = FrameDecoder()
    var points: [ProcessReport.Point] = []
    var startTicks: UInt64?
    forEachPiece(from: ring.start, to: ring.end) { bytes in
      decoder.feed(bytes.span) { event in
        guard case .frame(let frame) = event, case .tick(let tick) = frame.frame,
          let process = tick.processes.first(where: { $0.id.pid == pid })
        else { return }
        if startTicks != process.id.startTicks { points.removeAll() }
        startTicks = process.id.startTicks
        points.append(
          ProcessReport.Point(
            time: tick.time, intervalNanoseconds: tick.intervalNanoseconds, io: process.io,
            cpuNanoseconds: process.cpuNanoseconds))
      }
    }
    return points
  }
}
