/// The admin's second step, asked of a host while its `b` is above 0, or its load is more than
/// its running tasks explain: which tasks are in uninterruptible sleep?
///
/// The output is `@clock SECONDS` and then a line for each such task, as ps(1) prints it:
/// state, pid, tid, user, wait channel, elapsed time, command line.
enum SuspectQuestion {
  /// Least time between two looks at a host: ps reads all of /proc, some 50 µs a task.
  static let leastSeconds = 10.0
  /// Tasks taken from one look; where more wait, these tell enough.
  static let taskLimit = 200

  /// It holds no single quote: it is handed to the login shell inside them.
  static let command =
    "LC_ALL=C; TZ=UTC; PATH=$PATH:/usr/bin:/bin; export LC_ALL TZ PATH; "
    + "echo \"@clock `date +%s.%N`\"; "
    + "ps -eLo stat=,pid=,lwp=,user:32=,wchan:40=,etime=,args= 2>/dev/null "
    + "| grep \"^D\" | head -n \(taskLimit) | cut -b 1-600"
}
