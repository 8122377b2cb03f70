import ProcFS
import Records

/// Looks for an io_uring among a process's descriptors: what it does through one, no trace of system
/// calls can see. A ring whose thread polls makes no calls at all.
struct RingSearch: ~Copyable {
  /// Descriptors of one process, and of all together, that are looked at.
  private static let processLimit = 1024
  private static let limit = 65_536

  private let root: ProcRoot
  private var left = RingSearch.limit
  private var listing = ReadBuffer(capacity: 4096, limit: 1 << 16)
  private var buffer = ReadBuffer(capacity: 256, limit: 256)

  init(_ path: String) throws(TraceFailure) {
    root = try ProcRoot(tracing: path)
  }

  mutating func hasRing(_ pid: Int32) -> Bool {
    var numbers: [Int32] = []
    let most = min(left, RingSearch.processLimit)
    _ = root.listNumbers(ProcPath(pid: pid, "fd"), using: &listing) { number in
      if numbers.count < most { numbers.append(number) }
    }
    left -= numbers.count
    for number in numbers {
      var path = ProcPath(pid: pid, "fd/")
      path.append(number: Int64(number))
      guard root.readLink(path, into: &buffer) == .bytes else { continue }
      if buffer.withBytes({ DescriptorTarget($0).kind == .ring }) { return true }
    }
    return false
  }
}
