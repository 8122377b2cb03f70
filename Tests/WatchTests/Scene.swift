import Records
import Testing

@testable import Watch

/// A state that a person gets to with a few keys: each has its golden screens.
struct Scene: Sendable {
  let name: String
  var keys = ""
  var hosts: [String] = MixedFleet.hosts
  var view = WatchView.table
  var splitColumns: Int?
  var rules = ""
  /// What happens after the keys.
  var then: @Sendable (inout WatchState) -> Void = { _ in }

  func state(columns: Int, rows: Int, ascii: Bool = false) -> WatchState {
    var state = MixedFleet.state(
      columns: columns, rows: rows, hosts: hosts, ascii: ascii, view: view,
      splitColumns: splitColumns,
      rules: (try? WatchRules.parse(Array(rules.utf8), file: "culprit.conf")) ?? .standard)
    state.type(keys)
    then(&state)
    return state
  }

  private static let few = Array(MixedFleet.hosts.prefix(13))
  private static let four = ["web1", "web2", "db1", "cache2"]

  static let all: [Scene] = [
    Scene(name: "table"),
    Scene(name: "table-unfolded", keys: "f"),
    Scene(name: "table-cursor", keys: "fjjjj"),
    Scene(name: "table-scrolled", keys: "f<PageDown><PageDown>"),
    Scene(name: "table-sorted", keys: "ooooo"),
    Scene(name: "table-searched", keys: "/db<Enter>"),
    Scene(name: "table-filtered", keys: "&^(web|db)<Enter>&!2<Enter>"),
    Scene(name: "table-nothing", keys: "&nobody<Enter>"),
    Scene(name: "table-columns", keys: "cms"),
    Scene(name: "table-without-memory", keys: "cmsy<Enter>"),
    Scene(name: "table-cost", keys: "i", then: { $0.apply(.cost(cost)) }),
    Scene(
      name: "table-rules", rules: "colour wa >= 10 magenta\ncolour /^app/ cyan\nbind F2 table"),
    Scene(name: "table-reply", then: { $0.apply(.reply("the screen is in culprit-1.txt")) }),
    Scene(name: "frozen", keys: "<Space>"),
    Scene(name: "merged", keys: "2", hosts: few, then: lose),
    Scene(name: "merged-scrolled", keys: "2<PageUp>", hosts: few),
    Scene(name: "merged-frozen", keys: "2<Space><PageUp>", hosts: few),
    Scene(name: "merged-marked", keys: "2m", hosts: few, then: resume),
    Scene(name: "merged-searched", keys: "2?db2<Enter>n", hosts: few),
    Scene(name: "merged-filtered", keys: "2&^web<Enter>", hosts: few),
    Scene(name: "split", hosts: four, view: .split),
    Scene(name: "split-two-columns", hosts: four, view: .split, splitColumns: 2),
    Scene(name: "split-many", keys: "<Right><Right>", view: .split, splitColumns: 2),
    Scene(name: "split-scrolled", keys: "<Right><PageUp>", hosts: four, view: .split),
    Scene(name: "zoom", keys: "3<Right><Right><Enter>", hosts: four),
    Scene(name: "zoom-down", keys: "f/gate1<Enter><Enter>"),
    Scene(name: "zoom-suspects", keys: "3<Right><Right><Enter>", hosts: four, then: suspect),
    Scene(name: "zoom-scrolled", keys: "3<Enter><PageUp>", hosts: four),
    Scene(name: "suspects", then: suspect),
    Scene(name: "zoom-agent", keys: "3<Enter>", hosts: ["db1"], then: agent),
    Scene(name: "split-agent", hosts: ["db1"], view: .split, then: agent),
    Scene(name: "table-agent", then: agent),
    Scene(name: "processes", keys: "4", then: work),
    Scene(name: "processes-few", hosts: ["db1"], view: .processes, then: work),
    Scene(name: "processes-sorted", keys: "4ooR", then: work),
    Scene(name: "processes-unfolded", keys: "4f", then: work),
    Scene(
      name: "processes-cursor", keys: "4",
      then: {
        work(&$0)
        $0.type("jj/backup<Enter>")
      }),
    Scene(name: "processes-filtered", keys: "4&postgres<Enter>", then: work),
    Scene(name: "processes-nobody", keys: "4"),
    Scene(name: "zoom-work", keys: "3<Enter>", hosts: ["db1"], then: work),
    Scene(name: "split-burst", hosts: ["db1", "web1"], view: .split, then: work),
    Scene(name: "merged-burst", keys: "2", hosts: few, then: work),
    Scene(name: "table-burst", then: work),
    Scene(name: "past-processes", keys: "4d", then: { $0.apply(.past(MixedFleet.past)) }),
    Scene(
      name: "past-work", keys: "4d",
      then: {
        var span = MixedFleet.past
        for second in -4...0 {
          span.activities.append(
            Work.activity("db1", span.at.advanced(bySeconds: Double(second))))
        }
        span.bursts = [Work.burst("db1", span.at.advanced(bySeconds: -20), to: span.at)]
        $0.apply(.past(span))
      }),
    Scene(name: "help", keys: "h"),
    Scene(name: "help-end", keys: "h<End>"),
    Scene(name: "prompt", keys: "/"),
    Scene(name: "prompt-typed", keys: "&!web[0-9]+"),
    Scene(name: "prompt-wrong", keys: "/we(b<Enter>"),
    Scene(name: "prompt-time", keys: "b"),
    Scene(name: "past-awaited", keys: "t"),
    Scene(
      name: "past-failed", keys: "t",
      then: { $0.apply(.pastFailed("no history at x.db; start culprit collect")) }),
    Scene(name: "past-table", keys: "d", then: { $0.apply(.past(MixedFleet.past)) }),
    Scene(name: "past-merged", keys: "2d", then: { $0.apply(.past(MixedFleet.past)) }),
    Scene(name: "past-split", keys: "3d", then: { $0.apply(.past(MixedFleet.past)) }),
    Scene(
      name: "past-spike", keys: "e",
      then: {
        $0.apply(.past(MixedFleet.past))
        $0.type("<Enter>")
      }),
    Scene(
      name: "past-empty", keys: "d",
      then: {
        $0.apply(
          .past(
            PastSpan(
              at: MixedFleet.past.at, from: MixedFleet.past.from, hosts: few, samples: [],
              lastRowBefore: MixedFleet.past.from)))
      }),
  ]

