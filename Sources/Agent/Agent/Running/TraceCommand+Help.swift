import Records

extension TraceCommand {
  static let help = """
    Watches the system calls of processes for a while, and says who of them reads, writes, syncs and
    waits most, in which files, and whether all are free again afterwards.

    USAGE
      culprit-agent trace --match REGEX|--pid N…|--suspects|--unit NAME [OPTIONS]

    OPTIONS
      --match REGEX           processes whose full command line (or name, where there is none)
                              matches a POSIX extended regular expression
      --pid N…                these; 4711 4712, or 4711,4712
      --suspects              those that wait or move most just now
      --unit NAME             all of a systemd unit, or of a container by its id
      --for D                 how long, 10ms to 5m (default 10s)
      --engine auto|bpf|strace
                              by programs in the kernel, or by strace(1); auto is bpf, and where
                              that can't run nothing is traced
      --max N                 trace nobody where more than N match, up to \(TraceRequest.mostProcesses)
                              (default \(TraceRequest.defaultProcesses))
      --top N                 processes told (default 20)
      --sort culprits|bytes|blocked|calls
                              by what it gives the disks to do (default), by bytes, by time in
                              calls about files, or by number of calls
      --dry-run               say who would be traced, and who wouldn't and why
      --keep DIR              with --engine strace: keep its output, COMMAND-PID.strace, in a folder
                              for you alone
      --json                  a line of JSON for each process, and a last one with the summary
      --cmdline masked|name|full
                              command lines: secrets masked (default), the program's name only, or
                              as they are

    EXAMPLES
      culprit-agent trace --suspects
      culprit-agent trace --match '^postgres: .*writer' --for 30s
      culprit-agent trace --unit nginx --dry-run
      culprit-agent trace --pid 4711 --engine strace --keep /root/traces

    --engine strace stops a process twice at each call: one that does little else gets up to 217 times
    slower, and who sleeps in epoll_wait(2) and the like is woken up once with EINTR. Never traced are
    init, kernel threads, who asks and its parents, who is traced already, stopped, or stuck in D.
    What is read and written is never captured. Ctrl-C ends it early, and lets go of all.

    EXIT CODES
      0 traced, and all are free again   1 failed, nobody to trace, or somebody is not seen free
      2 wrong use

    """
}
