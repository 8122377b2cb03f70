import Records

/// The engine that reads the tasks, and why it is that one.
///
/// One of the two is there. Not an existential: neither can be copied, and calls through one
/// would cost.
struct ChosenEngine: ~Copyable {
  private var bpf: BPFTaskEngine?
  private var proc: ProcTaskEngine?
  /// A sentence: why this one.
  let reason: String

  var kind: EngineKind { bpf == nil ? .proc : .bpf }

  /// Whether the bytes of processes that come and go between two ticks are known.
  let seesEnds: Bool

  /// - Parameter procPath: the root of `/proc`; a recorded one can only be read by `proc`.
  init(_ wish: EngineWish, procPath: String = "/proc") throws(EngineError) {
    var refusal: String?
    if wish != .proc {
      do throws(EngineError) {
        let engine = try BPFTaskEngine()
        self.init(
          engine, wish == .bpf ? "asked for" : "a BPF iterator can be loaded here, the cheapest way"
        )
        return
      } catch {
        guard wish == .auto, case .unavailable(let why) = error else { throw error }
        refusal = why
      }
    }
    self.init(try ProcTaskEngine(procPath), refusal ?? "asked for")
  }

  private init(_ engine: consuming BPFTaskEngine, _ reason: String) {
    seesEnds = engine.seesEnds
    bpf = consume engine
    proc = nil
    self.reason = reason
  }

  init(_ engine: consuming ProcTaskEngine, _ reason: String) {
    seesEnds = engine.seesEnds
    bpf = nil
    proc = consume engine
    self.reason = reason
  }

  mutating func read(into findings: inout TaskFindings) throws(EngineError) {
    if bpf != nil {
      try bpf?.read(into: &findings)
    } else {
      try proc?.read(into: &findings)
    }
  }

  mutating func look(into findings: inout TaskFindings) throws(EngineError) {
    if bpf != nil {
      try bpf?.look(into: &findings)
    } else {
      try proc?.look(into: &findings)
    }
  }
}