  private static let cost = OwnCost(
    rows: 123_456, rowsPerSecond: 43, receivedBytes: 9_876_543, cpuSeconds: 12.3,
    cpuPercent: 0.4, residentBytes: 23_456_789, frames: 321)

  private static let lose: @Sendable (inout WatchState) -> Void = { state in
    state.apply(
      .status(
        HostStatus(
          host: "web1", state: .backingOff, since: night,
          retryAt: night.advanced(bySeconds: 3), lastError: "10.0.0.1:22: reset by peer")))
  }

  /// A host whose rows come again after a hole.
  private static let resume: @Sendable (inout WatchState) -> Void = { state in
    for second in 1...30 {
      let now = night.advanced(bySeconds: Double(second))
      state.apply(.tick(now))
      state.apply(.sample(sample("web1", now, calm(1))))
      if second > 20 { state.apply(.sample(sample("db1", now, calm(1), cpus: 8))) }
    }
  }

  /// Who waits, as an agent tells it: for locks too, and with the reason.
  private static let agent: @Sendable (inout WatchState) -> Void = { state in
    let suspects = [
      Suspect(
        pid: 4711, tid: 4711, state: "D", user: "postgres", waitChannel: "jbd2_log_wait_commit",
        reason: "ext4 journal commit", waitSeconds: 34.5, command: "postgres: writer process"),
      Suspect(
        pid: 812, tid: 812, state: "S", user: "backup", waitChannel: "locks_lock_inode_wait",
        reason: "file lock", waitSeconds: 7200, command: "flock /srv/lock rsync -a /srv /backup"),
      Suspect(
        pid: 99, tid: 99, state: "D", user: "root", waitChannel: "md_super_wait",
        waitSeconds: 0, command: "[md0_raid5]"),
      Suspect(
        pid: 100, tid: 101, state: "D", user: "1000", reason: "a reason with more than 20 letters",
        waitSeconds: nil, command: "tar\u{1B}[2J"),
    ]
    state.apply(
      .status(
        HostStatus(
          host: "db1", address: "local", state: .connected, since: night, cpus: 8,
          through: "agent 0.2.0, engine bpf")))
    state.apply(
      .suspects(SuspectReport(host: "db1", time: night, source: .agent, suspects: suspects)))
    state.apply(.tick(state.now))
  }

  /// Agents tell what processes and devices do, and one of a burst.
  private static let work: @Sendable (inout WatchState) -> Void = { state in
    agent(&state)
    for second in 1...5 {
      let now = night.advanced(bySeconds: Double(second))
      for host in ["db1", "web2", "web1"] {
        var values = calm(2)
        values[10] = 4000
        state.apply(.sample(sample(host, now, values, cpus: 8)))
      }
      state.apply(.suspects(Work.suspects("db1", now)))
      for host in ["db1", "web2"] { state.apply(.activity(Work.activity(host, now))) }
      state.apply(.burst(Work.burst("db1", night.advanced(bySeconds: -20), to: now)))
      state.apply(.tick(now))
    }
    state.apply(
      .status(
        HostStatus(
          host: "db1", address: "local", state: .connected, since: night, cpus: 8,
          through: "agent 0.2.0, engine bpf",
          spool: SpoolStatus(hours: 30, framesToCome: 1204, problem: "disk full\u{1B}[2J"))))
  }

  private static let suspect: @Sendable (inout WatchState) -> Void = { state in
    let suspects = [
      Suspect(
        pid: 4711, tid: 4711, state: "D", user: "postgres", waitChannel: "jbd2_log_wait_commit",
        elapsedSeconds: 86_500, command: "postgres: writer process"),
      Suspect(
        pid: 4711, tid: 4712, state: "Dl", user: "www\u{1B}[2Jdata",
        waitChannel: "a_wait_channel_that_is_too_long", elapsedSeconds: 3,
        command: "/usr/bin/cp -a /srv/\u{202E}漢字 /backup/" + String(repeating: "x", count: 300)),
      Suspect(
        pid: 99, tid: 99, state: "D", user: "root", waitChannel: nil, elapsedSeconds: nil,
        command: "[kworker/u8:2+flush-254:0]"),
    ]
    state.apply(.suspects(SuspectReport(host: "db1", time: night, suspects: suspects)))
    // Lines come and go on ticks only.
    state.apply(.tick(state.now))
  }
}
