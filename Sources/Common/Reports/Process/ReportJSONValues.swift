import Bytes
import Records

// Values that a report's JSON is made of.

extension JSONWriter {
  /// A reading, or why there is none.
  mutating func reading<Value>(
    _ name: String, _ reading: Reading<Value>, _ body: (inout JSONWriter, Value) -> Void
  ) {
    key(name)
    switch reading {
    case .known(let known): body(&self, known)
    default: value(reading.absence ?? "gap")
    }
  }

  mutating func reading(_ name: String, _ reading: Reading<String>) {
    self.reading(name, reading) { $0.value($1) }
  }

  /// The fields of a process's identity.
  mutating func write(_ who: ProcessIdentity, start: Reading<Timestamp>?) {
    field("pid", Int(who.id.pid))
    field("start_time", Int64(clamping: who.id.startTicks))
    if let start {
      reading("started", start) {
        $0.value(RFC3339.string(nanoseconds: $1.seconds * 1_000_000_000))
      }
    }
    field("comm", taskText(who.name))
    reading("cmdline", who.commandLine)
    field("user", SuspectJSON.user(who))
    field("unit", who.unit)
    field("container", who.container)
    reading("cgroup", who.controlGroup)
  }

  /// A number of a login; `null` where nobody logged in.
  mutating func login(_ number: UInt32) {
    if number == LoginSession.none { null() } else { value(Int64(number)) }
  }

  mutating func endpoint(_ endpoint: SocketEndpoint) {
    object { json in
      json.field("address", endpoint.address)
      json.field("port", Int(endpoint.port))
    }
  }

  mutating func counters(_ io: IOCounters) {
    object { json in
      json.field("rchar", Int64(clamping: io.readCharacters))
      json.field("wchar", Int64(clamping: io.writeCharacters))
      json.field("syscr", Int64(clamping: io.readCalls))
      json.field("syscw", Int64(clamping: io.writeCalls))
      json.field("read_bytes", Int64(clamping: io.readBytes))
      json.field("write_bytes", Int64(clamping: io.writeBytes))
      json.field("cancelled_write_bytes", Int64(clamping: io.cancelledWriteBytes))
    }
  }

  /// What was counted during an interval; not per second.
  mutating func point(_ point: ProcessReport.Point) {
    object { json in
      json.field("time", RFC3339.string(nanoseconds: point.time.nanoseconds))
      json.field("seconds", Double(point.intervalNanoseconds / 1_000_000) / 1000)
      json.reading("io", point.io) { $0.counters($1) }
      json.field("cpu_seconds", Double(point.cpuNanoseconds / 1_000_000) / 1000)
    }
  }
}
