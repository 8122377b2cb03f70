import CBPF
import Glibc

/// Programs that count the system calls of chosen processes, and of those that these begin.
///
/// They run from ``start(_:)`` to ``stop()``. Nothing is pinned: they are unloaded when this goes, and
/// when our process is killed.
public struct TracePrograms: ~Copyable {
  /// Processes that can be asked for at once.
  public static let processLimit = Int(CULPRIT_TRACE_PROCESSES)

  private var handles: culprit_trace_handles
  public let tables: TraceTables
  /// While they are open, threads that begin and end are heard of, and calls are counted.
  private var threadLinks: [Int32] = []
  private var callLinks: [Int32] = []

  /// Loads them in a short-lived child; none runs yet. Needs Linux 5.15 with BTF, and root or `cap_bpf`
  /// with `cap_perfmon`.
  public init(
    _ sizes: TraceSizes, traits: [CallNumber: CallTraits]
  ) throws(BPFError) {
    var handles = culprit_trace_handles()
    var words = [CChar](repeating: 0, count: 1200)
    let object = BPFObject.bytes(TraceProgram.digits)
    let sizes = sizes.kernels
    let code = withUnsafePointer(to: sizes) {
      culprit_trace_load(object, object.count, $0, &handles, &words, words.count)
    }
    guard code == 0 else { throw BPFError(loading: code, words) }
    do throws(BPFError) {
      tables = try TraceTables(handles, sizes)
    } catch {
      TracePrograms.close(handles)
      throw error
    }
    self.handles = handles
    tables.setTraits(traits)
  }

  deinit {
    for link in callLinks + threadLinks { Glibc.close(link) }
    TracePrograms.close(handles)
  }

  private static func close(_ handles: culprit_trace_handles) {
    for descriptor in [
      handles.enter_call, handles.leave_call, handles.begin_thread, handles.end_thread,
      handles.find_threads, handles.shared, handles.threads, handles.totals, handles.files,
      handles.names, handles.members,
    ] { Glibc.close(descriptor) }
  }

  /// Begins to count the calls of these processes, as the kernel numbers them. Those that aren't there
  /// are no error: see `CallProcess.startNanoseconds`.
  public mutating func start(_ pids: [Int32]) throws(BPFError) {
    precondition(pids.count <= TracePrograms.processLimit)
    // Who begins or ends while we look for threads says so.
    threadLinks = [try attach(handles.begin_thread)]
    threadLinks.append(try attach(handles.end_thread))
    for (index, pid) in pids.enumerated() {
      tables.expect(process: index)
      guard culprit_trace_add(handles.members, pid, UInt32(index)) == 0 else {
        throw .cannotRead(errno: errno)
      }
    }
    guard culprit_trace_find(handles.find_threads) == 0 else { throw .cannotRead(errno: errno) }
    callLinks = [try attach(handles.leave_call)]
    callLinks.append(try attach(handles.enter_call))
  }

  private func attach(_ program: Int32) throws(BPFError) -> Int32 {
    let link = culprit_trace_attach(program)
    guard link >= 0 else { throw .cannotRead(errno: errno) }
    return link
  }

  /// From now on nobody pays for the trace any more. What was counted stays readable.
  public mutating func stop() {
    for link in callLinks + threadLinks { Glibc.close(link) }
    callLinks = []
    threadLinks = []
  }

  /// Calls that the kernel didn't tell us of, since it was busy with a program already.
  public var missedCalls: UInt64 {
    max(culprit_trace_missed(handles.enter_call), culprit_trace_missed(handles.leave_call))
  }
}
