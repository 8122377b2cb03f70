import Glibc
import Records
import TestSupport
import Testing

@testable import ProcFS

/// Layouts by version: trap 9. Each fixture is built field by field as the header of that version
/// lists them, so that only the order is shared with nobody.
struct TaskstatsLayout {
  private(set) var bytes: [UInt8] = []

  mutating func add<Number: FixedWidthInteger>(_ number: Number) {
    while bytes.count % MemoryLayout<Number>.size != 0 { bytes.append(0) }
    for index in 0..<MemoryLayout<Number>.size {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(8 * index)))
    }
  }

  mutating func align(_ size: Int) { while bytes.count % size != 0 { bytes.append(0xEE) } }

  mutating func add(_ delay: UInt64, hasPeaks: Bool) {
    add(UInt64(3))
    add(delay)
    if hasPeaks {
      add(UInt64(0xAAAA))
      add(UInt64(0xBBBB))
    }
  }

  /// `struct taskstats` as of `version`.
  static func record(_ version: UInt16) -> [UInt8] {
    var layout = TaskstatsLayout()
    let hasPeaks = version == 15
    layout.add(version)
    layout.add(UInt32(9))
    layout.bytes += [0x20, 5]
    layout.align(8)
    layout.add(100, hasPeaks: hasPeaks)  // cpu
    layout.add(222, hasPeaks: hasPeaks)  // blkio
    layout.add(333, hasPeaks: hasPeaks)  // swapin
    layout.add(UInt64(444))  // cpu_run_real_total
    layout.add(UInt64(555))
    layout.bytes += Array("dd".utf8) + [UInt8](repeating: 0, count: 30)
    layout.align(8)
    layout.bytes += [1, 0, 0, 0]
    layout.align(8)
    for number in [1000, 1001, 4321, 4000, 77] { layout.add(UInt32(number)) }
    layout.align(8)
    for number in 601...605 { layout.add(UInt64(number)) }  // etime utime stime minflt majflt
    for number in 701...704 { layout.add(UInt64(number)) }  // memory
    for number in 1...7 { layout.add(UInt64(number * 4096)) }  // io
    for number in 801...805 { layout.add(UInt64(number)) }
    layout.add(901, hasPeaks: hasPeaks)  // freepages
    guard version >= 9 else { return layout.bytes }
    layout.add(902, hasPeaks: hasPeaks)  // thrashing
    guard version >= 10 else { return layout.bytes }
    layout.add(UInt64(77))
    guard version >= 11 else { return layout.bytes }
    layout.add(903, hasPeaks: hasPeaks)  // compact
    guard version >= 12 else { return layout.bytes }
    layout.add(UInt32(4320))
    layout.align(8)
    for number in [606, 10, 11] { layout.add(UInt64(number)) }
    guard version >= 13 else { return layout.bytes }
    layout.add(904, hasPeaks: hasPeaks)  // wpcopy
    guard version >= 14 else { return layout.bytes }
    layout.add(905, hasPeaks: hasPeaks)  // irq
    if version >= 16 { for _ in 0..<16 { layout.add(UInt64(0xCCCC)) } }
    return layout.bytes
  }
}

@Suite("taskstats")
struct TaskstatsTests {
  @Test(
    "every version's layout is known", arguments: [8, 9, 10, 11, 12, 13, 14, 15, 16] as [UInt16])
  func layouts(version: UInt16) throws {
    let bytes = TaskstatsLayout.record(version)
    let record = try #require(TaskText.parse(bytes) { Taskstats($0) })
    check(record, version)
    // The kernel may say more than we know.
    let longer = try #require(
      TaskText.parse(bytes + [UInt8](repeating: 0xFF, count: 200)) { Taskstats($0) })
    check(longer, version)
    for length in bytes.indices {
      guard let cut = TaskText.parse(Array(bytes[..<length]), { Taskstats($0) }) else { continue }
      check(cut, version)
    }
  }

  private func check(_ record: Taskstats, _ version: UInt16) {
    #expect(record.version == version && record.tid == 4321 && record.parentPID == 4000)
    #expect(record.userID == 1000 && record.name == TaskName("dd"))
    #expect(record.elapsedMicroseconds == 601 && record.userMicroseconds == 602)
    #expect(record.systemMicroseconds == 603 && record.runNanoseconds == 444)
    #expect(record.blockDelayNanoseconds == 222 && record.swapDelayNanoseconds == 333)
    #expect(
      record.io
        == IOCounters(
          readCharacters: 4096, writeCharacters: 8192, readCalls: 12288, writeCalls: 16384,
          readBytes: 20480, writeBytes: 24576, cancelledWriteBytes: 28672))
    #expect(record.processID == (version >= 12 ? 4320 : nil))
    #expect(record.endsProcess == (version >= 12 ? true : nil))
  }

  @Test(
    "the layouts are as long as the kernel's",
    arguments: [(8, 328), (13, 416), (14, 432), (15, 560), (16, 560)])
  func lengths(version: Int, length: Int) {
    #expect(TaskstatsLayout.record(UInt16(version)).count == length)
  }

  @Test(
    "a version that nobody knows is none; a later one is read as the last",
    arguments: [0, 1, 7] as [UInt16])
  func versions(version: UInt16) throws {
    var bytes = TaskstatsLayout.record(16)
    bytes[0] = UInt8(version)
    #expect(TaskText.parse(bytes) { Taskstats($0) } == nil)
    bytes[0] = 17
    #expect(TaskText.parse(bytes) { Taskstats($0) }?.tid == 4321)
  }

  @Test("messages that are cut or lie about their length are passed over")
  func messages() {
    var request = NetlinkMessage(type: 30, command: 1, sequence: 7)
    request.append(attribute: 2, text: Array("TASKSTATS".utf8))
    let bytes = request.finished
    for length in bytes.indices {
      TaskText.parse(Array(bytes[..<length])) { ExitListener.forEachExit(in: $0) { _ in } }
    }
    for lie in [0, 1, 3, 15, 17, 255] as [UInt8] {
      for place in [0, 20] {
        var broken = bytes
        broken[place] = lie
        var count = 0
        TaskText.parse(broken) { ExitListener.forEachExit(in: $0) { _ in count += 1 } }
        #expect(count == 0)
      }
    }
  }

  @Test("an exit is heard, with what it moved", .enabled(if: Machine.isRoot, "needs CAP_NET_ADMIN"))
  func live() async throws {
    let cpus = TestFolder.text("/sys/devices/system/cpu/possible")
    // Outside of the initial namespaces nobody can.
    guard let book = HeardExits(cpus: Array(cpus.utf8)) else { return }
    let program = try Program(["dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=3"])
    let pid = program.pid
    try await program.end()
    let record = try await eventually("the exit") { book.record(of: pid) }
    #expect(record.name == TaskName("dd") && record.endsProcess ?? true)
    #expect((3 << 20..<4 << 20).contains(Int(record.io.readCharacters)))
  }
}

/// Keeps what a listener heard.
private final class HeardExits {
  private var listener: ExitListener
  private var records: [Taskstats] = []

  init?(cpus: [UInt8]) {
    guard let listener = try? ExitListener.open(cpus: cpus) else { return nil }
    self.listener = listener
  }

  func record(of pid: pid_t) -> Taskstats? {
    _ = listener.drain { records.append($0) }
    return records.first { $0.tid == pid }
  }
}
