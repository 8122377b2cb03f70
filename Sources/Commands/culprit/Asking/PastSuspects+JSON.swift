import Bytes
import History
import Records

// With the fields of `culprit-agent suspects`, and those that only a span has: `looks`, `first`,
// `last`, `covered_seconds`. Bytes are per second of the time that was covered.

extension PastSuspects {
  /// JSON Lines: those that waited, then those that only moved bytes.
  func json() -> String {
    var writer = JSONWriter()
    var text = ""
    let names = Set(waiters.map(Key.init))
    for process in waiters + movers.filter({ !names.contains(Key($0)) }) {
      writer.removeAll()
      writer.past(process)
      text += writer.text + "\n"
    }
    return text
  }

  private struct Key: Hashable {
    var host: String
    var pid: Int?
    var startTicks: UInt64?

    init(_ process: PastProcess) {
      (host, pid, startTicks) = (process.host, process.pid, process.startTicks)
    }
  }
}

extension JSONWriter {
  mutating func past(_ process: PastProcess) {
    object { json in
      json.field("host", process.host)
      json.field("time", RFC3339.string(nanoseconds: process.last.nanoseconds))
      json.field("pid", process.pid)
      json.field("tgid", process.pid)
      json.field("start_time", process.startTicks.map { Int64(clamping: $0) })
      json.field("comm", process.name)
      json.field("cmdline", process.command)
      json.field("user", process.user)
      json.field("unit", process.unit)
      json.field("container", process.container)
      json.field("first", RFC3339.string(nanoseconds: process.first.nanoseconds))
      json.field("last", RFC3339.string(nanoseconds: process.last.nanoseconds))
      json.waits(process.waits)
      json.moved(process.moved)
      json.key("ancestors")
      json.array { list in
        for ancestor in PastAncestors.list(process.ancestors) {
          list.object { json in
            json.field("pid", ancestor.pid)
            json.field("comm", ancestor.name)
          }
        }
      }
    }
  }

  private mutating func waits(_ waits: PastProcess.Waits?) {
    field("state", waits?.state)
    field("wait_reason", waits.map { $0.reason ?? "unknown" })
    field("wait_class", waits.map { $0.waitClass ?? "unknown" })
    field("wait_seconds", waits?.seconds)
    field("looks", waits?.looks)
    field("wchan", waits?.waitChannel)
    field("syscall", waits?.systemCall)
    key("stack")
    if let stack = waits?.stack {
      array { list in for name in stack.split(separator: " ") { list.value(String(name)) } }
    } else {
      null()
    }
    key("holders")
    array { list in
      for pid in (waits?.holders ?? "").split(separator: " ").compactMap({ Int64($0) }) {
        list.value(pid)
      }
    }
    field("lock_path", waits?.lockPath)
  }

  /// What could not be read is a gap, never 0; of who wasn't seen to move anything all are null.
  private mutating func moved(_ moved: PastProcess.Moved?) {
    let covered = moved?.coveredSeconds ?? 0
    func rate(_ count: Int64) -> Int64 {
      covered > 0 ? Int64(bounding: Double(count) / covered) : 0
    }
    for (name, count) in [
      ("read_bytes", moved?.readBytes), ("write_bytes", moved?.writeBytes),
      ("cancelled_write_bytes", moved?.cancelledBytes),
    ] {
      key(name)
      if let count { value(rate(count)) } else if moved == nil { null() } else { value("gap") }
    }
    field("cpu_percent", moved.map { (Double(rate($0.cpuNanoseconds)) / 1e6).rounded() / 10 })
    field("reaped_read_bytes", moved.map { rate($0.reapedReadBytes) })
    field("reaped_write_bytes", moved.map { rate($0.reapedWriteBytes) })
    field("covered_seconds", moved?.coveredSeconds)
  }
}
