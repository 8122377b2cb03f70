import BPFEngine
import Records

/// The engine over a BPF task iterator: one walk gives every task that ran, moved bytes or waits.
///
/// A process's bytes are the sum of what its threads moved. What a thread or a child hands on to
/// others when it ends is never looked at, so nothing can be counted twice.
public struct BPFTaskEngine: TaskEngine, ~Copyable {
  public var kind: EngineKind { .bpf }

  private var programs: BPFPrograms
  private let collector = BPFTaskCollector()
  private var symbols = KernelSymbols()
  private var isBaseline = true
  private var lostEnds: UInt64 = 0

  /// Throws ``EngineError/unavailable(_:)`` where the kernel or our rights rule it out.
  public init() throws(EngineError) {
    guard PIDNamespace.isInitial else {
      // The programs give pids as the kernel counts them, which inside a container are others.
      throw .unavailable("this is not the host's first pid namespace")
    }
    do throws(BPFError) {
      programs = try BPFPrograms()
    } catch {
      throw .unavailable("\(error)")
    }
  }

  /// Whether the bytes of processes that come and go between two ticks are known.
  public var seesEnds: Bool { programs.seesEnds }

  public mutating func read(into findings: inout TaskFindings) throws(EngineError) {
    findings.removeAll()
    collector.removeAll()
    let (collector, isBaseline) = (collector, isBaseline)
    // First the ends: what a thread did last is to stand under its process with the rest. Before
    // the first walk they tell of whole lives.
    programs.takeEnds { if !isBaseline { collector.add($0, to: &findings) } }
    do throws(BPFError) {
      findings.processCount = try programs.readTasks(isBaseline: isBaseline) { task in
        if task.state == .uninterruptible { collector.addWaiting(task, to: &findings) }
        if !isBaseline { collector.add(task, to: &findings) }
      }
    } catch {
      throw EngineError(error)
    }
    self.isBaseline = false
    nameStacks(in: &findings)
    let lost = programs.counts().lostEnds
    findings.lostExits = Int(clamping: lost - min(lost, lostEnds))
    lostEnds = lost
  }

  public mutating func look(into findings: inout TaskFindings) throws(EngineError) {
    findings.removeAll()
    collector.removeAll()
    let collector = collector
    do throws(BPFError) {
      try programs.lookAtWaiting { collector.addWaiting($0, to: &findings) }
    } catch {
      throw EngineError(error)
    }
    nameStacks(in: &findings)
  }

  private mutating func nameStacks(in findings: inout TaskFindings) {
    guard !collector.addresses.isEmpty else { return }
    symbols.learn(collector.addresses, from: programs)
    for (index, range) in collector.stacks.enumerated() where index < findings.waiting.count {
      let stack = WaitChannel.withoutScheduler(
        symbols.functions(at: collector.addresses[range]))
      findings.waiting[index].stack = stack.isEmpty ? .unsupported : .known(stack)
      if let channel = stack.first {
        findings.waiting[index].waitChannel = .known(channel)
      }
    }
  }
}

extension EngineError {
  init(_ error: BPFError) {
    switch error {
    case .cannotLoad: self = .unavailable("\(error)")
    case .cannotRead(let code): self = .failed(call: "reading the BPF iterator", errno: code)
    }
  }
}
