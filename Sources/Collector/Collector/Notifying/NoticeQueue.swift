import Records

/// Which notices are due: the rules that keep a host whose bursts come and go from starting a storm.
///
/// A host has one command at a time, and two of them begin at least `gapSeconds` apart. A burst
/// that begins and ends in between isn't told. Whose beginning was told, its end is told too. Times
/// are seconds of one clock, whatever it is.
struct NoticeQueue {
  struct Limits: Sendable {
    /// Least time between the starts of two commands of one host.
    var gapSeconds = 10.0
    /// Beginnings that wait, of all hosts. An end always has room: there is one for each beginning
    /// that was told.
    var queue = 100
    /// Commands at once, of all hosts.
    var atOnce = 8
    /// An agent tells of its burst each tick; one that it tells no more of is over.
    var silenceSeconds = 60.0
  }

  private struct Host {
    var pending: [BurstNotice] = []
    /// The start of the burst whose beginning was handed out or waits, until its end is.
    var told: Timestamp?
    /// The start of the newest one that found no room, so that it is counted once.
    var passedOver: Timestamp?
    var newest: Burst?
    var heardAt = 0.0
    var lastStart = -Double.infinity
    var isRunning = false
  }

  var limits = Limits()
  private var hosts: [String: Host] = [:]
  /// Hosts with something pending, those that have waited longest first.
  private var waiting: [String] = []
  private var running = 0
  private(set) var dropped = 0

  init() {}

  /// Beginnings and ends that wait.
  var count: Int { waiting.reduce(0) { $0 + (hosts[$1]?.pending.count ?? 0) } }

  /// Takes in what an agent tells of a burst.
  mutating func take(_ report: HostBurst, at now: Double) {
    var host = hosts[report.host] ?? Host()
    let burst = report.burst
    // Told late, of one before.
    if let newest = host.newest, burst.start < newest.start { return }
    // Another has begun: the end of the one before was missed.
    if let told = host.told, told != burst.start, let newest = host.newest {
      close(newest, of: report.host, &host, isLost: true)
    }
    host.newest = burst
    host.heardAt = now
    if host.told == burst.start {
      refresh(burst, &host)
      if burst.isOver { close(burst, of: report.host, &host, isLost: false) }
    } else if !burst.isOver, host.told == nil {
      open(burst, of: report.host, &host)
    }
    hosts[report.host] = host
  }

  private mutating func open(_ burst: Burst, of name: String, _ host: inout Host) {
    // Two wait already: this one's turn comes with the next tick, if it lasts so long.
    guard host.pending.count < 2 else { return }
    guard count < limits.queue else {
      if host.passedOver != burst.start { dropped += 1 }
      host.passedOver = burst.start
      return
    }
    append(BurstNotice(event: .opened, host: name, burst: burst), to: &host, name)
    host.told = burst.start
  }

  private mutating func close(
    _ burst: Burst, of name: String, _ host: inout Host, isLost: Bool
  ) {
    defer { host.told = nil }
    // Neither its beginning nor its end was told, and something of another burst is: it is left
    // out.
    if host.pending.count == 2, host.pending.last?.event == .opened {
      host.pending.removeLast()
      return
    }
    append(
      BurstNotice(event: .closed, host: name, burst: burst, isLost: isLost), to: &host, name)
  }

  private mutating func append(_ notice: BurstNotice, to host: inout Host, _ name: String) {
    host.pending.append(notice)
    if !waiting.contains(name) { waiting.append(name) }
  }

  /// What waits is told as it is when its turn comes.
  private func refresh(_ burst: Burst, _ host: inout Host) {
    for place in host.pending.indices where host.pending[place].burst.start == burst.start {
      host.pending[place].burst = burst
    }
  }

  /// The next command to start now; `nil` where none is due.
  mutating func next(at now: Double) -> BurstNotice? {
    guard running < limits.atOnce else { return nil }
    for (place, name) in waiting.enumerated() {
      guard var host = hosts[name], !host.isRunning, let notice = host.pending.first,
        now - host.lastStart >= limits.gapSeconds
      else { continue }
      host.pending.removeFirst()
      host.isRunning = true
      host.lastStart = now
      hosts[name] = host
      waiting.remove(at: place)
      if !host.pending.isEmpty { waiting.append(name) }
      running += 1
      return notice
    }
    return nil
  }

  /// A host's command has ended.
  mutating func ended(_ name: String) {
    guard hosts[name]?.isRunning == true else { return }
    hosts[name]?.isRunning = false
    running -= 1
  }

  /// Ends the bursts that nobody tells of any more, and forgets hosts that have none.
  mutating func settle(at now: Double) {
    for (name, host) in hosts where now - host.heardAt > limits.silenceSeconds {
      var host = host
      if host.told != nil, let newest = host.newest {
        close(newest, of: name, &host, isLost: true)
      }
      let isIdle = host.pending.isEmpty && !host.isRunning
      hosts[name] = isIdle && now - host.lastStart > limits.gapSeconds ? nil : host
    }
  }

  /// How many beginnings found no room since the last call.
  mutating func takeDropped() -> Int {
    defer { dropped = 0 }
    return dropped
  }
}
