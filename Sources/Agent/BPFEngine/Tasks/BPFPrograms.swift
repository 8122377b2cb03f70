import CBPF
import Glibc

/// Our loaded BPF programs. They are unloaded when this goes: nothing is pinned.
public struct BPFPrograms: ~Copyable {
  private var handles: culprit_bpf_handles
  private let buffer: UnsafeMutableRawBufferPointer
  private let ends: BPFRing?
  private let records: BPFRing?
  private var walks: UInt64 = 0
  /// When the first walk began, nanoseconds since boot.
  private var baseline: UInt64 = 0

  /// The kernel hands out at most 32 KiB of records in one read(2) (bpf_seq_read).
  private static let bufferBytes = 64 * 1024

  /// Loads them in a short-lived child. Needs Linux 5.11 with BTF (task storage), and root or
  /// `cap_bpf` with `cap_perfmon`.
  public init() throws(BPFError) {
    var handles = culprit_bpf_handles()
    var words = [CChar](repeating: 0, count: 1200)
    let object = BPFObject.bytes(TasksProgram.digits)
    let code = culprit_bpf_load(object, object.count, &handles, &words, words.count)
    guard code == 0 else { throw BPFError(loading: code, words) }
    self.handles = handles
    buffer = .allocate(byteCount: BPFPrograms.bufferBytes, alignment: 8)
    ends = handles.end_of_task >= 0 ? BPFRing(map: handles.ends) : nil
    records = handles.walk_tasks >= 0 ? BPFRing(map: handles.records) : nil
  }

  deinit {
    buffer.deallocate()
    // Before the maps' descriptors.
    ends?.close()
    records?.close()
    for descriptor in [
      handles.read_tasks, handles.look_at_waiting, handles.name_addresses,
      handles.control, handles.ends, handles.records, handles.walk_tasks, handles.end_of_task,
    ] where descriptor >= 0 { Glibc.close(descriptor) }
  }

  /// Whether tasks that end say what they did last.
  public var seesEnds: Bool { ends != nil }

  /// Walks the host's tasks and gives those that did something since the walk before, or are in
  /// `D`. The first walk only remembers, except for those in `D`. Returns how many processes it
  /// came by.
  public mutating func readTasks(
    isBaseline: Bool = false, _ body: (borrowing BPFTask) -> Void
  ) throws(BPFError) -> Int {
    // Until the first walk is over nobody's end is news.
    if isBaseline { try set { $0.baseline_nanoseconds = .max } }
    defer { if isBaseline { endBaseline() } }
    guard let records else {
      try walk(handles.read_tasks, body)
      return counts().processes
    }
    walks &+= 1
    var walk = culprit_walk()
    walk.walk = walks
    walk.baseline_nanoseconds = isBaseline ? .max : baseline
    return try run(walk, records, body)
  }

  /// By the kernel's own clock, which starts of tasks count by, whatever time namespace we are in.
  private mutating func endBaseline() {
    var began: UInt64 = 0
    try? set { control in
      began = control.walk_nanoseconds
      control.baseline_nanoseconds = began
    }
    baseline = began
  }

  /// Gives the tasks in `D` and remembers nothing.
  public borrowing func lookAtWaiting(
    _ body: (borrowing BPFTask) -> Void
  ) throws(BPFError) {
    guard let records else { return try walk(handles.look_at_waiting, body) }
    var walk = culprit_walk()
    walk.only_waiting = 1
    _ = try run(walk, records, body)
  }

  /// Runs our own walk, and goes on with it as long as its buffer was too small for all.
  private borrowing func run(
    _ walk: culprit_walk, _ records: BPFRing, _ body: (borrowing BPFTask) -> Void
  ) throws(BPFError) -> Int {
    var walk = walk
    var rounds = 0
    var taken: UInt32 = 0
    repeat {
      (walk.process_count, walk.left_out, walk.skip) = (0, 0, taken)
      guard culprit_bpf_run(handles.walk_tasks, &walk) == 0 else {
        throw .cannotRead(errno: errno)
      }
      records.take {
        // A look remembers nobody: it skips as many as it has shown.
        taken &+= 1
        body($0)
      }
      rounds += 1
    } while walk.left_out > 0 && rounds < BPFPrograms.roundLimit
    return Int(walk.process_count)
  }

  /// 1,400 records fit into the buffer; this is enough for 90,000 tasks that all did something.
  private static let roundLimit = 64

  /// Gives the tasks that have ended since it was asked last, with what they did since the last
  /// walk.
  public borrowing func takeEnds(_ body: (borrowing BPFTask) -> Void) {
    ends?.take(body)
  }

  /// How many processes the last walk came by, and how many ends found no room since the start.
  public borrowing func counts() -> (processes: Int, lostEnds: UInt64) {
    var control = culprit_control()
    guard culprit_bpf_get(handles.control, &control) == 0 else { return (0, 0) }
    return (Int(control.process_count), control.lost_ends)
  }

  /// The functions that hold kernel `addresses`, as `%pB` prints them; at most
  /// ``addressLimit`` at once. Not held back by `kptr_restrict`.
  public borrowing func names(of addresses: [UInt64]) throws(BPFError) -> [String] {
    let asked = addresses.prefix(BPFPrograms.addressLimit)
    try set { control in
      control.address_count = UInt32(asked.count)
      withUnsafeMutableBytes(of: &control.addresses) { bytes in
        for (index, address) in asked.enumerated() {
          bytes.storeBytes(of: address, toByteOffset: index * 8, as: UInt64.self)
        }
      }
    }
    var text: [UInt8] = []
    try read(handles.name_addresses) { text += $0 }
    return text.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
  }

  public static let addressLimit = Int(CULPRIT_ADDRESSES)

  private borrowing func set(_ change: (inout culprit_control) -> Void) throws(BPFError) {
    var control = culprit_control()
    guard culprit_bpf_get(handles.control, &control) == 0 else { throw .cannotRead(errno: errno) }
    change(&control)
    guard culprit_bpf_set(handles.control, &control) == 0 else { throw .cannotRead(errno: errno) }
  }

  private borrowing func walk(
    _ link: Int32, _ body: (borrowing BPFTask) -> Void
  ) throws(BPFError) {
    try read(link) { bytes in
      var offset = 0
      // The kernel gives whole records only.
      while let length = BPFTask.read(bytes, at: offset, body) { offset += length }
    }
  }

  private borrowing func read(
    _ link: Int32, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(BPFError) {
    let descriptor = culprit_bpf_walk(link)
    guard descriptor >= 0 else { throw .cannotRead(errno: errno) }
    defer { Glibc.close(descriptor) }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw .cannotRead(errno: errno)
      }
      body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
