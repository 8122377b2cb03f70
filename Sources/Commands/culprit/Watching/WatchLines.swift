import Bytes
import Collector
import Foundation
import Logging
import Records
import Watch

/// Watching without a screen: a line per row on standard output, states in the log.
struct WatchLines {
  private static let pollSeconds = 0.1

  private let hosts: [String]
  private let isJSON: Bool
  /// Processes in place of rows.
  private let showsProcesses: Bool
  private let log: Logger
  private var plain: PlainText
  private var processes: ProcessPlainText
  private var json = JSONWriter()
  private var journal: StateJournal
  private var states: [String: HostState] = [:]
  private var reporting: Set<String> = []

  init(
    hosts: [String], zone: ViewerZone, json: Bool, showsProcesses: Bool = false, log: Logger
  ) {
    self.hosts = hosts
    isJSON = json
    self.showsProcesses = showsProcesses
    self.log = log
    plain = PlainText(hosts: hosts, zone: zone)
    processes = ProcessPlainText(hosts: hosts, zone: zone)
    journal = StateJournal(log: log)
  }

  mutating func run(
    _ source: inout any EventSource, signals: StopSignals, until end: SteadyTime
  ) throws {
    while !signals.wantsStop, !end.isPast {
      try take(source.poll(), signals)
      if hosts.allSatisfy({ states[$0]?.isFinal ?? false }) {
        throw CommandFailure.failed("no host can be watched; the reasons stand above")
      }
      signals.wait(seconds: WatchLines.pollSeconds, until: end)
    }
    try take(source.poll(), signals)
    let silent = hosts.filter { !reporting.contains($0) }
    guard silent.isEmpty || signals.wantsStop else {
      throw CommandFailure.failed(
        showsProcesses
          ? "no agent told of processes of \(HostNames.fold(silent))"
          : "no row came from \(HostNames.fold(silent))")
    }
  }

  private mutating func take(_ events: [FleetEvent], _ signals: StopSignals) throws {
    journal.note(events)
    var output: [UInt8] = []
    for event in events {
      switch event {
      case .suspects, .burst, .delivery, .lost, .listed, .filled, .traced: break
      case .activity(let activity):
        guard showsProcesses else { continue }
        reporting.insert(activity.host)
        append(activity, to: &output)
      case .status(let status): states[status.host] = status.state
      case .sample(let sample):
        guard !showsProcesses else { continue }
        reporting.insert(sample.host)
        if isJSON {
          json.sample(sample)
          output += json.takeLine()
        } else {
          plain.append(sample, to: &output)
        }
      }
    }
    guard !output.isEmpty else { return }
    try StandardOutput.write(output, to: STDOUT_FILENO, unless: { signals.wantsStop })
  }
}

extension WatchLines {
  private mutating func append(_ activity: HostActivity, to output: inout [UInt8]) {
    guard isJSON else { return processes.append(activity, to: &output) }
    for process in activity.processes {
      json.process(process, of: activity)
      output += json.takeLine()
    }
    guard activity.omittedProcesses > 0 else { return }
    json.omittedProcesses(of: activity)
    output += json.takeLine()
  }
}

extension HostState {
  /// Whether only a person can change it.
  var isFinal: Bool {
    switch self {
    case .refusedKey, .unknownKey, .changedKey, .unsupported: true
    case .waiting, .connecting, .connected, .stale, .backingOff, .noVmstat, .stopped: false
    }
  }
}
