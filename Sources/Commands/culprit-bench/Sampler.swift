import CPeerLoop
import Foundation

/// A tool that reads all processes of the host once a second.
struct Sampler {
  struct Reading {
    /// CPU time of a sample.
    var milliseconds: Double
    /// 0 where it didn't live long enough to be looked at.
    var residentKilobytes: Int
  }

  var name: String
  private var arguments: [String]
  /// Whether a run is one sample, and not a second's.
  private var isOneShot = false

  static let bpf = "culprit-agent, bpf"
  static let proc = "culprit-agent, proc"

  /// The agent's ways, and the peers that are installed.
  static func all(_ workbench: Workbench, alone: Bool) -> [Sampler] {
    let agent = Herd.beside("culprit-agent")
    let calm =
      (try? workbench.write("looks_per_second = 0\nown_cpu_percent = 100\n", to: "calm.toml")) ?? ""
    // A burst that never ends: any waiting or running task is enough.
    let burst =
      (try? workbench.write(
        "looks_per_second = 10\nburst_run_queue = \"0/0\"\nown_cpu_percent = 100\n",
        to: "burst.toml")) ?? ""
    func run(_ engine: String, _ file: String) -> [String] {
      [agent, "run", "--stdout", "--engine", engine, "--config", file]
    }
    var samplers = [
      Sampler(name: bpf, arguments: run("bpf", calm)),
      Sampler(name: proc, arguments: run("proc", calm)),
      Sampler(name: bpf + ", 10 Hz burst", arguments: run("bpf", burst)),
      Sampler(name: proc + ", 10 Hz burst", arguments: run("proc", burst)),
    ]
    guard !alone else { return samplers }
    samplers += [
      Sampler(name: "iotop-c", arguments: ["iotop-c", "-b", "-d", "1"]),
      Sampler(name: "pidstat -d", arguments: ["pidstat", "-d", "1"]),
      Sampler(name: "atop", arguments: ["atop", "1"]),
      Sampler(name: "collectl -sZ", arguments: ["collectl", "-sZ", "-i1:1"]),
      Sampler(name: "ps aux", arguments: ["ps", "aux"], isOneShot: true),
    ].filter { Sampler.isInstalled($0.arguments[0]) }
    return samplers
  }

  private static func isInstalled(_ program: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin"
    let isThere = path.split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
    if !isThere { progress("\(program) is not installed: left out") }
    return isThere
  }

  func measure(_ workbench: Workbench, seconds: Double) throws -> Reading {
    try isOneShot ? measureRuns(workbench) : measureStream(workbench, seconds)
  }

  private func measureStream(_ workbench: Workbench, _ seconds: Double) throws -> Reading {
    let pid = try start(workbench)
    defer { workbench.children.end([pid], grace: 2) }
    try Pause.sleep(3)
    let (cpu, time) = (try clock(pid, workbench), Pause.now)
    try Pause.sleep(seconds)
    let (cpuAfter, timeAfter) = (try clock(pid, workbench), Pause.now)
    let resident = ProcessTable.peakResidentKilobytes(of: pid) ?? 0
    return Reading(
      milliseconds: Double(cpuAfter - cpu) / 1e6 / (timeAfter - time), residentKilobytes: resident)
  }

  private func measureRuns(_ workbench: Workbench) throws -> Reading {
    let costs = try (0..<5).map { _ in
      let pid = try start(workbench)
      _ = try Pause.until(30, step: 0.005) { !workbench.children.isRunning(pid) }
      return workbench.children.end([pid]) * 1000
    }
    return Reading(milliseconds: median(costs), residentKilobytes: 0)
  }

  private func clock(_ pid: pid_t, _ workbench: Workbench) throws -> Int64 {
    let clock = culprit_peer_cpu_nanoseconds(pid)
    guard clock >= 0, workbench.children.isRunning(pid) else {
      throw BenchError.clientEnded(client: name, log: workbench.tail(of: "sampler.log"))
    }
    return clock
  }

  /// What it prints goes nowhere: a file would be I/O of its own.
  private func start(_ workbench: Workbench) throws -> pid_t {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    let log = try workbench.openLog("sampler.log")
    defer {
      close(nowhere)
      close(log)
    }
    return try workbench.children.start(arguments, output: nowhere, error: log)
  }
}
