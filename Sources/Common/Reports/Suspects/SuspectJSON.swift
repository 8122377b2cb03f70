import Bytes
import Records

/// A suspect as a line of JSON.
public struct SuspectJSON {
  let host: String
  let tally: SuspectTally
  /// Most of those that only move bytes.
  private let movers: Int
  private var writer = JSONWriter()

  public init(host: String, tally: SuspectTally, movers: Int) {
    (self.host, self.tally, self.movers) = (host, tally, movers)
  }

  /// All suspects, a line each: those that wait, then those that only move bytes.
  public mutating func lines() -> String {
    waitingLines().map(\.line).joined() + movingLines().map(\.line).joined()
  }

  /// Those that wait, the longest first.
  mutating func waitingLines() -> [(waiter: SuspectTally.Waiter, line: String)] {
    tally.waiting.map { (waiter: $0, line: line($0.task.process, $0.task)) }
  }

  /// Those that only move bytes, the most first.
  mutating func movingLines() -> [(process: ProcessSample, line: String)] {
    let waiting = tally.waiting
    return tally.shown(tally.moving, first: movers, { $0 })
      .filter { process in !waiting.contains { $0.task.process == process.id } }
      .map { (process: $0, line: line($0.id, nil)) }
  }

  private mutating func line(_ id: ProcessID, _ task: WaitingTask?) -> String {
    writer.removeAll()
    let (tally, host) = (tally, host)
    let process = tally.process(id)
    let identity = tally.identities[id]
    writer.object { json in
      json.field("host", host)
      json.field("time", tally.lastTick.map { RFC3339.string(nanoseconds: $0.time.nanoseconds) })
      json.field("pid", Int(task?.tid ?? id.pid))
      json.field("tgid", Int(id.pid))
      json.field("start_time", Int64(clamping: id.startTicks))
      json.field("comm", taskText(task?.name ?? process?.name ?? TaskName()))
      SuspectJSON.write("cmdline", identity?.commandLine ?? .gap, to: &json)
      json.field("user", identity.flatMap { SuspectJSON.user($0) })
      json.field("unit", identity?.unit)
      json.field("container", identity?.container)
      json.field("kernel_thread", process?.isKernelThread ?? false)
      json.field("state", SuspectJSON.letter(task?.state ?? process?.state ?? .unknown))
      SuspectJSON.write(task, to: &json)
      SuspectJSON.writeLock(of: task, tally, to: &json)
      SuspectJSON.write(process, tally, to: &json)
      json.key("ancestors")
      json.array { list in
        for ancestor in identity?.ancestors ?? [] {
          list.object {
            $0.field("pid", Int(ancestor.pid))
            $0.field("comm", taskText(ancestor.name))
          }
        }
      }
    }
    return writer.text + "\n"
  }

  static func write(_ task: WaitingTask?, to json: inout JSONWriter) {
    guard let task else {
      for name in ["wait_reason", "wait_class", "wait_seconds", "wchan", "syscall", "stack"] {
        json.field(name, String?.none)
      }
      return
    }
    json.field("wait_reason", task.reason.name)
    json.field("wait_class", task.reason.kind.rawValue)
    json.field("wait_seconds", (task.waitSeconds * 1000).rounded() / 1000)
    json.field("wait_seconds_at_least", task.waitIsAtLeast)
    write("wchan", task.waitChannel, to: &json)
    write("syscall", task.systemCall, to: &json)
    json.key("stack")
    if case .known(let stack) = task.stack {
      json.array { list in for function in stack { list.value(Printable.text(function)) } }
    } else {
      json.value(task.stack.absence ?? "gap")
    }
    json.key("holders")
    json.array { list in for pid in task.holders { list.value(Int64(pid)) } }
  }

  /// The file whose lock the task waits for.
  private static func writeLock(
    of task: WaitingTask?, _ tally: SuspectTally, to json: inout JSONWriter
  ) {
    guard let task, task.reason.name == "file lock",
      let lock = tally.lastTick?.locks.first(where: { $0.waiters.contains(task.process.pid) })
    else { return }
    json.field("lock_kind", lock.kind.rawValue)
    json.field("lock_path", lock.path.map { Printable.text($0) })
    json.field("lock_client", lock.client.map { Printable.text($0) })
  }

  private static func write(
    _ process: ProcessSample?, _ tally: SuspectTally, to json: inout JSONWriter
  ) {
    // A process that isn't named did nothing: that is known.
    let io = process?.io ?? .known(IOCounters())
    for (name, place) in [
      ("read_bytes", \IOCounters.readBytes), ("write_bytes", \.writeBytes),
      ("cancelled_write_bytes", \.cancelledWriteBytes),
    ] {
      json.key(name)
      switch io {
      case .known(let counters):
        json.value(Int64(bounding: tally.perSecond(counters[keyPath: place])))
      default: json.value(io.absence ?? "gap")
      }
    }
    json.field("cpu_percent", (tally.perSecond(process?.cpuNanoseconds ?? 0) / 1e6).rounded() / 10)
    // By children that came and went unseen.
    let reaped = process?.reaped ?? IOCounters()
    for (name, bytes) in [
      ("reaped_read_bytes", reaped.readBytes), ("reaped_write_bytes", reaped.writeBytes),
    ] {
      json.field(name, Int64(bounding: tally.perSecond(bytes)))
    }
  }

  private static func write(
    _ name: String, _ reading: Reading<String>, to json: inout JSONWriter
  ) {
    json.field(name, reading.value.map { Printable.text($0) } ?? reading.absence)
  }

  static func user(_ identity: ProcessIdentity) -> String? {
    identity.user ?? identity.userID.value.map { "\($0)" } ?? identity.userID.absence
  }

  static func letter(_ state: TaskState) -> String {
    String(decoding: [state.rawValue], as: UTF8.self)
  }
}
