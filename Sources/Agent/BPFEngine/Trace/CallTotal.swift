import CBPF

/// What a call was on.
public enum CallFile: Hashable, Sendable {
  case none
  /// By its number in the tables, until these are cleared: see `TraceTables.name(ofFile:)`.
  case numbered(Int)
  /// One of those that there was no room for.
  case other

  init(_ bits: UInt64) {
    switch Int(bits) {
    case Int(CULPRIT_TRACE_NO_FILE): self = .none
    case Int(CULPRIT_TRACE_OTHER_FILE): self = .other
    case let number: self = .numbered(number)
    }
  }
}

/// Calls that are told as one: of one thread, by one number, on one file, with one result.
public struct CallTotal: Sendable {
  /// Which of the processes that were asked for, as they were given.
  public var process: Int
  public var call: CallNumber
  /// errno; 0 of those that succeeded.
  public var error: Int
  public var file: CallFile
  /// Of the first of these calls; negative where there was none.
  public var descriptor: Int32
  public var count: UInt64
  public var bytes: UInt64
  public var nanoseconds: UInt64
  public var slowestNanoseconds: UInt64
  /// The first bucket below 1 µs, bucket n from 2^(n-1) up to 2^n µs. Without the empty ones at the
  /// end.
  public var latencies: [UInt64]

  init(_ total: UnsafePointer<culprit_trace_total>, process: Int) {
    let key = total.pointee.key
    self.process = process
    call = CallNumber(place: Int(key >> 38 & 0x7FF))
    error = Int(key >> 28 & 0x3FF)
    file = CallFile(key & 0xFFF_FFFF)
    descriptor = total.pointee.descriptor
    count = total.pointee.count
    bytes = total.pointee.bytes
    nanoseconds = total.pointee.nanoseconds
    slowestNanoseconds = total.pointee.slowest_nanoseconds
    latencies = withUnsafeBytes(of: total.pointee.latencies) { bytes in
      bytes.bindMemory(to: UInt32.self).map(UInt64.init)
    }
    while latencies.last == 0 { latencies.removeLast() }
  }

  /// The number of the thread that made them, from 1.
  static func thread(ofKey key: UInt64) -> Int { Int(key >> 49 & 0x3FFF) }
}

/// A thread that was followed, as its last call left it.
public struct CallThread: Sendable {
  public var process: Int
  public var pid: Int32
  public var tid: Int32
  /// It began while it was watched.
  public var isNew: Bool
  /// It entered a call, or returned from one.
  public var wasSeen: Bool
  public var is32Bit: Bool
  /// The call it is in, if it has entered one.
  public var call: UnfinishedCall?
}

/// A call that hasn't returned.
public struct UnfinishedCall: Sendable {
  public var call: CallNumber
  /// When it began, CLOCK_MONOTONIC.
  public var beganNanoseconds: UInt64
  public var descriptor: Int32
  /// As /proc/PID/fd names it; `nil` where it is on no file, or nobody knows.
  public var fileName: [UInt8]?
}

/// How one of the processes that were asked for fared.
public struct CallProcess: Sendable {
  /// Since boot; `nil` where there was no such process.
  public var startNanoseconds: UInt64?
  /// When its last thread ended, CLOCK_MONOTONIC; `nil` while it lives.
  public var endNanoseconds: UInt64?
  /// Threads that were followed, its children's too.
  public var threads: Int
  /// Processes that it and its children began.
  public var children: Int
  /// Whether it, or one of its children, lives.
  public var isAlive: Bool
  public var usesRing: Bool
  /// Calls that there was no room for.
  public var lostCalls: UInt64
  /// Threads and children that there was no room for: what they did isn't known.
  public var lostThreads: Int

  init(_ process: culprit_trace_process) {
    startNanoseconds = process.start_nanoseconds == 0 ? nil : process.start_nanoseconds
    endNanoseconds = process.end_nanoseconds == 0 ? nil : process.end_nanoseconds
    threads = Int(process.threads)
    children = Int(process.children)
    isAlive = startNanoseconds != nil && process.alive > 0
    usesRing = process.uses_ring != 0
    lostCalls = process.lost_calls
    lostThreads = Int(process.lost_threads)
  }
}
