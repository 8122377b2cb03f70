/// The figures of a fan-in, and how they stand to the bars.
struct FaninReport {
  let hosts: Int
  let server: ServerKind
  let rounds: Int
  let time: Seconds
  let costs: [Client: [ClientCost]]

  func printFigures(json: Bool) {
    for client in Client.allCases {
      if json, let figures = costs[client] { printJSON(client, figures) }
    }
    if !json { printTable() }
    printBars(bars, json: json)
  }

  /// Each ratio is the median of the rounds' own ratios: a slow minute weighs on both sides.
  var bars: [Bar] {
    let line = ratios(.culprit, .cLoop, \.perLine)
    let connect = ratios(.culprit, .cLoop, \.perConnect)
    let openssh = ratios(.openssh, .culprit, \.perConnect)
    var bars: [Bar] = []
    if !line.isEmpty {
      bars += [
        Bar(
          title: "CPU per line, culprit : C loop", key: "cpu_per_line_to_c_loop",
          value: median(line), limit: .atMost(1.5)),
        Bar(
          title: "CPU per connect, culprit : C loop", key: "cpu_per_connect_to_c_loop",
          value: median(connect), limit: .atMost(1.5)),
        Bar(
          title: "CPU per connect, ssh : culprit", key: "cpu_per_connect_openssh_to_culprit",
          value: median(openssh), limit: server == .sshd ? .atLeast(30) : .none, digits: 0),
        Bar(
          title: "memory per host, culprit : C loop", key: "memory_per_host_to_c_loop",
          value: median(ratios(.culprit, .cLoop, \.memoryPerHostKilobytes)), limit: .none),
      ]
    }
    return bars
  }

  private func ratios(
    _ upper: Client, _ lower: Client, _ figure: KeyPath<ClientCost, Double>
  ) -> [Double] {
    zip(costs[upper] ?? [], costs[lower] ?? []).map { $0[keyPath: figure] / $1[keyPath: figure] }
  }

  private func printTable() {
    print(
      "fan-in of \(hosts) hosts, server \(server.rawValue), \(rounds) rounds of "
        + "\(fixed(time.value / Double(rounds), 0)) s, medians")
    var table = Table()
    table.add(["", "hosts", "CPU/line", "CPU/connect", "memory/host"])
    for client in Client.allCases {
      guard let figures = costs[client], let first = figures.first else { continue }
      table.add([
        client.title, "\(first.hosts)",
        "\(fixed(median(figures.map(\.perLine)) * 1e6, 1)) µs",
        "\(fixed(median(figures.map(\.perConnect)) * 1e3, 2)) ms",
        "\(fixed(median(figures.map(\.memoryPerHostKilobytes)), 0)) KiB",
      ])
    }
    print(table.text)
  }

  private func printJSON(_ client: Client, _ figures: [ClientCost]) {
    culprit_bench.printJSON { line in
      line.field("client", client.rawValue)
      line.field("server", server.rawValue)
      line.field("hosts", figures.first?.hosts)
      line.field("rounds", rounds)
      line.field("seconds", time.value)
      line.field("cpu_per_line_us", median(figures.map(\.perLine)) * 1e6)
      line.field("cpu_per_connect_ms", median(figures.map(\.perConnect)) * 1e3)
      line.field("memory_per_host_kib", median(figures.map(\.memoryPerHostKilobytes)))
      line.field("seconds_to_connect", median(figures.map(\.secondsToConnect)))
      line.field("cpu_in_all_s", median(figures.map(\.cpuSecondsInAll)))
    }
  }
}
