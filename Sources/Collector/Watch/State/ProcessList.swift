import Bytes
import Records

/// The fleet's processes, arranged: the first so many as lines, the rest as sums. It is made anew
/// at each tick, and where the viewer arranges it otherwise; keys that move don't touch it.
struct ProcessList: Sendable {
  struct Line: Sendable {
    /// The host's place in the fleet.
    let place: Int
    let process: WatchedProcess
  }

  private(set) var lines: [Line] = []
  /// Of all processes that agents named, whatever the filter says, and those they left out.
  private(set) var readBytes = 0.0
  private(set) var writeBytes = 0.0
  private(set) var processCount = 0
  /// Hosts whose processes are known.
  private(set) var hostCount = 0
  /// Ticks that rates are means of, where a host has sent so many.
  private(set) var averagedTicks = 0
  private(set) var averagedSeconds = 0.0
  /// What has no line: those that do next to nothing, those whose bytes we don't know and that
  /// don't use a CPU, and those beyond the last line.
  private(set) var quiet = 0
  private(set) var unreadable = 0
  private(set) var beyond = 0
  /// Those that the filter wasn't asked about yet: it is asked about so many at each tick.
  private(set) var unfiltered = 0
  /// Those that agents only counted.
  private(set) var omitted = (processes: 0, hosts: 0, bytes: 0.0)
  /// Hosts that have no agent, those whose agent has told nothing of processes, and those that
  /// send nothing at all: how many, and their names.
  private(set) var withoutAgent = Hosts()
  private(set) var silentAgents = Hosts()
  private(set) var unconnected = Hosts()

  struct Hosts: Sendable {
    private(set) var count = 0
    /// Some names, folded.
    fileprivate(set) var names = ""
    fileprivate var shown: [String] = []

    /// Folding takes some microseconds a name.
    static let namesLimit = 200

    fileprivate mutating func add(_ name: String) {
      count += 1
      if shown.count < Self.namesLimit { shown.append(Printable.text(name, limit: 80)) }
    }

    fileprivate mutating func fold() {
      guard count > 0 else { return }
      names = HostNames.fold(shown) + (shown.count < count ? ",…" : "")
      shown = []
    }
  }

  /// Most lines; who wants to see others filters or sorts.
  static let linesLimit = 500
  /// Most processes that a filter is asked about at once, the first of the order before the others:
  /// a regular expression takes some microseconds, and somebody waits for the screen.
  static let judgedLimit = 3000

  init() {}

  /// `filterNumber` tells one filter from another.
  init(
    of hosts: inout [WatchedHost], _ order: ProcessOrder, _ filter: LineFilter,
    filterNumber: Int, at now: Timestamp
  ) {
    var first = FirstRanked(limit: Self.linesLimit)
    var unjudged = FirstRanked(limit: Self.judgedLimit)
    for place in hosts.indices {
      guard hosts[place].work.isValid(at: now), hosts[place].sendsRows else {
        note(hosts[place])
        continue
      }
      hostCount += 1
      averagedTicks = max(averagedTicks, hosts[place].work.averagedTicks)
      averagedSeconds = max(averagedSeconds, hosts[place].work.averagedSeconds)
      add(hosts[place].work.omitted)
      let waiting = hosts[place].waitingProcesses
      for index in hosts[place].work.processes.indices {
        let rates = hosts[place].work.processes[index].rates
        processCount += 1
        readBytes += rates.readBytes
        writeBytes += rates.writeBytes
        let pid = hosts[place].work.processes[index].activity.id.pid
        if rates.isQuiet, !order.showsQuiet, !waiting.contains(Int(pid)) {
          if rates.isKnown { quiet += 1 } else { unreadable += 1 }
          continue
        }
        let key = FirstRanked.Key(
          rank: order.rank(rates, place: place), host: place, pid: pid, place: index)
        let verdict =
          filter.isEmpty ? true : hosts[place].work.verdict(index, filter: filterNumber)
        if verdict == nil { unjudged.offer(key) }
        if verdict == true { first.offer(key) }
      }
    }
    let judged = unjudged.sorted()
    unfiltered = unjudged.count - judged.count
    for key in judged {
      let name = hosts[key.host].name
      if hosts[key.host].work.judge(key.place, filter, number: filterNumber, host: name) {
        first.offer(key)
      }
    }
    lines = first.sorted().map { key in
      Line(place: key.host, process: hosts[key.host].work.processes[key.place])
    }
    beyond = first.count - lines.count
    withoutAgent.fold()
    silentAgents.fold()
    unconnected.fold()
  }

  private mutating func add(_ left: (processes: Int, readBytes: Double, writeBytes: Double)) {
    readBytes += left.readBytes
    writeBytes += left.writeBytes
    guard left.processes > 0 || left.readBytes + left.writeBytes > 0 else { return }
    omitted.processes += left.processes
    omitted.hosts += 1
    omitted.bytes += left.readBytes + left.writeBytes
  }

  private mutating func note(_ host: WatchedHost) {
    if !host.sendsRows {
      unconnected.add(host.name)
    } else if host.hasAgent {
      silentAgents.add(host.name)
    } else {
      withoutAgent.add(host.name)
    }
  }
}
