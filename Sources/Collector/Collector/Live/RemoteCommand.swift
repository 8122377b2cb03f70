import Foundation

/// What runs on a host: its agent where it has one, else vmstat itself, preceded by what is needed
/// once.
///
/// An agent sends frames, which begin with bytes that no text holds. Vmstat's output is lines. Those
/// that begin with `@` are ours:
///
///     @agent found                    there is an agent; whether it runs here is tried
///     @agent broken 139               it doesn't even say its version
///     @agent session                  an agent is started: it reads requests and sends frames
///
///     @culprit 1                      the version of this very protocol
///     @cpus 4                         CPUs online
///     @boot 3f2c…                     /proc/sys/kernel/random/boot_id
///     @clock 1763912345.123456789     the host's clock, seconds since the epoch
///     @load 0.52 0.48 0.40 1/345 6789 812.43   /proc/loadavg and the uptime, every 5 s
///     @error …                        why there will be no rows
///
/// All others are vmstat's, in the C locale and with UTC stamps where it knows `-t`
/// (procps ≥ 3.3). The command holds no single quote, for it is handed over inside them, so that
/// it is the same to every login shell.
public enum RemoteCommand {
  public static let protocolVersion = 1
  /// Seconds between two `@load` lines.
  static let loadSeconds = 5

  /// Why rows come from vmstat where an agent is wanted.
  static let noAgentReason = "no \(LocalAgent.name) there"

  /// - Parameter prefersAgent: vmstat only where there is no agent that can be run. One that can't
  ///   even say its version is none.
  /// - Parameter temporary: what is copied there where there is none.
  public static func text(
    intervalSeconds: Int, prefersAgent: Bool = false, temporary: TemporaryAgent? = nil
  ) -> String {
    guard prefersAgent, intervalSeconds <= LocalAgent.longestIntervalSeconds else {
      return vmstat(intervalSeconds: intervalSeconds)
    }
    let copied = temporary.map {
      $0.script(intervalSeconds: intervalSeconds, requestBytes: AgentRequests.stream.count) + "; "
    }
    return remoteAgent(intervalSeconds: intervalSeconds) + "; " + (copied ?? "")
      + vmstat(intervalSeconds: intervalSeconds)
  }

  /// For who has a question for a host's agent, and no use for rows.
  ///
  /// - Parameter temporary: what is copied there where there is none.
  /// - Parameter requestBytes: what standard input begins with.
  public static func question(
    temporary: TemporaryAgent? = nil, requestBytes: Int = 0
  ) -> String {
    let ending =
      temporary.map { $0.script(intervalSeconds: 1, requestBytes: requestBytes) }
      ?? "echo \"@error no \(LocalAgent.name) on the host; install it there\""
    return remoteAgent(intervalSeconds: 1) + "; \(ending); exit 127"
  }

  private static func remoteAgent(intervalSeconds: Int) -> String {
    let name = LocalAgent.name
    return agent(
      name,
      where: "PATH=$PATH:/usr/local/bin:/usr/local/sbin; command -v \(name) >/dev/null 2>&1",
      intervalSeconds: intervalSeconds)
  }

  /// The resident agent where one listens, or else an agent for as long as the session lasts; an
  /// agent that knows neither (0.2) streams all the same. Where `condition` doesn't hold, none of
  /// it, and the script goes on.
  ///
  /// It begins with the verb, which a forced command `culprit-agent attach` looks for in
  /// SSH_ORIGINAL_COMMAND.
  static func agent(_ program: String, where condition: String, intervalSeconds: Int) -> String {
    let session = "\(program) run --session --interval \(intervalSeconds)s"
    let stream = "\(program) run --stdout --interval \(intervalSeconds)s"
    return "culprit=attach; \(condition) && { echo \"@agent found\"; "
      + "\(program) version >/dev/null 2>&1 </dev/null && { echo \"@agent session\"; "
      + "\(program) attach; s=$?; "
      // sysexits.h: EX_UNAVAILABLE. It is said before anything is read or written.
      + "[ $s = 69 ] && exec \(session); "
      // A usage error: it doesn't know the verb.
      + "[ $s = 2 ] && exec \(stream); exit $s; }; echo \"@agent broken $?\"; }"
  }

  private static func vmstat(intervalSeconds: Int) -> String {
    [
      "LC_ALL=C; TZ=UTC; PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; export LC_ALL TZ PATH",
      "echo \"@culprit \(protocolVersion)\"",
      "echo \"@cpus `getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo`\"",
      "{ read x < /proc/sys/kernel/random/boot_id && echo \"@boot $x\"; } 2>/dev/null",
      "echo \"@clock `date +%s.%N`\"",
      "command -v vmstat >/dev/null 2>&1 || { echo \"@error no vmstat in $PATH\"; exit 127; }",
      "o=; vmstat -n -t 1 1 >/dev/null 2>&1 && o=-t",
      // The shell's own read and echo: only sleep is forked. It ends with vmstat, whose pid is
      // the shell's, or when nobody reads any more.
      "( while read a < /proc/loadavg && read u x < /proc/uptime && echo \"@load $a $u\" "
        + "&& sleep \(loadSeconds) && kill -0 $$; do :; done ) 2>/dev/null &",
      "exec vmstat -n $o \(intervalSeconds)",
    ].joined(separator: "; ").replacingOccurrences(of: "&; ", with: "& ")
  }
}
