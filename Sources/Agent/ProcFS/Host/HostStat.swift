import Bytes

/// What `/proc/stat` says of the whole host (proc_stat(5), fs/proc/stat.c). A line that isn't
/// there, or isn't understood, is `nil`.
public struct HostStat: Equatable, Sendable {
  public var cpu: CPUTicks?
  /// CPUs online: lines `cpuN`.
  public var cpus = 0
  /// Interrupts served since boot.
  public var interrupts: UInt64?
  public var contextSwitches: UInt64?
  /// Time of boot, seconds since 1970.
  public var bootSeconds: UInt64?
  /// Processes and threads created since boot.
  public var forks: UInt64?
  /// Tasks running or waiting for a CPU. Since Linux 2.5.45.
  public var running: UInt64?
  /// Tasks that wait for block I/O. Since Linux 2.5.45.
  public var blocked: UInt64?

  public init() {}

  public init(_ text: Span<UInt8>) {
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) {
      // The line of interrupts may be tens of kilobytes; only its first number is looked at.
      take(text.extracting(range))
    }
  }

  private mutating func take(_ line: Span<UInt8>) {
    guard let first = line.isEmpty ? nil : line[0] else { return }
    switch first {
    case UInt8(ascii: "c"): takeCPU(line)
    case UInt8(ascii: "i"): interrupts = line.value(after: "intr ") ?? interrupts
    case UInt8(ascii: "b"): bootSeconds = line.value(after: "btime ") ?? bootSeconds
    case UInt8(ascii: "p"):
      forks = line.value(after: "processes ") ?? forks
      running = line.value(after: "procs_running ") ?? running
      blocked = line.value(after: "procs_blocked ") ?? blocked
    default: break
    }
  }

  private mutating func takeCPU(_ line: Span<UInt8>) {
    contextSwitches = line.value(after: "ctxt ") ?? contextSwitches
    guard line.starts(with: "cpu"), line.count > 3 else { return }
    var cursor = 3
    if line[3] == UInt8(ascii: " ") {
      cpu = CPUTicks(line, &cursor)
    } else if line[3] &- UInt8(ascii: "0") <= 9 {
      cpus += 1
    }
  }
}

extension Span<UInt8> {
  /// The number that follows `key`, where the line begins with it.
  @inline(__always)
  func value(after key: StaticString) -> UInt64? {
    guard starts(with: key) else { return nil }
    var cursor = key.utf8CodeUnitCount
    return nextCounter(&cursor)
  }
}
