import Records

/// What an episode was found to be: its kind, and for `unclear` what is unclear about it.
enum Finding: CaseIterable {
  case swap
  case cpu
  case disk
  /// Tasks blocked in I/O on devices that move hardly anything.
  case silentDevice
  /// The load average holds tasks that `r` and `b` don't show.
  case hidden
  /// The load is high, but not by CPU time, blocked tasks or hidden ones.
  case loaded

  var kind: EpisodeKind {
    switch self {
    case .swap: .swap
    case .cpu: .cpu
    case .disk: .disk
    case .silentDevice, .hidden, .loaded: .unclear
    }
  }

  /// Whether it stands for its kind where only the kind is known.
  var isTypical: Bool { kind != .unclear || self == .hidden }

  /// The verdict: one sentence with the figures that made it.
  func sentence(rows: Tally, load1Peak: Double?, cpus: Int?) -> String {
    var text = kind.rawValue + ": "
    switch self {
    case .cpu: text += cpuText(rows, cpus: cpus)
    case .disk: text += diskText(rows)
    case .swap: text += swapText(rows)
    case .silentDevice: text += silentDeviceText(rows, isConfirmed: load1Peak != nil)
    case .hidden: text += hiddenText(rows)
    case .loaded: text += loadedText(rows)
    }
    if let load1Peak {
      text += "; load \(Figure.load(load1Peak))"
      if let cpus { text += " on \(Figure.cpus(cpus))" }
    } else if let cpus {
      text += "; \(Figure.cpus(cpus))"
    }
    return text
  }

  private func cpuText(_ rows: Tally, cpus: Int?) -> String {
    let spent = "CPU \(Figure.percent(busy(rows))) busy"
    let kernel = rows.mean(\.kernel)
    let where_ = kernel >= 50 ? ", mostly in the kernel (\(Figure.percent(kernel)))" : ""
    return "\(Figure.tasks(rows.mean(\.runnable))) runnable on average, "
      + spent + where_ + stolenText(rows)
  }

  private func diskText(_ rows: Tally) -> String {
    let blocked = "\(Figure.tasks(rows.mean(\.blocked))) blocked on average"
    return "\(blocked) while \(trafficText(rows)), CPU \(Figure.percent(busy(rows))) busy"
      + stolenText(rows)
  }

  private func swapText(_ rows: Tally) -> String {
    let waiting =
      "\(Figure.tasks(rows.mean(\.blocked))) blocked and "
      + "\(Figure.count(rows.mean(\.runnable))) runnable on average"
    return "\(waiting) while \(Figure.rate(rows.mean(\.swapIn))) were swapped in and "
      + "\(Figure.rate(rows.mean(\.swapOut))) out, CPU \(Figure.percent(busy(rows))) busy"
  }

  /// `isConfirmed`: the load average was read, and had risen with the blocked tasks.
  private func silentDeviceText(_ rows: Tally, isConfirmed: Bool) -> String {
    let why =
      isConfirmed
      ? "a device or a network file system that doesn't answer"
      : "a device that doesn't answer, or sleepers in io_uring, which Linux counts as blocked"
        + " (the load average would tell)"
    return "\(Figure.tasks(rows.mean(\.blocked))) blocked on average while devices moved only "
      + "\(Figure.rate(rows.traffic)): \(why)"
  }

  private func hiddenText(_ rows: Tally) -> String {
    let shown = rows.mean(\.runnable) + rows.mean(\.blocked)
    let surplus = Figure.tasks(max(0, rows.mean(\.active) - shown), more: true)
    return "the load average holds \(surplus) than r and b show (r "
      + "\(Figure.count(rows.mean(\.runnable))), b \(Figure.count(rows.mean(\.blocked))), CPU "
      + "\(Figure.percent(busy(rows))) busy): tasks in D that vmstat's b doesn't count, as on "
      + "NFS, locks or a frozen file system"
  }

  private func loadedText(_ rows: Tally) -> String {
    "the load average stands for \(Figure.tasks(rows.mean(\.active))) active at a time, but r was "
      + "\(Figure.count(rows.mean(\.runnable))), b \(Figure.count(rows.mean(\.blocked))) and the "
      + "CPU only \(Figure.percent(busy(rows))) busy"
  }

  private func trafficText(_ rows: Tally) -> String {
    let read = rows.mean(\.blocksIn)
    let written = rows.mean(\.blocksOut)
    // Under a twentieth of the other isn't worth a reader's time.
    if read * 20 < written { return "\(Figure.rate(written)) were written" }
    if written * 20 < read { return "\(Figure.rate(read)) were read" }
    return "\(Figure.rate(read)) were read and \(Figure.rate(written)) written"
  }

  private func stolenText(_ rows: Tally) -> String {
    let stolen = rows.mean(\.stolen)
    return stolen >= 5 ? ", \(Figure.percent(stolen)) stolen by the hypervisor" : ""
  }

  /// What the host itself spent.
  private func busy(_ rows: Tally) -> Double {
    min(100, rows.mean(\.user) + rows.mean(\.kernel))
  }
}

/// Numbers as a sentence shows them.
enum Figure {
  /// `7`, `7.1`, `0.4`, `312`: one decimal under ten, if it isn't 0.
  static func count(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "many" }
    let tenths = Int64((max(0, value) * 10).rounded())
    guard tenths < 100, tenths % 10 != 0 else {
      return "\(Int64(max(0, value).rounded()))"
    }
    return "\(tenths / 10).\(tenths % 10)"
  }

  static func tasks(_ value: Double, more: Bool = false) -> String {
    let count = count(value)
    return "\(count)\(more ? " more" : "") task\(count == "1" ? "" : "s")"
  }

  static func percent(_ value: Double) -> String {
    abs(value) < 1e15 ? "\(Int64(value.rounded())) %" : "many %"
  }

  /// One decimal, as people quote the load average.
  static func load(_ value: Double) -> String {
    guard abs(value) < 1e15 else { return "many" }
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  static func cpus(_ count: Int) -> String { "\(count) CPU\(count == 1 ? "" : "s")" }

  /// From KiB/s.
  static func rate(_ kibibytes: Double) -> String {
    if kibibytes < 1024 { return "\(count(kibibytes)) KiB/s" }
    if kibibytes < 1024 * 1024 { return "\(count(kibibytes / 1024)) MiB/s" }
    return "\(count(kibibytes / 1024 / 1024)) GiB/s"
  }
}
