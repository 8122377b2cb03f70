import BPFEngine
import Bytes
import ProcFS
import Records

/// Threads that made no call and returned from none as long as they were watched: those that sat in one
/// call all the time. Which one, /proc says.
struct SilentThreads: ~Copyable {
  private let root: ProcRoot
  private var guarded: GuardedReader
  private var buffer = ReadBuffer(capacity: 4096, limit: 4096)
  private let traits: [CallNumber: CallTraits]

  /// - Throws: `TraceFailure.failed`, where there is no such root.
  init(_ path: String, _ traits: [CallNumber: CallTraits]) throws(TraceFailure) {
    root = try ProcRoot(tracing: path)
    guarded = GuardedReader(root: root)
    self.traits = traits
  }

  private struct Found {
    var thread: CallThread
    var call: CallNumber
    var descriptor: Int32?
  }

  /// Gives those that are in a call, with its file as far as that is known.
  mutating func read(
    _ threads: [CallThread], _ body: (CallThread, CallNumber, String?) -> Void
  ) {
    var found: [Found] = []
    let requests = threads.map { TaskFileRequest(pid: $0.pid, tid: $0.tid, file: .syscall) }
    // Such a read may hang with a process that is stuck in exec(2).
    guarded.read(requests) { place, outcome, bytes in
      guard outcome == .read(.bytes), case .number(let number) = TaskSystemCall(bytes) else {
        return
      }
      let thread = threads[place]
      let call = CallNumber(number, is32Bit: thread.is32Bit)
      let isOnDescriptor = traits[call]?.contains(.onDescriptor) ?? false
      found.append(
        Found(
          thread: thread, call: call,
          descriptor: isOnDescriptor ? TaskSystemCall.descriptor(bytes) : nil))
    }
    for one in found {
      body(one.thread, one.call, one.descriptor.flatMap { path(one.thread.pid, $0) })
    }
  }

  private mutating func path(_ pid: Int32, _ descriptor: Int32) -> String {
    var path = ProcPath(pid: pid, "fd/")
    path.append(number: Int64(descriptor))
    guard root.readLink(path, into: &buffer) == .bytes else { return "fd \(descriptor)" }
    return buffer.withBytes { DescriptorTarget($0).path }
  }
}
