import ArgumentParser

struct FaninCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fanin",
    abstract: "CPU per line, CPU per connect and memory per host, of each client.",
    discussion: """
      The clients take turns on the same server: the C loop, culprit collect (decoding and \
      storing included) and ssh processes, at most 50 of them, whatever --hosts says.

      How it is measured: once the server counts a session from every host, and three seconds \
      later, the CPU clocks of the client's process tree are read, and again at the end of the \
      window. The difference by the lines that the server sent in between is the cost of a line. \
      What had been used at the first reading, less the lines sent by then, and less the same \
      of a run with a single host (the start of the process), is the cost of the connects. \
      Memory is the anonymous part of the proportional set size at the end, less that of the \
      single host; of ssh processes the whole of it. Each figure is the median over the rounds, \
      each ratio the median of the rounds' ratios.

      A line is what the server sends in one packet: each row, and a load line to every fifth. \
      Real sshd's lines are not counted but reckoned: vmstats running, times seconds. (Root's \
      sshd wants /run/sshd, which is made if it is missing.) ssh writes to /dev/null. Its \
      connects are judged with --server sshd alone: there it does the key exchange that it does \
      with any sshd (sntrup761), which the asyncssh server can't.
      """)

  @Option(help: "How many hosts.")
  var hosts = 50

  @Option(help: "sshd (real, a vmstat for each host, up to 100) or asyncssh.")
  var server = ServerKind.asyncssh

  @Option(name: .customLong("for"), help: "Time measured per client, over all rounds.")
  var time = Seconds(30)

  @Option(help: "How often the clients take turns.")
  var rounds = 3

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (2...20_000).contains(hosts) else { throw ValidationError("--hosts: 2 to 20000") }
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds: 1 to 100") }
  }

  func run() throws {
    try Workbench.use { workbench in
      var fanin = Fanin(workbench, try server.start(workbench, hosts: hosts))
      defer { fanin.server.stop() }
      try fanin.measure(rounds: rounds, secondsPerRound: time.value / Double(rounds))
      let report = FaninReport(
        hosts: hosts, server: server, rounds: rounds, time: time, costs: fanin.costs)
      report.printFigures(json: json)
    }
  }
}

/// The rounds of a fan-in.
struct Fanin {
  let server: any HostServer
  /// Every round's cost of each client.
  private(set) var costs: [Client: [ClientCost]] = [:]
  private let workbench: Workbench
  private let clients: [Client]
  private var runs = 0

  init(_ workbench: Workbench, _ server: any HostServer) {
    self.workbench = workbench
    self.server = server
    clients = Client.allCases.filter { $0 != .culprit || Client.culpritPath != nil }
    if !clients.contains(.culprit) {
      progress("no culprit at \(Client.siblingPath("culprit")): measured without it")
    }
  }

  mutating func measure(rounds: Int, secondsPerRound: Double) throws {
    var alone: [Client: ClientReading] = [:]
    for client in clients where client.isOneProcess {
      progress("\(client.title), a single host")
      alone[client] = try reading(client, hosts: 1, seconds: 2)
    }
    for round in 1...rounds {
      for client in clients {
        let hosts = client == .openssh ? Client.opensshHostsMax : server.addresses.count
        progress("round \(round) of \(rounds): \(client.title)")
        let reading = try reading(client, hosts: hosts, seconds: secondsPerRound)
        costs[client, default: []].append(ClientCost(reading, alone: alone[client]))
      }
    }
  }

  private mutating func reading(
    _ client: Client, hosts: Int, seconds: Double
  ) throws -> ClientReading {
    runs += 1
    try ClientReading.waitUntilIdle(server)
    return try ClientReading.measure(
      client, on: Array(server.addresses.prefix(hosts)), of: server, at: workbench,
      number: runs, seconds: seconds)
  }
}
