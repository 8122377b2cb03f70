import ArgumentParser
import Foundation

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "What a trace of system calls costs who is traced, and who isn't.",
    discussion: """
      A load does the same work over and over, in turn untraced and traced, and says what each pass \
      took: CPU time of the load, and time on the wall. The figures are medians of the ratios of \
      neighbouring passes, so that what else the machine does weighs on both. Loads: dd, which \
      reads and writes a byte at a time and does nothing else; writer, which writes 4 kB and syncs \
      them, on a disk; bystander, the first again, while another process is traced. strace's cost \
      stands beside it, of fewer calls: that one is stopped most of the time, so only the wall \
      tells it. Run it as root.

      EXAMPLES
        culprit-bench trace
        culprit-bench trace --folder /var/lib/postgresql --rounds 9
      """)

  @Option(help: "How often each pair of passes is run.")
  var rounds = 7

  @Option(help: "How many bytes dd copies in a pass.")
  var calls = 300_000

  @Option(help: "How many writes the writer syncs in a pass.")
  var syncs = 500

  @Option(help: "A folder on a disk, for the writer's file.")
  var folder = "/var/tmp"

  @Flag(help: "Leave strace out.")
  var alone = false

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(rounds), (1000...100_000_000).contains(calls), syncs > 0 else {
      throw ValidationError("--rounds: 1 to 1000, --calls: at least 1000, --syncs: at least 1")
    }
  }

  /// strace makes dd so much slower that it gets less to do.
  private static let straceShare = 100

  /// What tracing made of a load.
  private struct Cost {
    var name: String
    var untraced: [TraceLoad.Pass] = []
    var traced: [TraceLoad.Pass] = []

    func factor(_ field: KeyPath<TraceLoad.Pass, Double>) -> Double {
      median(zip(traced, untraced).map { $0[keyPath: field] / $1[keyPath: field] })
    }
  }

  func run() throws {
    try Workbench.use { workbench in
      let idle = try TraceLoad(workbench, rounds: 1)
      defer { idle.end() }
      _ = try idle.pass()
      let file = "\(folder)/culprit-bench.\(getpid())"
      defer { unlink(file) }
      var costs = [
        try measure(workbench, "dd, bpf", .bpf, TraceLoad(workbench, rounds: calls)),
        try measure(
          workbench, "writer, bpf", .bpf, TraceLoad(workbench, rounds: syncs, file: file)),
        try measure(
          workbench, "bystander, bpf", .bpf, TraceLoad(workbench, rounds: calls), tracing: idle.pid),
      ]
      if !alone {
        let few = try TraceLoad(workbench, rounds: max(1, calls / TraceCommand.straceShare))
        costs += [
          try measure(workbench, "dd, strace", .strace, few),
          try measure(
            workbench, "writer, strace", .strace, TraceLoad(workbench, rounds: syncs, file: file)),
        ]
      }
      progress("what a trace costs itself")
      let own = try (0..<rounds).map { _ in try TraceRun.idleCost(workbench, of: idle.pid) }
      report(costs, own: median(own))
    }
  }

  /// - Parameter other: who is traced in the load's place.
  private func measure(
    _ workbench: Workbench, _ name: String, _ engine: TraceRun.Engine, _ load: TraceLoad,
    tracing other: pid_t? = nil
  ) throws -> Cost {
    defer { load.end() }
    var cost = Cost(name: name)
    _ = try load.pass()
    for round in 1...rounds {
      progress("round \(round) of \(rounds): \(name)")
      cost.untraced.append(try load.pass())
      let run = try TraceRun(workbench, engine, of: other ?? load.pid)
      defer { run.end() }
      cost.traced.append(try load.pass())
    }
    return cost
  }

  private func report(_ costs: [Cost], own: Double) {
    if json {
      for cost in costs {
        printJSON { line in
          line.field("load", cost.name)
          line.field("untraced_cpu_seconds", median(cost.untraced.map(\.cpu)))
          line.field("untraced_seconds", median(cost.untraced.map(\.wall)))
          line.field("cpu_factor", cost.factor(\.cpu))
          line.field("wall_factor", cost.factor(\.wall))
        }
      }
    } else {
      print(
        "medians of \(rounds) pairs of passes; milliseconds of a pass, and how many times as long")
      var table = Table()
      table.add(["load", "untraced CPU", "wall", "traced CPU", "wall", "CPU", "wall"])
      for cost in costs {
        table.add(
          [cost.name]
            + [cost.untraced, cost.traced].flatMap { passes in
              [median(passes.map(\.cpu)), median(passes.map(\.wall))].map { fixed($0 * 1000, 1) }
            } + [fixed(cost.factor(\.cpu), 2) + "×", fixed(cost.factor(\.wall), 2) + "×"])
      }
      print(table.text)
    }
    printBars(bars(costs, own), json: json)
  }

  private func bars(_ costs: [Cost], _ own: Double) -> [Bar] {
    [
      Bar(
        title: "dd, bpf, CPU", key: "dd_cpu_factor", value: costs[0].factor(\.cpu),
        limit: .atMost(2.7)),
      Bar(
        title: "dd, bpf, wall", key: "dd_wall_factor", value: costs[0].factor(\.wall),
        limit: .atMost(2.7)),
      Bar(
        title: "writer, bpf, wall", key: "writer_wall_factor", value: costs[1].factor(\.wall),
        limit: .atMost(1.05)),
      Bar(
        title: "bystander, bpf, CPU", key: "bystander_cpu_factor", value: costs[2].factor(\.cpu),
        limit: .atMost(2)),
      Bar(
        title: "a trace's own CPU", key: "own_cpu_ms", value: own * 1000, limit: .none, digits: 0,
        unit: " ms"),
    ]
  }
}
