/// What `--help` says.
enum AgentHelp {
  static let overview = """
    culprit-agent: who makes the load on this host, who waits, and for what.

    USAGE
      culprit-agent COMMAND [OPTIONS]

    COMMANDS
      suspects   who waits (D, file locks, FUSE) and who moves the bytes, just now
      top        the same, over and over
      process    all about one process: who started it, what it has open, what it waits for
      trace      what processes ask of the kernel: calls, files, bytes, time
      run        sample for ever, keep frames, and hand them to culprit's collector
      attach     what the collector runs over SSH: a relay to the agent that runs already
      doctor     what the kernel gives us here, and what would give us more
      explain    who waits for what in pasted kernel stacks, who does what in strace's output
      encap      packages in folders of their own: install, upgrade, go back, remove, check
      completion a script that completes these words in bash, zsh or fish
      version    the version

    EXAMPLES
      culprit-agent suspects             look for a second, and say who
      culprit-agent suspects --for 10s --json
      culprit-agent top --interval 500ms
      culprit-agent process 4711
      culprit-agent trace --suspects --for 5s
      culprit-agent doctor

    EXIT CODES
      0 fine   1 failed   2 wrong use   3 trouble found, with --check

    It reads best as root, or with cap_sys_ptrace,cap_dac_read_search,cap_bpf,cap_perfmon and
    cap_net_admin; with less it reads less, and says what.

    """

  static let verbs = [
    "suspects", "top", "process", "trace", "run", "attach", "doctor", "explain", "encap",
    "completion",
    "version",
  ]

  /// The options that a command's help lists.
  static func options(of verb: String) -> [String] {
    let lines = commands[verb]?.split(separator: "\n") ?? []
    let named = lines.compactMap { line -> String? in
      let words = line.split(separator: " ")
      guard line.hasPrefix("  --"), let first = words.first else { return nil }
      return String(first)
    }
    return named + ["--help"]
  }

  /// The help that a command line asks for; `nil` where it asks for none.
  static func asked(_ verb: String, _ rest: ArraySlice<String>) -> String? {
    switch verb {
    case "--help", "-h", "help":
      return rest.first.flatMap { commands[$0] } ?? overview
    default:
      return rest.contains("--help") || rest.contains("-h") ? commands[verb] : nil
    }
  }

