/// By what means system calls are watched.
public enum TraceEngine: String, CaseIterable, Sendable {
  /// Programs in the kernel, at the tracepoints `raw_syscalls:sys_enter` and `sys_exit`.
  case bpf
  /// strace(1): each call stops the process twice.
  case strace
}

/// What is wanted of a trace on one host: which processes, by what means, for how long.
public struct TraceRequest: Equatable, Sendable {
  public enum Selection: Equatable, Sendable {
    /// Whose full command line, or name where there is none, matches a POSIX extended regular
    /// expression; regex(7).
    case commandLine(String)
    case pids([Int32])
    /// Those that wait or move most just now, as `suspects` names them.
    case suspects
    /// All of a systemd unit, or of a container by its id.
    case unit(String)

    /// As it is asked for on a command line.
    public var words: String {
      switch self {
      case .commandLine(let expression): "--match “\(expression)”"
      case .pids(let pids): "--pid " + pids.map { "\($0)" }.joined(separator: " ")
      case .suspects: "--suspects"
      case .unit(let name): "--unit “\(name)”"
      }
    }
  }

  /// Longest expression or unit, bytes.
  public static let textLimit = 256
  public static let pidLimit = 500
  public static let defaultProcesses: UInt32 = 20
  /// Processes that `processLimit` may be raised to.
  public static let mostProcesses: UInt32 = 500
  public static let defaultMilliseconds: UInt32 = 10_000
  public static let mostMilliseconds: UInt32 = 300_000

  public var selection: Selection
  /// `nil`: `bpf`, and where that can't run the trace is refused.
  public var engine: TraceEngine?
  public var milliseconds: UInt32
  /// More matches than this and nothing is traced: the trace is refused.
  public var processLimit: UInt32
  /// Only tell who would be traced.
  public var isDryRun: Bool

  public init(
    _ selection: Selection, engine: TraceEngine? = nil,
    milliseconds: UInt32 = TraceRequest.defaultMilliseconds,
    processLimit: UInt32 = TraceRequest.defaultProcesses, isDryRun: Bool = false
  ) {
    self.selection = selection
    self.engine = engine
    self.milliseconds = milliseconds
    self.processLimit = processLimit
    self.isDryRun = isDryRun
  }
}
