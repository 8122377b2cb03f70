import Glibc
import ProcFS
import Records

/// A file that is read at every tick through a descriptor that stays open. Where that fails, it is
/// opened anew at the next tick.
struct TickFile: ~Copyable {
  private let path: StaticString
  private var file: HeldFile?
  private var failure: ReadOutcome = .vanished

  init(_ path: StaticString, in root: borrowing ProcRoot) {
    self.path = path
    open(root)
  }

  private mutating func open(_ root: borrowing ProcRoot) {
    switch root.open(ProcPath(path)) {
    case .file(let opened): file = consume opened
    case .none(let outcome): failure = outcome
    }
  }

  /// The whole file.
  mutating func read(_ root: borrowing ProcRoot, _ buffer: inout ReadBuffer) -> ReadOutcome {
    read(root, &buffer, isRecord: false)
  }

  /// A file that one read(2) gives whole.
  mutating func readRecord(
    _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> ReadOutcome { read(root, &buffer, isRecord: true) }

  private mutating func read(
    _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer, isRecord: Bool
  ) -> ReadOutcome {
    if file == nil { open(root) }
    let outcome = (isRecord ? file?.readRecord(into: &buffer) : file?.read(into: &buffer))
    guard let outcome else { return failure }
    if outcome != .bytes { file = nil }
    return outcome
  }

  /// Stall time since boot: `unsupported` where the kernel has no such file, `disabled` where it
  /// was booted with `psi=0` (reading gives EOPNOTSUPP).
  mutating func totals(
    _ root: borrowing ProcRoot, _ buffer: inout ReadBuffer
  ) -> Reading<PressureTotals> {
    let outcome = readRecord(root, &buffer)
    if outcome == .vanished { return .unsupported }
    return outcome.reading { buffer.withBytes { PressureTotals($0) } }
  }
}

/// The host's files.
struct HostFiles: ~Copyable {
  var stat: TickFile
  var memory: TickFile
  var paging: TickFile
  var load: TickFile
  var disks: TickFile
  var locks: TickFile
  var cpuPressure: TickFile
  var ioPressure: TickFile
  var memoryPressure: TickFile

  init(_ proc: borrowing ProcRoot) {
    stat = TickFile("stat", in: proc)
    memory = TickFile("meminfo", in: proc)
    paging = TickFile("vmstat", in: proc)
    load = TickFile("loadavg", in: proc)
    disks = TickFile("diskstats", in: proc)
    locks = TickFile("locks", in: proc)
    cpuPressure = TickFile("pressure/cpu", in: proc)
    ioPressure = TickFile("pressure/io", in: proc)
    memoryPressure = TickFile("pressure/memory", in: proc)
  }
}
