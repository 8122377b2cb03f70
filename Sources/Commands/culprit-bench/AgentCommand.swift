import ArgumentParser
import Foundation

struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract:
      "CPU time of a tick of culprit-agent, beside iotop-c, pidstat, atop, collectl and ps.",
    discussion: """
      A herd of processes is started (culprit-test-load: all asleep, or some of them at work), and \
      each tool samples the host once a second in turn, a few rounds over. The figure is the CPU \
      time of a sample, user and system of all the tool's threads (its CPU clock; wait4 for ps), \
      the median over the rounds. Peers that are not installed are left out: apt-get install \
      iotop-c sysstat atop collectl. Looks of a burst are left out by configuration but for the \
      row that shows them. Run it as root, on a machine that does nothing else.

      EXAMPLES
        culprit-bench agent
        culprit-bench agent --processes 20000 --rounds 1
        culprit-bench agent --active 500
      """)

  @Option(help: "How many processes the herd has.")
  var processes = AgentCommand.barProcesses

  @Option(help: "How many of them wake ten times a second and write.")
  var active = 0

  @Option(help: "How long each tool is measured in a round.")
  var seconds = Seconds(8)

  @Option(help: "How often the tools take turns.")
  var rounds = 3

  @Flag(help: "Measure the agent alone.")
  var alone = false

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (0...50_000).contains(processes), (0...processes).contains(active) else {
      throw ValidationError("--processes: 0 to 50000, --active: no more than these")
    }
    guard (1...100).contains(rounds), seconds.value >= 1 else {
      throw ValidationError("--rounds: 1 to 100, --seconds: 1s or more")
    }
  }

  func run() throws {
    try Workbench.use { workbench in
      let herd = try Herd(workbench, sleeping: processes - active, active: active)
      defer { herd.end() }
      let samplers = Sampler.all(workbench, alone: alone)
      var readings: [String: [Double]] = [:]
      var resident: [String: Int] = [:]
      for round in 1...rounds {
        for sampler in samplers {
          progress("round \(round) of \(rounds): \(sampler.name)")
          let reading = try sampler.measure(workbench, seconds: seconds.value)
          readings[sampler.name, default: []].append(reading.milliseconds)
          resident[sampler.name] = max(resident[sampler.name] ?? 0, reading.residentKilobytes)
        }
      }
      try report(samplers, readings, resident)
    }
  }

  /// What the bars are measured at.
  private static let barProcesses = 2000

  private func report(
    _ samplers: [Sampler], _ readings: [String: [Double]], _ resident: [String: Int]
  ) throws {
    let count = ProcessTable.now().entries.count
    let base = median(readings["iotop-c"] ?? [])
    if json {
      for sampler in samplers {
        printJSON { line in
          line.field("tool", sampler.name)
          line.field("processes", count)
          line.field("active", active)
          line.field("cpu_ms_per_sample", median(readings[sampler.name] ?? []))
          line.field("resident_kib_max", resident[sampler.name])
        }
      }
    } else {
      print("\(count) processes, \(active) of them at work; CPU of a sample, median of \(rounds)")
      var table = Table()
      table.add(["tool", "ms", "iotop-c ÷ it", "resident"])
      for sampler in samplers {
        let cost = median(readings[sampler.name] ?? [])
        table.add([
          sampler.name, fixed(cost, 2), base.isNaN ? "–" : fixed(base / cost, 1),
          resident[sampler.name].map { $0 == 0 ? "–" : "\(fixed(Double($0) / 1024, 1)) MiB" }
            ?? "–",
        ])
      }
      print(table.text)
    }
    // The bars are of 2,000 sleeping processes.
    guard processes == AgentCommand.barProcesses, active == 0 else { return }
    try printBars(bars(readings, resident, base), json: json)
  }

  private func bars(
    _ readings: [String: [Double]], _ resident: [String: Int], _ base: Double
  ) throws -> [Bar] {
    let bpf = median(readings[Sampler.bpf] ?? [])
    let proc = median(readings[Sampler.proc] ?? [])
    var bars: [Bar] = []
    if base.isFinite {
      bars.append(
        Bar(
          title: "iotop-c, times bpf", key: "iotop_to_bpf", value: base / bpf, limit: .atLeast(70)))
      bars.append(
        Bar(
          title: "iotop-c, times proc", key: "iotop_to_proc", value: base / proc,
          limit: .atLeast(15)))
    }
    let memory = Double(max(resident[Sampler.bpf] ?? 0, resident[Sampler.proc] ?? 0)) / 1024
    bars.append(
      Bar(
        title: "resident memory", key: "resident_mib", value: memory, limit: .atMost(8), digits: 1,
        unit: " MiB"))
    let size = try FileManager.default.attributesOfItem(atPath: Herd.beside("culprit-agent"))
    bars.append(
      Bar(
        title: "executable", key: "executable_mib",
        value: Double((size[.size] as? Int) ?? 0) / 1_048_576, limit: .atMost(10), digits: 1,
        unit: " MiB"))
    return bars
  }
}