  private static let commands: [String: String] = [
    "run": """
    Samples the host once a second for ever. The frames go to whoever connects to its socket
    (culprit's collector, through `culprit-agent attach` over SSH), and into a spool on disk
    for a collector that is away.

    USAGE
      culprit-agent run [OPTIONS]
      culprit-agent run --stdout [OPTIONS]

    OPTIONS
    \(ResidentSettings.help)
      --stdout                no socket and no spool: write frames to standard output
      --session               the same, but only what requests on standard input ask for,
                              until that ends
      --unlink-self           with --session: remove the program's own file and its folder
                              culprit.*, where it was copied for this session
      --check-config          read the settings, say what is wrong with them, and end
    \(SamplerOptions.help)

    EXAMPLES
      culprit-agent run
      culprit-agent run --spool /var/spool/culprit --spool-size 1GiB
      culprit-agent run --stdout --for 60s > minute.frames

    \(AgentConfiguration.usualPath) is read where it is there and no --config is given: lines of
    `name = value`, named as the options (spool_size, …), and looks_per_second = 10 (0 to 20),
    own_cpu_percent = 1, and when a burst of fast looks begins and ends: burst_io_pressure =
    "40/20", burst_memory_pressure, burst_cpu_pressure (per cent of the time),
    burst_blocked_tasks = "2/1", burst_run_queue = "2/1.2" (per CPU). `control = true`, in a file
    that only root can write, lets clients ask about single processes, too, and for traces, one at
    a time, through a second socket beside the first (…-control.sock); who asked is logged.

    A spool holds a day or more of a busy host. kill -9 costs nothing that was written; a power
    cut the last 30 seconds.

    """,
    "attach": """
    Connects standard input and output with the agent that runs on this host: what culprit's
    collector runs over SSH, fit for a forced command. It executes nothing, and of
    SSH_ORIGINAL_COMMAND it takes only the words attach and version.

    USAGE
      culprit-agent attach [OPTIONS]

    OPTIONS
      --socket PATH           the agent's socket (default \(ResidentSettings.usualSocket))
      --key NAME              what the log calls the key that was used

    EXIT CODES
      0 the other side left   1 the agent ended   2 wrong use   69 no agent listens

    EXAMPLES
      in ~culprit/.ssh/authorized_keys:
      restrict,command="/usr/local/bin/culprit-agent attach --key ops" ssh-ed25519 AAAA…

    """,
    "suspects": """
    Looks at the host for a while, and says who waits for what and who moves the bytes.

    USAGE
      culprit-agent suspects [OPTIONS]

    OPTIONS
      --json                  a line of JSON for each suspect
      --check                 exit with 3 if a task waits for half a second or more
    \(SamplerOptions.help)

    EXAMPLES
      culprit-agent suspects
      culprit-agent suspects --for 10s --json
      culprit-agent suspects --check || mail -s "tasks hang" root

    In JSON a reading that could not be had is the string "denied", "disabled", "unsupported"
    or "gap", never 0. Bytes are per second.

    """,
    "top": """
    Shows who waits and who moves the bytes, over and over.

    KEYS
      q ends it, the space bar holds the screen and lets it go on.

    USAGE
      culprit-agent top [OPTIONS]

    OPTIONS
    \(SamplerOptions.help)

    EXAMPLES
      culprit-agent top
      culprit-agent top --for 10s > ten-seconds.txt

    """,
    "process": """
    Says all about one process: its parents, the login and the SSH client behind it, its unit or
    container, what its threads wait for, what it moves, its open files and whether they grow,
    its sockets and who is at the other end, its file locks and who waits for them.

    USAGE
      culprit-agent process PID [OPTIONS]

    OPTIONS
      --json                  one line of JSON
      --for D                 watch it for so long, up to 60s (default 1s)
      --rows N                most lines of each list (default 20)
      --cmdline masked|name|full
                              command lines: secrets masked (default), the program's
                              name only, or as they are

    EXAMPLES
      culprit-agent process 4711
      culprit-agent process 4711 --for 10s --rows 100
      culprit-agent process $$ --json

    Environments are never read. File systems that may hang (network, FUSE) are not asked for a
    file's size. What we may not see is “denied”; as root, or with cap_sys_ptrace, all is seen.

    """,
    "trace": TraceCommand.help,
    "explain": """
    Reads /proc/PID/stack, the kernel's “blocked for more than 120 seconds” reports and
    sysrq-w dumps, as dmesg, the journal or a mail have them, and says of each task what it
    waits for, what to do next, and over all of them who waits for whom.

    Reads what strace wrote, of any version and with any options, -c tables too, and says who
    reads, writes, syncs and waits, on which files, in one ranking over all files. Contents of
    buffers are neither kept nor shown.

    USAGE
      culprit-agent explain FILE…|- [OPTIONS]

    OPTIONS
      --json                  a line of JSON for each process or task, and one for the whole
      --sort ORDER            strace's processes by culprits (default), bytes, blocked or calls
      --top N                 most of strace's processes (default 20; in JSON all)

    EXAMPLES
      dmesg | culprit-agent explain -
      culprit-agent explain report.txt
      culprit-agent explain worker-*.strace
      culprit-agent explain --json out.* | head -3

    """,
    "encap": encap,
    "completion": """
    Prints a script for the shell that completes the agent's commands and options.

    USAGE
      culprit-agent completion bash|zsh|fish

    EXAMPLES
      source <(culprit-agent completion bash)
      culprit-agent completion fish > ~/.config/fish/completions/culprit-agent.fish

    """,
    "doctor": """
    Says of each source of data whether it can be read here, and the one command that would
    make it so. It changes nothing.

    USAGE
      culprit-agent doctor [--json] [--check]

    OPTIONS
      --json                  a line of JSON for each source
      --check                 exit with 3 unless all sources can be read that aren't optional

    EXAMPLES
      culprit-agent doctor
      culprit-agent doctor --json | grep '"denied"'

    """,
  ]
}
