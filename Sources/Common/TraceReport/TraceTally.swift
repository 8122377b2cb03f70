import Bytes
import Records

/// Calls of one name on one thing that were seen: a single one, or many summed up.
public struct ObservedCalls: Equatable, Sendable {
  /// The system call's name.
  public var name: String
  /// What it was about: a path, `socket:[4711]`; `nil` where it is about no file, or nobody knows.
  public var path: String?
  public var count: UInt64
  /// Bytes moved by those that succeeded. A call that moves none has none: what `openat` returns is a
  /// descriptor.
  public var bytes: UInt64
  public var errors: UInt64
  /// Time in the calls, nanoseconds; 0 where that wasn't recorded.
  public var nanoseconds: UInt64
  public var slowestNanoseconds: UInt64
  /// See ``TracedCall/latencies``. Empty for a single call: then `nanoseconds` says it.
  public var latencies: [UInt64]
  /// What they are for, where name and path don't say it: `sendfile` reads a file where what it
  /// writes to is a socket.
  public var kind: CallClass?

  public init(name: String, path: String? = nil, count: UInt64 = 1) {
    self.name = name
    self.path = path
    self.count = count
    bytes = 0
    errors = 0
    nanoseconds = 0
    slowestNanoseconds = 0
    latencies = []
  }

  /// The bucket of ``TracedCall/latencies`` that a call of that length falls into.
  public static func latencyBucket(nanoseconds: UInt64) -> Int {
    let microseconds = nanoseconds / 1000
    let bits = UInt64.bitWidth - microseconds.leadingZeroBitCount
    return min(bits, TracedCall.latencyBuckets - 1)
  }
}

/// Sums up what one process does, whichever engine sees it. Bounded: however many files a process
/// opens, those that count most are told apart, and of the others only the number is kept.
public struct TraceTally: Sendable {
  /// Files, and kinds of failures, that are counted one by one before the report picks the first.
  public static let entryLimit = 4096
  /// Names of calls; strace's output may hold anything.
  static let callLimit = 512

  private struct CallKey: Hashable {
    var name: String
    var kind: CallClass
  }

  private struct ErrorKey: Hashable {
    var call: String
    var error: String
  }

  /// Files that are told apart. Where another one comes, the lesser half is forgotten: one that is
  /// used over and over soon stands here again.
  public var fileLimit: Int
  private var calls: [CallKey: TracedCall] = [:]
  private var files: [TracedFile] = []
  private var filePlaces: [String: Int] = [:]
  private var errors: [ErrorKey: UInt64] = [:]
  private var omittedCalls: UInt64 = 0
  private var forgottenFiles = 0

  public init(fileLimit: Int = TraceTally.entryLimit) {
    self.fileLimit = fileLimit
  }

  public var isEmpty: Bool { calls.isEmpty && omittedCalls == 0 }

  public mutating func add(_ seen: ObservedCalls) {
    let kind = seen.kind ?? CallClass(call: seen.name, path: seen.path)
    addFile(seen, kind)
    let key = CallKey(name: seen.name, kind: kind)
    guard calls[key]?.take(seen) == nil else { return }
    guard calls.count < TraceTally.callLimit else {
      omittedCalls = omittedCalls.addingSaturated(seen.count)
      return
    }
    var call = TracedCall(name: key.name, kind: key.kind)
    call.take(seen)
    calls[key] = call
  }

  /// Failures of which the error is known; ``add(_:)`` has counted them as errors before.
  public mutating func addError(_ error: String, of call: String, count: UInt64 = 1) {
    let key = ErrorKey(call: call, error: error)
    guard errors[key] != nil || errors.count < TraceTally.entryLimit else { return }
    errors[key] = (errors[key] ?? 0).addingSaturated(count)
  }

  /// What was counted elsewhere and turned out to be of the same process.
  public mutating func add(_ other: TraceTally) {
    for (key, call) in other.calls {
      guard calls[key] != nil || calls.count < TraceTally.callLimit else {
        omittedCalls = omittedCalls.addingSaturated(call.count)
        continue
      }
      calls[key, default: TracedCall(name: key.name, kind: key.kind)].take(call)
    }
    for file in other.files { files[place(of: file.path)].take(file) }
    for (key, count) in other.errors { addError(key.error, of: key.call, count: count) }
    omittedCalls = omittedCalls.addingSaturated(other.omittedCalls)
    forgottenFiles += other.forgottenFiles
  }

  private mutating func addFile(_ seen: ObservedCalls, _ kind: CallClass) {
    guard let path = seen.path else { return }
    files[place(of: path)].take(seen, kind)
  }

  /// Where that file stands, with room made for it where it is new.
  private mutating func place(of path: String) -> Int {
    if let place = filePlaces[path] { return place }
    if files.count >= max(2, fileLimit) { forgetLesserFiles() }
    filePlaces[path] = files.count
    files.append(TracedFile(path: path))
    return files.count - 1
  }

  private mutating func forgetLesserFiles() {
    files.sort(by: TraceTally.comesBefore)
    let kept = max(2, fileLimit) / 2
    forgottenFiles += files.count - kept
    files.removeLast(files.count - kept)
    filePlaces = Dictionary(uniqueKeysWithValues: files.indices.map { (files[$0].path, $0) })
  }

