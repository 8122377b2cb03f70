/// What a client costs, from the readings of one round.
struct ClientCost {
  var hosts: Int
  /// Seconds of CPU.
  var perLine: Double
  /// Seconds of CPU.
  var perConnect: Double
  var memoryPerHostKilobytes: Double
  var cpuSecondsInAll: Double
  var secondsToConnect: Double

  /// `alone` is the same client with one host: it takes off what the process costs by itself.
  /// Without it (processes that each serve one host) all of it is the hosts'.
  init(_ reading: ClientReading, alone: ClientReading?) {
    hosts = reading.hosts
    perLine = reading.cpuPerLine
    cpuSecondsInAll = reading.cpuSecondsInAll
    secondsToConnect = reading.secondsToConnect
    let own = alone.map { $0.cpuSecondsOfStart(perLine: reading.cpuPerLine) } ?? 0
    let others = Double(reading.hosts - (alone?.hosts ?? 0))
    perConnect = (reading.cpuSecondsOfStart(perLine: reading.cpuPerLine) - own) / others
    memoryPerHostKilobytes =
      Double(reading.memoryKilobytes - (alone?.memoryKilobytes ?? 0)) / others
  }
}

/// The middle value, or the mean of the middle two; not a number where there is none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard let last = sorted.indices.last else { return .nan }
  return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
}

/// A figure that the issue sets a bar for.
struct Bar {
  enum Limit {
    case atMost(Double)
    case atLeast(Double)
    /// Shown, not judged.
    case none
  }

  /// What is measured, in words.
  var title: String
  /// Its name in JSON.
  var key: String
  var value: Double
  var limit: Limit
  var digits = 2
  var unit = "×"

  var isMet: Bool {
    switch limit {
    case .atMost(let bound): value <= bound
    case .atLeast(let bound): value >= bound
    case .none: true
    }
  }

  var limitText: String {
    switch limit {
    case .atMost(let bound): "≤ \(number(bound))\(unit)"
    case .atLeast(let bound): "≥ \(number(bound))\(unit)"
    case .none: "–"
    }
  }

  var verdict: String {
    if case .none = limit { return "" }
    return isMet ? "pass" : "MISS"
  }

  var valueText: String { "\(fixed(value, digits))\(unit)" }

  private func number(_ bound: Double) -> String {
    if bound == bound.rounded() { return fixed(bound, 0) }
    return fixed(bound, (bound * 10).rounded() == bound * 10 ? 1 : 2)
  }
}
