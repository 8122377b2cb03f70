import CBPF
import Records

/// What the kernel said of one task: a view into the buffer it was read into. Counters are what
/// they grew by since the task was last spoken of.
public struct BPFTask: ~Copyable {
  private let base: UnsafeRawPointer

  static let headBytes = MemoryLayout<culprit_task_record>.offset(of: \.stack) ?? 0

  /// Calls `body` with the whole record at `offset`, and gives its length; `nil` where none is.
  static func read(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, _ body: (borrowing BPFTask) -> Void
  ) -> Int? {
    guard let start = bytes.baseAddress, bytes.count - offset >= headBytes else { return nil }
    let task = BPFTask(base: start + offset)
    let length = headBytes + task.stackBytes
    guard bytes.count - offset >= length else { return nil }
    body(task)
    return length
  }

  private init(base: UnsafeRawPointer) { self.base = base }

  private var stackBytes: Int { Int(record.pointee.stack_bytes) }

  private var record: UnsafePointer<culprit_task_record> {
    // Bytes that C wrote as such a record, or a read(2) of one: aligned, as records are multiples
    // of eight bytes.
    UnsafePointer(base.assumingMemoryBound(to: culprit_task_record.self))
  }

  /// The process.
  public var pid: Int32 { record.pointee.tgid }
  public var tid: Int32 { record.pointee.tid }
  public var parentPID: Int32 { record.pointee.parent }
  public var threads: Int32 { Int32(clamping: record.pointee.threads) }
  public var state: TaskState { TaskState(letter: record.pointee.state) }
  public var leaderState: TaskState { TaskState(letter: record.pointee.leader_state) }
  public var isKernelThread: Bool { has(CULPRIT_IS_KERNEL_THREAD) }
  /// Whether delay accounting counts for this task.
  public var hasDelays: Bool { has(CULPRIT_HAS_DELAYS) }
  public var hasEnded: Bool { has(CULPRIT_HAS_ENDED) }
  /// When its process started, nanoseconds since boot.
  public var startNanoseconds: UInt64 { record.pointee.start_nanoseconds }
  public var cpuNanoseconds: UInt64 { record.pointee.cpu_nanoseconds }
  public var blockDelayNanoseconds: UInt64 { record.pointee.block_delay }
  public var swapDelayNanoseconds: UInt64 { record.pointee.swap_delay }
  /// Since it last ran; only of tasks that wait.
  public var waitNanoseconds: UInt64 { record.pointee.wait_nanoseconds }
  /// -1 where it is in none, or where the kernel doesn't say.
  public var systemCall: Int64 { record.pointee.system_call }

  private func has(_ flag: Int32) -> Bool { record.pointee.flags & UInt32(flag) != 0 }

  public var io: IOCounters {
    let io = record.pointee.io
    return IOCounters(
      readCharacters: io.0, writeCharacters: io.1, readCalls: io.2, writeCalls: io.3,
      readBytes: io.4, writeBytes: io.5, cancelledWriteBytes: io.6)
  }

  public var name: TaskName { name(at: BPFTask.nameOffset) }
  /// Of the process: its first thread's.
  public var leaderName: TaskName { name(at: BPFTask.leaderNameOffset) }

  private static let nameOffset = MemoryLayout<culprit_task_record>.offset(of: \.name) ?? 0
  private static let leaderNameOffset =
    MemoryLayout<culprit_task_record>.offset(of: \.leader_name) ?? 0

  private func name(at offset: Int) -> TaskName {
    let bytes = UnsafeRawBufferPointer(start: base + offset, count: TaskName.limit)
    return TaskName(bytes.bindMemory(to: UInt8.self).span)
  }

  /// Return addresses, the innermost first.
  public var stackDepth: Int { stackBytes / 8 }

  public func address(at index: Int) -> UInt64 {
    precondition(index >= 0 && index < stackDepth)
    return base.loadUnaligned(fromByteOffset: BPFTask.headBytes + index * 8, as: UInt64.self)
  }
}