  /// Writes what was counted into `process`, the most time first, cut to what a report has room for.
  public func write(into process: inout TracedProcess) {
    let ranked = calls.values.sorted(by: TraceTally.comesBefore)
    process.calls = Array(ranked.prefix(TracedProcess.callLimit))
    process.omittedCalls = ranked.dropFirst(TracedProcess.callLimit).reduce(omittedCalls) {
      $0.addingSaturated($1.count)
    }
    let rankedFiles = files.sorted(by: TraceTally.comesBefore)
    process.files = Array(rankedFiles.prefix(TracedProcess.fileLimit))
    process.omittedFiles = rankedFiles.count - process.files.count + forgottenFiles
    process.errors =
      errors
      .map { TracedError(call: $0.key.call, error: $0.key.error, count: $0.value) }
      .sorted { ($1.count, $0.call, $0.error) < ($0.count, $1.call, $1.error) }
      .prefix(TracedProcess.errorLimit).map { $0 }
  }

  private static func comesBefore(_ left: TracedCall, _ right: TracedCall) -> Bool {
    if left.nanoseconds != right.nanoseconds { return left.nanoseconds > right.nanoseconds }
    if left.count != right.count { return left.count > right.count }
    return (left.name, left.kind.rawValue) < (right.name, right.kind.rawValue)
  }

  /// Files come before sockets and pipes, where time is spent waiting for others.
  private static func comesBefore(_ left: TracedFile, _ right: TracedFile) -> Bool {
    let (isFile, otherIsFile) = (CallClass.mayBeFile(left.path), CallClass.mayBeFile(right.path))
    if isFile != otherIsFile { return isFile }
    if left.nanoseconds != right.nanoseconds { return left.nanoseconds > right.nanoseconds }
    let (leftBytes, rightBytes) = (
      left.readBytes.addingSaturated(left.writeBytes),
      right.readBytes.addingSaturated(right.writeBytes)
    )
    if leftBytes != rightBytes { return leftBytes > rightBytes }
    if left.calls != right.calls { return left.calls > right.calls }
    return left.path < right.path
  }
}

extension TracedCall {
  fileprivate mutating func take(_ seen: ObservedCalls) {
    count = count.addingSaturated(seen.count)
    errors = errors.addingSaturated(seen.errors)
    nanoseconds = nanoseconds.addingSaturated(seen.nanoseconds)
    bytes = bytes.addingSaturated(seen.bytes)
    let slowest =
      seen.count == 1 ? max(seen.nanoseconds, seen.slowestNanoseconds) : seen.slowestNanoseconds
    if slowest > slowestNanoseconds {
      slowestNanoseconds = slowest
      slowestPath = seen.path
    }
    if !seen.latencies.isEmpty {
      for (bucket, count) in seen.latencies.prefix(TracedCall.latencyBuckets).enumerated()
      where count > 0 { note(count, in: bucket) }
    } else if seen.count == 1, seen.nanoseconds > 0 {
      note(1, in: ObservedCalls.latencyBucket(nanoseconds: seen.nanoseconds))
    }
  }

  /// What was counted of the same call elsewhere.
  fileprivate mutating func take(_ other: TracedCall) {
    count = count.addingSaturated(other.count)
    errors = errors.addingSaturated(other.errors)
    nanoseconds = nanoseconds.addingSaturated(other.nanoseconds)
    bytes = bytes.addingSaturated(other.bytes)
    if other.slowestNanoseconds > slowestNanoseconds {
      slowestNanoseconds = other.slowestNanoseconds
      slowestPath = other.slowestPath
    }
    for (bucket, count) in other.latencies.enumerated() where count > 0 { note(count, in: bucket) }
  }

  private mutating func note(_ number: UInt64, in bucket: Int) {
    while latencies.count <= bucket { latencies.append(0) }
    latencies[bucket] = latencies[bucket].addingSaturated(number)
  }
}

extension TracedFile {
  fileprivate mutating func take(_ seen: ObservedCalls, _ kind: CallClass) {
    calls = calls.addingSaturated(seen.count)
    nanoseconds = nanoseconds.addingSaturated(seen.nanoseconds)
    if seen.bytes > 0 {
      switch ByteDirection(seen, kind) {
      case .reading: readBytes = readBytes.addingSaturated(seen.bytes)
      case .writing: writeBytes = writeBytes.addingSaturated(seen.bytes)
      case nil: break
      }
    }
    if kind == .sync { syncCalls = syncCalls.addingSaturated(seen.count) }
  }

  /// What was counted of the same file elsewhere.
  fileprivate mutating func take(_ other: TracedFile) {
    calls = calls.addingSaturated(other.calls)
    nanoseconds = nanoseconds.addingSaturated(other.nanoseconds)
    readBytes = readBytes.addingSaturated(other.readBytes)
    writeBytes = writeBytes.addingSaturated(other.writeBytes)
    syncCalls = syncCalls.addingSaturated(other.syncCalls)
  }
}

/// Which way bytes go, from the process's side.
private enum ByteDirection {
  case reading
  case writing

  init?(_ seen: ObservedCalls, _ kind: CallClass) {
    switch (kind, seen.kind) {
    case (.read, _): self = .reading
    case (.write, .write): self = .writing
    default:
      guard let direction = ByteDirection.byName[seen.name] else { return nil }
      self = direction
    }
  }

  private static let byName: [String: ByteDirection] = {
    let reading = [
      "read", "pread64", "pread", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "recv",
    ]
    let writing = [
      "write", "pwrite64", "pwrite", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "send",
      "sendfile", "sendfile64", "copy_file_range", "splice", "tee", "vmsplice",
    ]
    return Dictionary(
      uniqueKeysWithValues: reading.map { ($0, .reading) } + writing.map { ($0, .writing) })
  }()
}
