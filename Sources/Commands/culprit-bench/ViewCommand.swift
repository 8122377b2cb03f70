import ArgumentParser
import CPeerLoop
import Foundation
import Records
import Watch

struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Measure the terminal view: CPU per screen, and how soon a key is answered.",
    discussion: """
      Screens go through the real driver, on a pseudo-terminal that a thread empties. Each \
      screen comes after a second's rows of all hosts and a tick, as they do in life; what \
      taking those in costs is shown apart. Keys are typed into the pseudo-terminal while all \
      hosts stream a row a second, and are timed until the last byte of their screen is out.

      Processes are shown as fifty of each host, half of which move bytes.

      BARS: 200 hosts ≤ 5 ms of CPU a screen; a key ≤ 50 ms with 1,000 hosts.
      """)

  @Option(help: "How many screens of each view.")
  var frames = 200

  @Option(help: "How many keys.")
  var keys = 100

  @Option(help: ArgumentHelp("Size of the terminal.", valueName: "columns"))
  var columns = 200

  @Option(help: ArgumentHelp("Size of the terminal.", valueName: "rows"))
  var rows = 50

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard frames >= 10, keys >= 10, (40...500).contains(columns), (10...400).contains(rows) else {
      throw ValidationError("at least 10 frames and keys, 40 columns and 10 rows")
    }
  }

  func run() throws {
    var bars: [Bar] = []
    for hosts in [200, 1000] {
      for view in WatchView.allCases {
        progress("\(hosts) hosts, \(view.rawValue)")
        let cost = try ViewStage(hosts: hosts, columns: columns, rows: rows, view: view)
          .frames(frames)
        bars += figures(cost, hosts, view)
      }
    }
    bars += try latencies(.table, "j21 3jo/we\u{1B}1fk2q1")
    bars += try latencies(.processes, "jjkG0joR/wo\u{1B}fgfo")
    printBars(bars, json: json)
  }

  private func latencies(_ view: WatchView, _ script: String) throws -> [Bar] {
    progress("1000 hosts, keys, \(view.rawValue)")
    var latencies = try ViewStage(hosts: 1000, columns: columns, rows: rows, view: view)
      .keys(keys, script)
    latencies.sort()
    let suffix = view == .table ? "" : "_\(view.rawValue)"
    let title = "1000 hosts, \(view.rawValue): key to screen"
    return [
      Bar(
        title: "\(title), median", key: "key_median_ms\(suffix)",
        value: latencies[latencies.count / 2], limit: .none, digits: 1, unit: " ms"),
      Bar(
        title: "\(title), 99 of 100", key: "key_p99_ms\(suffix)",
        value: latencies[latencies.count * 99 / 100], limit: .atMost(50), digits: 1, unit: " ms"),
    ]
  }

  private func figures(_ cost: ViewStage.FrameCost, _ hosts: Int, _ view: WatchView) -> [Bar] {
    [
      Bar(
        title: "\(hosts) hosts, \(view.rawValue): CPU per screen",
        key: "frame_ms_\(view.rawValue)_\(hosts)", value: cost.drawMilliseconds,
        limit: hosts == 200 ? .atMost(5) : .none, digits: 2, unit: " ms"),
      Bar(
        title: "\(hosts) hosts, \(view.rawValue): CPU to take a second's rows in",
        key: "take_ms_\(view.rawValue)_\(hosts)", value: cost.takeMilliseconds, limit: .none,
        digits: 2, unit: " ms"),
      Bar(
        title: "\(hosts) hosts, \(view.rawValue): sent per screen",
        key: "frame_bytes_\(view.rawValue)_\(hosts)", value: cost.bytes / 1024, limit: .none,
        digits: 1, unit: " KiB"),
    ]
  }
}
