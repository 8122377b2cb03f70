import Bytes
import Records
import TraceReport

/// Traces of one or several hosts as lines of JSON: a process each, in one ranking over all hosts,
/// and a last one with the `summary`.
public struct TraceJSON {
  private let hosts: [(host: String, trace: HostTrace)]
  public var order = TraceOrder.culprits
  /// Most processes.
  public var rows = Int.max

  public init(hosts: [(host: String, trace: HostTrace)]) { self.hosts = hosts }

  /// All lines and their ends.
  public func lines() -> String {
    var text = ""
    write { text += String(decoding: $0, as: UTF8.self) }
    return text
  }

  /// Calls `write` with each line and its end.
  public func write(_ write: ([UInt8]) -> Void) {
    var writer = JSONWriter()
    let ranked = TraceRanking.merged(hosts.map { ($0.host, $0.trace.processes) }, by: order)
    let engines = Dictionary(
      hosts.map { ($0.host, $0.trace.engine) }, uniquingKeysWith: { first, _ in first })
    let dry = Set(hosts.filter(\.trace.isDryRun).map(\.host))
    for (host, process) in ranked.prefix(rows) {
      writer.object { json in
        json.traced(process, on: host, by: engines[host] ?? .strace, isDryRun: dry.contains(host))
      }
      write(writer.bytes + [UInt8(ascii: "\n")])
      writer.removeAll()
    }
    writer.object { json in
      json.key("summary")
      json.object { writeSummary(to: &$0) }
    }
    write(writer.bytes + [UInt8(ascii: "\n")])
  }

  private func writeSummary(to json: inout JSONWriter) {
    let traces = hosts.map(\.trace)
    json.field("matched", traces.reduce(0) { $0.addingSaturated($1.matched) })
    json.field("attached", traces.reduce(0) { $0.addingSaturated($1.attached) })
    json.key("skipped")
    json.array { list in
      for (host, trace) in hosts {
        for process in trace.skipped { list.object { $0.skipped(process, on: host) } }
      }
    }
    json.field("skipped_omitted", traces.reduce(0) { $0.addingSaturated($1.omittedSkipped) })
    json.field("detached_verified", traces.reduce(0) { $0.addingSaturated($1.verified) })
    json.field("dry_run", traces.contains(where: \.isDryRun))
    json.key("hosts")
    json.array { list in
      for (host, trace) in hosts { list.object { $0.traceOfHost(host, trace) } }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func traced(
    _ process: TracedProcess, on host: String, by engine: TraceEngine, isDryRun: Bool
  ) {
    let who = process.identity
    hostField(host)
    field("pid", Int(who.id.pid))
    field("comm", taskText(who.name))
    field("engine", engine.rawValue)
    seconds("seconds", process.nanoseconds)
    field("calls", Int64(clamping: process.callCount))
    field("read_bytes", Int64(clamping: process.readBytes))
    field("write_bytes", Int64(clamping: process.writeBytes))
    field("sync_calls", Int64(clamping: process.syncCalls))
    seconds("blocked_seconds", process.blockedNanoseconds)
    field("errors", Int64(clamping: process.errorCount))
    key("files")
    array { list in for file in process.files { list.object { $0.file(file) } } }
    // Of who was not looked at nothing can be said.
    field("verdict", isDryRun ? nil : TraceVerdict.sentence(for: process))
    // What follows is beyond what everybody needs.
    field("files_omitted", process.omittedFiles)
    field("start_time", Int64(clamping: who.id.startTicks))
    reading("cmdline", who.commandLine.map { Printable.text($0) })
    field("user", SuspectJSON.user(who))
    field("unit", who.unit.map { Printable.text($0) })
    field("container", who.container.map { Printable.text($0) })
    field("threads", process.threads)
    field("ending", process.ending.rawValue)
    key("class_seconds")
    object { json in
      for share in ClassShare.all(of: process) {
        json.seconds(share.kind.rawValue, share.nanoseconds)
      }
    }
    key("top_calls")
    array { list in for call in process.calls { list.object { $0.call(call) } } }
    key("failures")
    array { list in
      for error in process.errors {
        list.object { json in
          json.field("call", Printable.text(error.call, limit: 64))
          json.field("error", Printable.text(error.error, limit: 64))
          json.field("count", Int64(clamping: error.count))
        }
      }
    }
    field("lost_calls", Int64(clamping: process.lostCalls))
    field("io_uring", process.usesIOUring)
  }

  private mutating func file(_ file: TracedFile) {
    field("path", Printable.text(file.path, limit: TracedFile.pathLimit))
    field("calls", Int64(clamping: file.calls))
    field("read_bytes", Int64(clamping: file.readBytes))
    field("write_bytes", Int64(clamping: file.writeBytes))
    seconds("seconds", file.nanoseconds)
    field("sync_calls", Int64(clamping: file.syncCalls))
  }

  private mutating func call(_ call: TracedCall) {
    field("call", Printable.text(call.name, limit: 64))
    field("class", call.kind.rawValue)
    field("calls", Int64(clamping: call.count))
    field("errors", Int64(clamping: call.errors))
    field("bytes", Int64(clamping: call.bytes))
    seconds("seconds", call.nanoseconds)
    seconds("slowest_seconds", call.slowestNanoseconds)
    field("slowest_path", call.slowestPath.map { Printable.text($0, limit: TracedFile.pathLimit) })
    // How many took below 1 µs, and then from 2^(n-1) up to 2^n µs.
    key("latencies")
    array { list in for count in call.latencies { list.value(Int64(clamping: count)) } }
  }

  fileprivate mutating func skipped(_ process: SkippedProcess, on host: String) {
    hostField(host)
    field("pid", Int(process.id.pid))
    field("comm", taskText(process.name))
    field("reason", process.reason.rawValue)
    field("detail", Printable.text(process.detail))
    key("wait")
    guard let wait = process.wait else { return null() }
    object { SuspectJSON.write(wait, to: &$0) }
  }

  fileprivate mutating func traceOfHost(_ host: String, _ trace: HostTrace) {
    hostField(host)
    field(
      "time",
      trace.time.nanoseconds == 0 ? nil : RFC3339.string(nanoseconds: trace.time.nanoseconds))
    field("engine", trace.engine.rawValue)
    seconds("seconds", trace.nanoseconds)
    field("matched", trace.matched)
    field("attached", trace.attached)
    field("detached_verified", trace.verified)
    key("notices")
    array { list in for notice in trace.notices { list.value(Printable.text(notice)) } }
  }

  /// `null` where nobody says which host it was.
  private mutating func hostField(_ host: String) {
    field("host", host.isEmpty ? nil : Printable.text(host, limit: 255))
  }

  /// To the microsecond.
  private mutating func seconds(_ name: String, _ nanoseconds: UInt64) {
    field(name, Double(nanoseconds / 1000) / 1e6)
  }
}
