import Bytes
import Records

/// What a notify command is told: a host's burst began, or is over.
struct BurstNotice: Equatable, Sendable {
  enum Event: String, Sendable {
    case opened = "burst-opened"
    case closed = "burst-closed"
  }

  var event: Event
  var host: String
  var burst: Burst
  /// Whether the agent said that it is over, or has only fallen silent.
  var isLost = false

  /// Most counts that are told; the rest is a number.
  static let countsLimit = 10

  /// One object, with a newline behind it. All that a host said stands in strings of it.
  var json: [UInt8] {
    var json = JSONWriter()
    let time = event == .opened ? burst.start : burst.end
    json.object { json in
      json.field("event", event.rawValue)
      json.field("host", host)
      json.field("time", RFC3339.string(nanoseconds: time.nanoseconds))
      json.field("trigger", burst.trigger.rawValue)
      json.field("start", RFC3339.string(nanoseconds: burst.start.nanoseconds))
      json.field("end", RFC3339.string(nanoseconds: burst.end.nanoseconds))
      json.field("lost", isLost)
      json.field("looks", burst.looks)
      json.key("counts")
      json.array { list in
        for count in burst.counts.prefix(BurstNotice.countsLimit) { list.count(count) }
      }
      let left = max(0, burst.counts.count - BurstNotice.countsLimit)
      json.field("omitted_counts", left.addingReportingOverflow(burst.omittedCounts).partialValue)
    }
    return json.bytes + [UInt8(ascii: "\n")]
  }
}

extension JSONWriter {
  fileprivate mutating func count(_ count: Burst.Count) {
    object { json in
      json.field("pid", Int(count.process.pid))
      json.field("start_time", Int64(clamping: count.process.startTicks))
      json.field("comm", Printable.text(count.name.bytes.span, limit: TaskName.limit))
      json.field("wait_reason", Printable.text(count.reason.name, limit: 64))
      json.field("wait_class", count.reason.kind.rawValue)
      json.field("looks", count.looks)
      json.field("tasks", count.tasks)
    }
  }
}
