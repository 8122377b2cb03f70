import CBPF
import Glibc

/// The kernel's tables of a trace, mapped: programs write to one half of each while the other one is
/// read and cleared.
public final class TraceTables {
  private let sizes: culprit_trace_sizes
  private var tables: culprit_trace_tables
  /// Names of files that calls are in which have seen their half cleared, by the file's identity.
  private var kept: [UInt64: [UInt8]] = [:]

  init(_ handles: culprit_trace_handles, _ sizes: culprit_trace_sizes) throws(BPFError) {
    var tables = culprit_trace_tables()
    let result = withUnsafePointer(to: handles) { handles in
      withUnsafePointer(to: sizes) { culprit_trace_map(handles, $0, &tables) }
    }
    guard result == 0 else { throw .cannotRead(errno: errno) }
    self.sizes = sizes
    self.tables = tables
    shared.pointee.epoch = 2
  }

  deinit { withUnsafePointer(to: sizes) { culprit_trace_unmap($0, &tables) } }

  private var shared: UnsafeMutablePointer<culprit_trace_shared> { tables.shared }
  private var epoch: UInt32 { shared.pointee.epoch }
  /// The half that no program writes to, after a turn.
  private var half: Int { Int(epoch & 1) ^ 1 }

  func setTraits(_ traits: [CallNumber: CallTraits]) {
    withUnsafeMutableBytes(of: &shared.pointee.traits) { bytes in
      for (call, traits) in traits { bytes[call.place] = traits.rawValue }
    }
  }

  /// Before it is looked for: whether it is there turns out then.
  func expect(process: Int) { withProcess(process) { $0.pointee.alive = 1 } }

  public func process(_ index: Int) -> CallProcess {
    withProcess(index) { CallProcess($0.pointee) }
  }

  private func withProcess<Result>(
    _ index: Int, _ body: (UnsafeMutablePointer<culprit_trace_process>) -> Result
  ) -> Result {
    precondition((0..<Int(CULPRIT_TRACE_PROCESSES)).contains(index))
    return withUnsafeMutablePointer(to: &shared.pointee.processes) { list in
      // An array of C is a tuple here, its elements one behind the other.
      UnsafeMutableRawPointer(list).withMemoryRebound(
        to: culprit_trace_process.self, capacity: Int(CULPRIT_TRACE_PROCESSES)
      ) { body($0 + index) }
    }
  }

  /// Threads of which not even the calls could be counted.
  public var unseenThreads: Int { Int(shared.pointee.unseen_threads) }

  /// Whether the half in use fills up: from there on a place may be hard to find.
  public var isCrowded: Bool {
    // Field by field: all of it together is a megabyte.
    let second = epoch & 1 == 1
    let totals = second ? shared.pointee.totals.1 : shared.pointee.totals.0
    let files = second ? shared.pointee.files.1 : shared.pointee.files.0
    let bytes = second ? shared.pointee.name_bytes.1 : shared.pointee.name_bytes.0
    return totals > sizes.totals / 8 * 3 || files > sizes.files / 8 * 3
      || bytes > sizes.name_bytes / 2
  }

  /// Lets programs use the other half, which must be clear, and waits until none uses this one any
  /// more: 20 ms.
  public func turn() { culprit_trace_turn(&tables, epoch &+ 1) }

  /// Gives all totals of the half that was turned away from.
  public func forEachTotal(_ body: (CallTotal) -> Void) {
    let count = Int(sizes.totals)
    for place in half * count..<(half + 1) * count {
      let total = UnsafePointer(tables.totals + place)
      guard total.pointee.key != 0, total.pointee.count > 0 else { continue }
      let thread = CallTotal.thread(ofKey: total.pointee.key)
      guard (1...Int(sizes.threads)).contains(thread) else { continue }
      body(CallTotal(total, process: Int((tables.threads + thread - 1).pointee.process)))
    }
  }

  /// Makes the half that was turned away from ready for use.
  public func clear() {
    keepNames()
    let half = half
    let (totals, files) = (Int(sizes.totals), Int(sizes.files))
    (tables.totals + half * totals).update(repeating: culprit_trace_total(), count: totals)
    (tables.files + half * files).update(repeating: culprit_trace_file(), count: files)
    if half == 1 {
      (shared.pointee.totals.1, shared.pointee.files.1, shared.pointee.name_bytes.1) = (0, 0, 0)
    } else {
      (shared.pointee.totals.0, shared.pointee.files.0, shared.pointee.name_bytes.0) = (0, 0, 0)
    }
  }

  // MARK: Threads

  /// Gives all threads that haven't ended.
  public func forEachThread(_ body: (CallThread) -> Void) {
    forEachLiving { thread in
      var result = CallThread(
        process: Int(thread.pointee.process), pid: thread.pointee.tgid, tid: thread.pointee.tid,
        isNew: thread.pointee.flags & UInt32(CULPRIT_TRACE_IS_BORN) != 0,
        wasSeen: thread.pointee.flags & UInt32(CULPRIT_TRACE_IS_SEEN) != 0,
        is32Bit: thread.pointee.flags & UInt32(CULPRIT_TRACE_IS_32_BIT) != 0)
      if thread.pointee.began_nanoseconds != 0 {
        result.call = UnfinishedCall(
          call: CallNumber(place: Int(thread.pointee.call)),
          beganNanoseconds: thread.pointee.began_nanoseconds,
          descriptor: thread.pointee.descriptor, fileName: fileName(of: thread))
      }
      body(result)
    }
  }

  private func forEachLiving(_ body: (UnsafePointer<culprit_trace_thread>) -> Void) {
    for index in 0..<Int(min(shared.pointee.threads, sizes.threads)) {
      let thread = UnsafePointer(tables.threads + index)
      if thread.pointee.registers != 0 { body(thread) }
    }
  }

  /// What the call is on that a thread is in.
  private func fileName(of thread: UnsafePointer<culprit_trace_thread>) -> [UInt8]? {
    let identity = thread.pointee.identity
    guard identity != 0 else { return nil }
    // It was noted in the half that we have turned away from, unless it began even before.
    let place = Int(thread.pointee.total)
    guard thread.pointee.version >> 32 == UInt64(epoch &- 1), place < 2 * Int(sizes.totals),
      case .numbered(let number) = CallFile((tables.totals + place).pointee.key & 0xFFF_FFFF)
    else { return kept[identity] }
    return name(ofFile: number)
  }

  private func keepNames() {
    var names: [UInt64: [UInt8]] = [:]
    forEachLiving { thread in
      guard thread.pointee.began_nanoseconds != 0, let name = fileName(of: thread) else { return }
      names[thread.pointee.identity] = name
    }
    kept = names
  }

  // MARK: Files

  /// What a file of the half that was turned away from is called, as /proc/PID/fd would say it:
  /// bytes as they are. `nil` where nobody knows.
  public func name(ofFile number: Int) -> [UInt8]? {
    // A call that was noted while we turned away may name a file of the other half.
    guard (number - 1) / Int(sizes.files) == half, number > 0 else { return nil }
    let file = (tables.files + number - 1).pointee
    guard file.is_named != 0 else { return kept[file.identity] }
    let (start, count) = (Int(file.name_offset), Int(file.name_bytes))
    guard count <= Int(CULPRIT_TRACE_NAME), start + count <= 2 * Int(sizes.name_bytes) else {
      return nil
    }
    let bytes = UnsafeRawBufferPointer(start: tables.names + start, count: count)
    return FileSpelling(file, bytes).text
  }
}
