import BPFEngine
import Bytes
import ProcFS
import Sampling

/// `culprit-agent doctor`: what can be read here, and what would give us more.
struct DoctorCommand {
  private var isJSON = false
  private var isCheck = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var reader = OptionReader(words, of: "doctor")
    while let word = reader.next() {
      switch word {
      case "--json": isJSON = true
      case "--check": isCheck = true
      default: throw reader.unknown(word)
      }
    }
  }

  func run() throws -> Int32 {
    var probe: SourceProbe
    do throws(ProcError) {
      probe = try SourceProbe()
    } catch {
      throw Failure("\(error)")
    }
    let sources = probe.run(appending: DoctorCommand.programs())
    for source in sources { Output.write(isJSON ? json(source) : text(source)) }
    return isCheck && sources.contains { $0.status != .available && !$0.isOptional } ? 3 : 0
  }

  /// What BPF can do here is found out by doing it.
  private static func programs() -> [SourceStatus] {
    var iterator = SourceStatus(
      name: "BPF task iterator", purpose: "the cheap engine: all tasks in one read",
      status: .available)
    var ends = SourceStatus(
      name: "BPF exit events", purpose: "bytes of processes that come and go between two ticks",
      status: .available)
    guard PIDNamespace.isInitial else {
      (iterator.status, ends.status) = (.denied, .denied)
      iterator.detail = "It counts pids as the host does: here, in a namespace, they are others."
      iterator.remedy = "run culprit-agent on the host (docker run --pid=host …)"
      return [iterator, ends]
    }
    do throws(BPFError) {
      let programs = try BPFPrograms()
      if !programs.seesEnds {
        ends.status = .unsupported
        ends.detail = "This kernel doesn't load tracepoint programs (tp_btf)."
      }
    } catch {
      iterator.status = error.isDenied ? .denied : .unsupported
      iterator.detail = Printable.text("\(error)", limit: 300)
      iterator.remedy = error.isDenied ? Capabilities.setcap : nil
      (ends.status, ends.detail, ends.remedy) =
        (iterator.status, "It is loaded with the iterator.", iterator.remedy)
    }
    return [iterator, ends]
  }

  private func json(_ source: SourceStatus) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("source", source.name)
      json.field("purpose", source.purpose)
      json.field("status", source.status.rawValue)
      json.field("optional", source.isOptional)
      json.field("detail", source.detail.isEmpty ? nil : source.detail)
      json.field("remedy", source.remedy)
    }
    return writer.text + "\n"
  }

  private func text(_ source: SourceStatus) -> String {
    let status = source.status.rawValue
    let colour =
      switch source.status {
      case .available: "32"
      case .disabled: "33"
      case .denied, .unsupported: "31"
      }
    let shown = Output.hasColours ? "\u{1B}[\(colour)m\(status)\u{1B}[0m" : status
    let blanks = String(repeating: " ", count: max(1, 13 - status.count))
    var lines = "\(shown)\(blanks)\(source.name): \(source.purpose)\n"
    if !source.detail.isEmpty { lines += "             \(source.detail)\n" }
    if let remedy = source.remedy { lines += "             try: \(remedy)\n" }
    return lines
  }
}
