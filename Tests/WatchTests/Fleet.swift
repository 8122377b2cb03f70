import Records

@testable import Watch

/// 2026-11-23T03:12:00Z, the moment the fixtures end around.
let night = Timestamp(seconds: 1_795_403_520)

/// A row from values in vmstat's order; `nil` is a column the host doesn't have.
func row(_ values: [Int64?]) -> VmstatRow {
  var row = VmstatRow()
  for (column, value) in zip(VmstatColumn.standard, values) { row[column] = value }
  return row
}

func sample(
  _ host: String, _ time: Timestamp, _ values: [Int64?], load: Double? = nil, cpus: Int? = 4
) -> HostSample {
  HostSample(
    host: host, time: time, source: .vmstat, row: row(values),
    load: load.map { LoadAverage(oneMinute: $0, fiveMinutes: 1, fifteenMinutes: 1) }, cpus: cpus)
}

/// A calm row; `r` varies a little, so that lines differ.
func calm(_ r: Int64) -> [Int64?] {
  [r, 0, 0, 812_344, 4616, 571_800, 0, 0, 12, 96, 135, 168, 3, 1, 96, 0, 0]
}

/// A fleet in which every kind of line occurs, over two minutes.
enum MixedFleet {
  static let quiet = (1...30).map { "app\($0)" }
  static let hosts =
    ["web1", "web2", "db1", "db2", "cache1", "cache2", "mail1", "gate1", "new1", "login1", "old1"]
    + ["日本語ホスト", "cafe\u{301}"] + quiet

  static func state(
    columns: Int, rows: Int, hosts: [String] = hosts, ascii: Bool = false,
    view: WatchView = .table,
    splitColumns: Int? = nil, rules: WatchRules = .standard
  ) -> WatchState {
    var state = WatchState(
      hosts: hosts, columns: columns, rows: rows, now: night.advanced(bySeconds: -70),
      ascii: ascii, view: view, splitColumns: splitColumns, rules: rules)
    for second in -69...0 { play(second, hosts, on: &state) }
    state.apply(.notice("following history.db; collector pid 123 records"))
    return state
  }

  /// The same fleet a day before, with a hole of twenty seconds, a host that had no rows yet, and
  /// a load spike on db1.
  static let past: PastSpan = {
    let at = night.advanced(bySeconds: -86_400)
    var samples: [HostSample] = []
    for second in -69...0 where !(-40..<(-20)).contains(second) {
      for (index, host) in hosts.enumerated() where host != "app30" {
        guard
          let sample = figures(host, index, second, at.advanced(bySeconds: Double(second)))
        else { continue }
        samples.append(sample)
      }
    }
    let spike = Episode(
      host: "db1", start: at.advanced(bySeconds: -60), peak: at.advanced(bySeconds: -5), end: at,
      isOpen: true, kind: .disk, load1Peak: 5.25, runnablePeak: 1, blockedPeak: 4, cpus: 8,
      verdict: "disk: 3 tasks blocked on average while 96 MiB/s were read and 12 MiB/s written, "
        + "CPU 10 % busy; 8 CPUs")
    return PastSpan(
      at: at, from: at.advanced(bySeconds: -120), hosts: hosts, samples: samples,
      episodes: [spike], focus: spike)
  }()

  private static func play(_ second: Int, _ hosts: [String], on state: inout WatchState) {
    let now = night.advanced(bySeconds: Double(second))
    state.apply(.tick(now))
    for (index, host) in hosts.enumerated() {
      guard let sample = figures(host, index, second, now) else { continue }
      state.apply(.sample(sample))
    }
    if second == -12 { statuses(now).forEach { state.apply(.status($0)) } }
  }

  private static func figures(
    _ host: String, _ index: Int, _ second: Int, _ now: Timestamp
  ) -> HostSample? {
    let wave = Int64((second + 70) * (index + 3) % 7)
    switch host {
    case "web2":
      return sample(
        host, now,
        [
          9 + wave, 0, 0, 23_973_312, 4616, 571_800, 0, 0, 0, 120, 4100, 12_345,
          88, 11, 1, 0, 0,
        ], load: 12.5)
    case "db1":
      return sample(
        host, now,
        [
          1, wave / 2 + 1, 0, 812_344, 4616, 9_571_800, 0, 0, 98_304, 12_000, 900, 2_100,
          4, 6, 45, 45, 0,
        ], load: 5.25, cpus: 8)
    case "db2":
      return sample(
        host, now,
        [
          2, 1, 1_048_576, 61_440, 16, 9_000, 3_100, 14_200, 3_100, 14_210, 2_000, 4_000,
          10, 20, 40, 20, 10,
        ])
    case "cache1", "cache2": return second < -12 ? sample(host, now, calm(wave / 3)) : nil
    case "mail1", "gate1", "new1", "login1": return nil
    case "old1":
      return sample(
        host, now, [0, 0, nil, 100, 200, 300, 0, 0, 1, 2, 3, 4, 5, 6, 89, 0, nil], cpus: nil)
    default:
      return sample(host, now, calm(wave / 3), load: second % 5 == 0 ? 0.42 : nil)
    }
  }

  private static func statuses(_ now: Timestamp) -> [HostStatus] {
    [
      HostStatus(host: "cache1", state: .stale, since: now),
      HostStatus(
        host: "cache2", state: .backingOff, since: now, retryAt: now.advanced(bySeconds: 42),
        lastError: "10.0.0.12:22: connection refused; is sshd running there?"),
      HostStatus(host: "mail1", state: .refusedKey, since: now, lastError: "no key was taken"),
      HostStatus(
        host: "gate1", state: .changedKey, since: now,
        lastError: "the host key is another than known_hosts line 12 says; someone may be in "
          + "between, or the host was installed anew: ask before removing the line"),
      HostStatus(host: "login1", state: .connecting, since: now),
    ]
  }
}
