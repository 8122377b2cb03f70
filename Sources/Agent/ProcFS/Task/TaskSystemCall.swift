import Bytes

/// `/proc/PID/syscall`: the system call a task is in (proc_pid_syscall(5), since Linux 2.6.27).
public enum TaskSystemCall: Equatable, Sendable {
  /// By number; the arguments are read over.
  case number(Int)
  /// Blocked, but in no system call: a page fault, or a kernel thread (the file says `-1`).
  case none
  /// It runs, so nobody can say.
  case running

  public init?(_ bytes: Span<UInt8>) {
    if bytes.starts(with: "running") {
      self = .running
      return
    }
    var cursor = 0
    guard let number = bytes.nextSigned(&cursor) else { return nil }
    if number == -1 {
      self = .none
    } else {
      // xcapture met 1879048192 here: no such call is no call (0xtools #24).
      guard (0..<TaskSystemCall.limit).contains(number) else { return nil }
      self = .number(Int(number))
    }
  }

  static let limit: Int64 = 1 << 16

  /// The first argument of the call, where it may be a descriptor: `0 0x3 0x7ffe…`.
  public static func descriptor(_ bytes: Span<UInt8>) -> Int32? {
    var cursor = 0
    guard let number = bytes.nextSigned(&cursor), number >= 0, let word = bytes.nextWord(&cursor),
      word.count > 2,
      bytes.holds("0x", at: word.lowerBound)
    else { return nil }
    return bytes.hexadecimal(in: word.lowerBound + 2..<word.upperBound)
      .flatMap { Int32(exactly: $0) }
  }

  /// The call's name on this machine, its number where we have no name, `none` or `running`.
  public var name: String {
    switch self {
    case .number(let number): SystemCallNames.name(number) ?? String(number)
    case .none: "none"
    case .running: "running"
    }
  }
}
