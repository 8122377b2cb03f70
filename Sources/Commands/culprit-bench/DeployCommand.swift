import ArgumentParser
import Foundation

struct DeployCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "What it takes to bring the agent to many hosts, beside clush, pdcp and stow.",
    discussion: """
      Each host is a real sshd with a /usr/local, /etc, /var and /run of its own; all share one \
      loopback interface in a network namespace, whose counters tell the bytes. Every way gets the \
      same package and fresh hosts, runs twice, and ends with the agent linked and running: culprit \
      also proves each host good by three ticks, a canary first. The CPU time is that of the side \
      that deploys, ssh included. A way whose programs are missing is passed over. Run it as root.

      EXAMPLES
        culprit-bench deploy
        culprit-bench deploy --hosts 20 --only culprit --only clush
      """)

  @Option(help: "How many hosts.")
  var hosts = 100

  @Option(help: "Hosts at once.")
  var wave = 20

  @Option(help: "These ways alone: culprit, clush, pdcp, stow.")
  var only: [DeployMethod] = []

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard (1...HostFarm.hostsMax).contains(hosts), (1...HostFarm.hostsMax).contains(wave) else {
      throw ValidationError("--hosts and --wave: 1 to \(HostFarm.hostsMax)")
    }
  }

  /// What a run of a way took.
  private struct Pass {
    var seconds: Double
    var cpu: Double
    var bytes: Int
    /// Hosts that have the agent and run it afterwards.
    var equipped: Int
  }

  private struct Reading {
    var method: DeployMethod
    var first: Pass
    var again: Pass
  }

  func run() throws {
    try Workbench.use { workbench in
      // What it keeps for the user who deploys.
      setenv("XDG_STATE_HOME", workbench.folder, 1)
      try OwnNetwork.enter(workbench)
      let package = try makePackage(workbench)
      var readings: [Reading] = []
      for method in DeployMethod.allCases where only.isEmpty || only.contains(method) {
        guard method.isThere else {
          progress("\(method.title): passed over; apt install \(method.needs.package)")
          continue
        }
        progress("\(method.title): starting \(hosts) hosts")
        let farm = try HostFarm(workbench, hosts: hosts, name: method.rawValue)
        defer { farm.end() }
        let site = DeployMethod.Site(
          workbench: workbench, addresses: farm.addresses, package: package.path,
          packageName: package.name, wave: wave)
        progress("\(method.title): first")
        let first = try pass(method, site, farm)
        progress("\(method.title): again")
        readings.append(
          Reading(method: method, first: first, again: try pass(method, site, farm)))
      }
      report(readings)
    }
  }

  /// The package that all of them bring.
  private func makePackage(_ workbench: Workbench) throws -> (path: String, name: String) {
    let path = workbench.path("agent.tar")
    try workbench.run(
      [try RunningClient.requiredCulprit(), "deploy", "package", "--output", path],
      log: "package.log")
    guard let head = try FileHandle(forReadingAtPath: path)?.read(upToCount: 100) else {
      throw BenchError.clientEnded(
        client: "culprit deploy package", log: workbench.tail(of: "package.log"))
    }
    // A tar file begins with the name of what comes first: the package's folder (tar(5)).
    let name = String(decoding: head.prefix { $0 != 0 && $0 != UInt8(ascii: "/") }, as: UTF8.self)
    return (path, name)
  }

  private func pass(
    _ method: DeployMethod, _ site: DeployMethod.Site, _ farm: HostFarm
  ) throws -> Pass {
    let workbench = site.workbench
    let commands = try method.commands(site)
    let log = try workbench.openLog("\(method.rawValue).out")
    defer { close(log) }
    let bytes = try OwnNetwork.bytes()
    let start = Pause.now
    var cpu = 0.0
    for command in commands {
      let pid = try workbench.children.start(command, output: log, error: log)
      _ = try Pause.until(3600, step: 0.02) { !workbench.children.isRunning(pid) }
      cpu += workbench.children.end([pid])
    }
    let pass = Pass(
      seconds: Pause.now - start, cpu: cpu, bytes: try OwnNetwork.bytes() - bytes,
      equipped: farm.equipped())
    if pass.equipped < hosts {
      progress(
        "\(method.title): \(pass.equipped) of \(hosts) hosts have it; it said: "
          + workbench.tail(of: "\(method.rawValue).out"))
    }
    return pass
  }

  private func report(_ readings: [Reading]) {
    if json {
      for reading in readings {
        for (name, pass) in [("first", reading.first), ("again", reading.again)] {
          printJSON { line in
            line.field("way", reading.method.rawValue)
            line.field("pass", name)
            line.field("hosts", hosts)
            line.field("equipped", pass.equipped)
            line.field("seconds", pass.seconds)
            line.field("cpu_seconds", pass.cpu)
            line.field("bytes", pass.bytes)
          }
        }
      }
    } else {
      print("\(hosts) hosts, \(wave) at once; CPU of the side that deploys, MB on the wire")
      var table = Table()
      table.add(["way", "good", "seconds", "CPU s", "MB", "again: good", "seconds", "CPU s", "MB"])
      for reading in readings {
        table.add(
          [reading.method.title]
            + [reading.first, reading.again].flatMap { pass in
              [
                "\(pass.equipped)", fixed(pass.seconds, 1), fixed(pass.cpu, 1),
                fixed(Double(pass.bytes) / 1e6, 1),
              ]
            })
      }
      print(table.text)
    }
    printBars(bars(readings), json: json)
  }

  /// How culprit stands to the plain copy.
  private func bars(_ readings: [Reading]) -> [Bar] {
    guard let own = readings.first(where: { $0.method == .culprit }),
      let other = readings.first(where: { $0.method == .clush })
    else { return [] }
    func bar(_ title: String, _ key: String, _ value: (Pass) -> Double) -> Bar {
      Bar(
        title: "\(title), culprit to clush", key: key,
        value: value(own.first) / value(other.first), limit: .none)
    }
    return [
      bar("seconds", "seconds_factor") { $0.seconds },
      bar("CPU", "cpu_factor") { $0.cpu },
      bar("bytes", "bytes_factor") { Double($0.bytes) },
    ]
  }
}

extension DeployMethod: ExpressibleByArgument {}
