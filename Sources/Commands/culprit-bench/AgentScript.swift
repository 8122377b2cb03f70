import Bytes
import Foundation
import Records
import Wire

/// What simulated agents say, second by second, encoded ahead of time: then whoever plays them has
/// only to send it. All hosts are of one stream; those of one slot say the same at one moment.
///
/// The files are read by Resources/agent_script.py.
struct AgentScript {
  /// The second of the first tick, since the epoch.
  let start: Int64
  let seconds: Int
  /// Different hosts at a second, spread evenly over it.
  let slots: Int
  let host: SimulatedHost
  /// Whether the agents have a spool, with all that came before in it.
  let hasSpool: Bool

  private static let stream = StreamID(
    boot: BootID(high: 0x5d1f_03c2_9ab4_4e6e, low: 0x0c77_21f0_be95_d3a1),
    number: 0x3b9a_ca07_1d2c_55ef)
  /// What an agent's spool is, unless it is told otherwise.
  private static let spoolBytes: Int64 = 64 << 20

  /// Writes `script.json`, `script.index` and `script.frames` into `folder`; how many bytes of
  /// frames a host sends a second, the mean.
  @discardableResult
  func write(to folder: String) throws -> Double {
    var encoder = FrameEncoder(stream: Self.stream)
    var frames = Data()
    var index: [UInt64] = []
    let numbers = firstNumbers()
    index += numbers
    var helloBytes = 0
    for second in 0...seconds {
      index.append(UInt64(frames.count))
      encoder.removeAll()
      encoder.append(.hello(hello(second)), sequence: 1)
      helloBytes = encoder.bytes.count
      for (identity, number) in introductions(before: second, numbers) {
        encoder.append(.identity(identity), sequence: number)
      }
      // The last is where the one before it ends.
      if second < seconds { frames.append(contentsOf: encoder.bytes) }
    }
    let firstBlock = frames.count
    for slot in 0..<slots {
      for second in 0..<seconds {
        index.append(UInt64(frames.count))
        encoder.removeAll()
        append(second, slot, first: numbers[second], to: &encoder)
        frames.append(contentsOf: encoder.bytes)
      }
      index.append(UInt64(frames.count))
    }
    try frames.write(to: URL(fileURLWithPath: folder + "/script.frames"))
    try index.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: folder + "/script.index"))
    try about(helloBytes).write(
      toFile: folder + "/script.json", atomically: false, encoding: .utf8)
    return Double(frames.count - firstBlock) / Double(seconds * slots)
  }

  /// The number of each second's first frame, and of the one after the last.
  private func firstNumbers() -> [UInt64] {
    var next: UInt64 = 1
    var numbers: [UInt64] = []
    for second in 0..<seconds {
      numbers.append(next)
      // The first second has the hello, too; each has its tick.
      next += UInt64(host.newcomers(at: second).count + 1 + (second == 0 ? 1 : 0))
    }
    return numbers + [next]
  }

  private func append(
    _ second: Int, _ slot: Int, first: UInt64, to encoder: inout FrameEncoder
  ) {
    var number = first
    if second == 0 {
      encoder.append(.hello(hello(0)), sequence: number)
      number += 1
    }
    for place in host.newcomers(at: second) {
      encoder.append(.identity(host.identity(place, at: second)), sequence: number)
      number += 1
    }
    let time = Timestamp(
      nanoseconds: (start + Int64(second)) * 1_000_000_000
        + Int64(slot) * 1_000_000_000 / Int64(slots))
    encoder.append(.tick(host.tick(second, slot: slot, time: time)), sequence: number)
  }

  /// Who is at work when that second begins, each with the number that it was introduced with.
  private func introductions(
    before second: Int, _ numbers: [UInt64]
  ) -> [(ProcessIdentity, UInt64)] {
    guard second > 0 else { return [] }
    return host.places.map { place in
      let since = host.start(of: place, at: second - 1)
      let before = host.newcomers(at: since).firstIndex(of: place) ?? 0
      let number = numbers[since] + UInt64(before) + (since == 0 ? 1 : 0)
      return (host.identity(place, at: since), number)
    }
  }

  private func hello(_ second: Int) -> Hello {
    Hello(
      stream: Self.stream, time: Timestamp(seconds: start + Int64(second)),
      agentVersion: Release.version, hostName: "simulated", kernelRelease: "6.12.0", engine: .bpf,
      cpus: SimulatedHost.cpus)
  }

  private func about(_ helloBytes: Int) -> String {
    var line = JSONWriter()
    line.object { line in
      line.field("start", start)
      line.field("seconds", seconds)
      line.field("slots", slots)
      line.field("hello_bytes", helloBytes)
      line.field("boot_high", Int64(Self.stream.boot.high))
      line.field("boot_low", Int64(Self.stream.boot.low))
      line.field("stream", Int64(Self.stream.number))
      line.field("limit_bytes", hasSpool ? Self.spoolBytes : 0)
    }
    return line.text
  }
}
