import Glibc
import ProcFS
import Records
import Reports
import Sampling
import Wire

/// Puts what a sampler gives into frames.
struct FrameStream {
  /// What it says of itself: again on each connection.
  private(set) var hello = Hello(
    stream: HostFacts.newStream(), time: HostFacts.now, engine: nil)
  private var encoder = FrameEncoder()
  private var sequence: UInt64 = 0
  private var firstPace: UInt64 = 0
  private var isSlowed = false
  private var hasToldHidden = false

  mutating func begin(engine: EngineKind, reason: String, intervalNanoseconds: UInt64) {
    firstPace = intervalNanoseconds
    hello.agentVersion = AgentVersion.number
    hello.hostName = HostFacts.name
    hello.kernelRelease = HostFacts.kernelRelease
    (hello.engine, hello.engineReason) = (engine, reason)
    hello.intervalNanoseconds = intervalNanoseconds
    hello.ticksPerSecond = UInt32(clamping: sysconf(Int32(_SC_CLK_TCK)))
    hello.pageBytes = UInt32(clamping: sysconf(Int32(_SC_PAGESIZE)))
    hello.cpus = HostFacts.cpus
    append(.hello(hello))
  }

  /// What came before a burst goes first, then who the processes are, then what they did.
  ///
  /// `introduced` is told each introduction and its frame.
  mutating func append(
    _ output: Sampler.Output, introduced: (ProcessID, ArraySlice<UInt8>) -> Void = { _, _ in }
  ) {
    for tick in output.past { append(.before(tick)) }
    for identity in output.identities {
      let start = encoder.bytes.count
      append(.identity(identity))
      introduced(identity.id, encoder.bytes[start...])
    }
    append(.tick(output.tick))
    if let burst = output.burst { append(.burst(burst)) }
    noticePace(output.tick)
    noticeHidden(output)
  }

  private mutating func noticeHidden(_ output: Sampler.Output) {
    guard output.hiddenTasks > 0, !hasToldHidden else { return }
    hasToldHidden = true
    append(
      .notice(
        Notice(
          time: output.tick.time, severity: .warning,
          text: HiddenTasks.text(output.hiddenTasks))))
  }

  private mutating func noticePace(_ tick: HostTick) {
    // The tick says what interval was in force; this says it in words, once.
    let slowed = tick.pacedNanoseconds > firstPace
    guard slowed != isSlowed else { return }
    isSlowed = slowed
    append(
      .notice(
        Notice(
          time: tick.time, severity: .warning,
          text: slowed
            ? "sampling took too much CPU: now every \(DurationText.of(tick.pacedNanoseconds))"
            : "sampling every \(DurationText.of(tick.pacedNanoseconds)) again")))
  }

  private mutating func append(_ frame: Frame) {
    sequence += 1
    encoder.append(frame, sequence: sequence)
  }

  /// Something that people should read.
  mutating func append(_ notice: Notice) { append(.notice(notice)) }

  /// Hands over the frames since the last time.
  mutating func flush(_ body: (Span<UInt8>) -> Void) {
    body(encoder.bytes.span)
    encoder.removeAll()
  }
}

/// What the kernel says of the host, once.
enum HostFacts {
  static var now: Timestamp { Clocks.now }

  static var name: String { uname { withUnsafeBytes(of: $0.nodename, text) } }
  static var kernelRelease: String { uname { withUnsafeBytes(of: $0.release, text) } }

  static var cpus: Int? {
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return count > 0 ? count : nil
  }

  /// A number that no stream of this boot had before.
  static func newStream() -> StreamID {
    var random = SystemRandomNumberGenerator()
    return StreamID(boot: boot ?? BootID(high: 0, low: 0), number: random.next())
  }

  private static var boot: BootID? {
    guard let root = try? ProcRoot() else { return nil }
    var buffer = ReadBuffer(capacity: 64, limit: 64)
    return BootID.read(from: root, using: &buffer)
  }

  private static func uname(_ field: (utsname) -> String) -> String {
    var names = utsname()
    return Glibc.uname(&names) == 0 ? field(names) : ""
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
