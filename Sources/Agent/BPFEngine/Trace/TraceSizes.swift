import CBPF

/// How large the kernel's tables of a trace are.
public struct TraceSizes: Sendable {
  /// Threads that are followed at once; at most ``threadLimit``.
  public var threads: Int
  /// Kinds of calls (of a thread, by name, on a file, with one result) between two readings; a power
  /// of two. 192 bytes each, twice.
  public var totals: Int
  /// Files between two readings; a power of two.
  public var files: Int
  /// Bytes of these files' names.
  public var nameBytes: Int

  public static let threadLimit = Int(CULPRIT_TRACE_THREADS) - 1

  public init(threads: Int, totals: Int, files: Int, nameBytes: Int) {
    self.threads = min(max(threads, 1), TraceSizes.threadLimit)
    self.totals = totals
    self.files = files
    self.nameBytes = max(nameBytes, 2 * Int(CULPRIT_TRACE_NAME))
  }

  /// Enough for processes that have so many threads now, and for what they start: 20 MB, 40 MB for
  /// many thousand threads. A process that goes through ten thousand files a second fills a half in a
  /// quarter of one.
  public init(forThreads now: Int) {
    self.init(
      threads: max(4096, now * 2), totals: now > 4096 ? 65536 : 32768, files: 16384,
      nameBytes: 2 << 20)
  }

  var kernels: culprit_trace_sizes {
    culprit_trace_sizes(
      threads: UInt32(threads), totals: UInt32(totals), files: UInt32(files),
      name_bytes: UInt32(nameBytes))
  }
}
