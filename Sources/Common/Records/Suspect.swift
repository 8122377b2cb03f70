/// A task that was seen in uninterruptible sleep (`D`) while its host's load was up. It is a
/// suspect: it may be the culprit, or wait for it.
public struct Suspect: Equatable, Sendable {
  /// Thread group id: the process.
  public var pid: Int
  /// Task id: the thread; the process's own id for its first one.
  public var tid: Int
  /// As ps prints it, `D` and what follows (`Dsl+`).
  public var state: String
  public var user: String
  /// The kernel function it sleeps in; `nil` where the kernel doesn't say.
  public var waitChannel: String?
  /// Since its start, seconds; `nil` where ps didn't say.
  public var elapsedSeconds: Int64?
  /// Command line, or the name in brackets of a kernel thread. Made printable, bounded.
  public var command: String

  public init(
    pid: Int, tid: Int, state: String, user: String, waitChannel: String? = nil,
    elapsedSeconds: Int64? = nil, command: String
  ) {
    self.pid = pid
    self.tid = tid
    self.state = state
    self.user = user
    self.waitChannel = waitChannel
    self.elapsedSeconds = elapsedSeconds
    self.command = command
  }
}

/// The tasks of a host that were in `D` at one moment; none, where the look found none.
public struct SuspectReport: Equatable, Sendable {
  public var host: String
  /// When the look was taken, on the host's clock.
  public var time: Timestamp
  public var suspects: [Suspect]

  public init(host: String, time: Timestamp, suspects: [Suspect]) {
    self.host = host
    self.time = time
    self.suspects = suspects
  }
}
