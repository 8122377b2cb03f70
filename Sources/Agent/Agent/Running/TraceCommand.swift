import Bytes
import Glibc
import ProcFS
import Records
import Reports
import Strace
import TraceReport

/// `culprit-agent trace`: what processes ask of the kernel, with all of them free again afterwards.
struct TraceCommand {
  private static let leastNanoseconds: UInt64 = 10_000_000

  private(set) var request: TraceRequest
  private var policy = CommandLinePolicy.masked
  private var order = TraceOrder.culprits
  private var rows = 20
  private var folder: String?
  private var isJSON = false

  /// `auto` is none of the engines: see ``TraceRequest/engine``.
  private enum EngineChoice: String, CaseIterable {
    case auto, bpf, strace
  }

  init(_ words: ArraySlice<String>) throws(UsageError) {
    request = TraceRequest(.suspects)
    var selections: [TraceRequest.Selection] = []
    var pids: [Int32] = []
    var takesPids = false
    var reader = OptionReader(words, of: "trace")
    while let word = reader.next() {
      if takesPids, !word.hasPrefix("-") {
        pids += try TraceCommand.pids(word)
        continue
      }
      takesPids = word == "--pid"
      switch word {
      case "--match": selections.append(.commandLine(try reader.value(of: word)))
      case "--pid": pids += try TraceCommand.pids(try reader.value(of: word))
      case "--suspects": selections.append(.suspects)
      case "--unit": selections.append(.unit(try reader.value(of: word)))
      default: try take(word, &reader)
      }
    }
    if !pids.isEmpty { selections.append(.pids(pids)) }
    guard selections.count == 1, let selection = selections.first else {
      throw UsageError("trace wants one of --match, --pid, --suspects and --unit; see its --help")
    }
    request.selection = selection
    guard folder == nil || request.engine == .strace else {
      throw UsageError("--keep is for what strace prints: --engine strace")
    }
  }

  private mutating func take(
    _ word: String, _ reader: inout OptionReader
  ) throws(UsageError) {
    switch word {
    case "--for":
      let nanoseconds = try reader.duration(of: word)
      guard nanoseconds >= TraceCommand.leastNanoseconds,
        nanoseconds <= UInt64(TraceRequest.mostMilliseconds) * 1_000_000
      else { throw UsageError("--for is from 10ms to 5m here") }
      request.milliseconds = UInt32(nanoseconds / 1_000_000)
    case "--engine":
      request.engine = TraceEngine(
        rawValue: try reader.choice(of: word, EngineChoice.self).rawValue)
    case "--max":
      let most = Int(TraceRequest.mostProcesses)
      request.processLimit = UInt32(try reader.number(of: word, in: 1...most))
    case "--top": rows = try reader.number(of: word, in: 1...Int(TraceRequest.mostProcesses))
    case "--sort": order = try reader.choice(of: word, TraceOrder.self)
    case "--keep": folder = try reader.value(of: word)
    case "--cmdline": policy = try reader.choice(of: word, CommandLinePolicy.self)
    case "--dry-run": request.isDryRun = true
    case "--json": isJSON = true
    default: throw reader.unknown(word)
    }
  }

  /// `4711`, or several with commas between them.
  private static func pids(_ word: String) throws(UsageError) -> [Int32] {
    var pids: [Int32] = []
    for part in word.split(separator: ",", omittingEmptySubsequences: false) {
      guard let pid = Int32(part), pid > 0 else {
        throw UsageError("--pid wants pids, not “\(Printable.text(word, limit: 40))”")
      }
      pids.append(pid)
    }
    return pids
  }

  func run() throws -> Int32 {
    Stopper.listen()
    let progress = Progress(
      totalNanoseconds: UInt64(request.milliseconds) * 1_000_000, doing: "tracing")
    let trace: HostTrace
    do throws(TraceFailure) {
      trace = try HostTracer(policy: policy).run(
        request, keepingIn: folder, isStopped: { Stopper.isStopped }, progress: progress.show)
    } catch {
      progress.clear()
      if case .badSelection(let why) = error { throw UsageError(why) }
      throw Failure(error.description)
    }
    progress.clear()
    show(trace)
    // Somebody was to be traced and is free again: all went well.
    return !trace.processes.isEmpty && (trace.isDryRun || trace.verified == trace.attached) ? 0 : 1
  }

  private func show(_ trace: HostTrace) {
    if isJSON {
      var json = TraceJSON(hosts: [(HostFacts.name, trace)])
      json.order = order
      json.rows = rows
      json.write { bytes in bytes.withUnsafeBytes { Output.write($0) } }
      return
    }
    var text = TraceText(hosts: [(HostFacts.name, trace)])
    text.order = order
    text.rows = rows
    text.colours = Output.hasColours
    text.width = Output.columns ?? 160
    Output.write(text.text())
  }
}
