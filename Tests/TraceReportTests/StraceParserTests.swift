import Records
import Testing

@testable import TraceReport

/// What lines of strace's output mean together.
@Suite struct StraceParserTests {
  @Test func aFileIsKnownFromItsDescriptor() throws {
    let output = ParsedOutput(
      """
      openat(AT_FDCWD, "/var/lib/x", O_RDWR|O_CREAT, 0666) = 3
      write(3, ""..., 4096) = 4096
      dup(3) = 4
      fsync(4) = 0
      fcntl(4, F_DUPFD_CLOEXEC, 10) = 10
      pwrite64(10, ""..., 100, 0) = 100
      close(3) = 0
      read(3, ""..., 5) = 5
      chdir("/srv") = 0
      openat(AT_FDCWD, "./data/../y", O_RDONLY) = 3
      read(3, ""..., 70) = 70
      close_range(3, 4294967295, 0) = 0
      read(10, ""..., 1) = 1
      """)
    let file = try #require(output.file("/var/lib/x"))
    #expect(file.writeBytes == 4196 && file.syncCalls == 1 && file.calls == 7)
    #expect(output.file("fd 3")?.readBytes == 5 && output.file("fd 10")?.readBytes == 1)
    #expect(output.file("/srv/data/../y")?.readBytes == 70)
    #expect(output.parser.unreadLines == 0)
  }

  @Test func programsInheritWhatIsNotClosedOnExec() throws {
    let output = ParsedOutput(
      """
      100 openat(AT_FDCWD, "/kept", O_RDONLY) = 3
      100 openat(AT_FDCWD, "/closed", O_RDONLY|O_CLOEXEC) = 4
      100 fork() = 101
      101 execve("/usr/bin/reader", ["reader", "--password=x"], 0x7ffc /* 3 vars */) = 0
      101 read(3, ""..., 7) = 7
      101 read(4, ""..., 8) = 8
      100 read(4, ""..., 9) = 9
      """)
    let child = try #require(output[101])
    #expect(child.identity.name == TaskName("reader"))
    #expect(Set(child.files.filter { $0.readBytes > 0 }.map(\.path)) == ["/kept", "fd 4"])
    #expect(output[100]?.files.first { $0.path == "/closed" }?.readBytes == 9)
  }

  /// Calls that other lines interrupt: named once, with the time of `-T`, or that between the lines.
  @Test func unfinishedCallsAreOne() throws {
    let output = ParsedOutput(
      """
      7 10:00:00.000000 fsync(3</a> <unfinished ...>
      8 10:00:00.100000 pread64(586,  <unfinished ...>
      7 10:00:00.250000 <... fsync resumed>) = 0
      8 10:00:00.300000 <... pread64 resumed> ""..., 16384, 12687884288) = 16384 <0.006348>
      8 10:00:00.400000 write(4</b>, ""..., 10) = ?
      7 10:00:00.500000 fdatasync(3</a> <unfinished ...>
      8 10:00:02.500000 +++ killed by SIGKILL (core dumped) +++
      """)
    let seven = try #require(output[7])
    #expect(seven.calls.map(\.name) == ["fdatasync", "fsync"])
    #expect(seven.calls.map(\.nanoseconds) == [2_000_000_000, 250_000_000])
    #expect(seven.ending == .detached && seven.nanoseconds == 2_500_000_000)
    let eight = try #require(output[8])
    #expect(output.file("fd 586")?.nanoseconds == 6_348_000 && eight.readBytes == 16384)
    #expect(eight.ending == .exited && eight.nanoseconds == 2_400_000_000)
    #expect(eight.writeBytes == 0 && eight.callCount == 2)
  }

  @Test func resumptionsWithoutABeginningCount() throws {
    let output = ParsedOutput(
      """
      strace: Process 15 attached
      restart_syscall(<... resuming interrupted poll ...>) = 1 <0.5>
      restart_syscall(<... resuming interrupted system call ...>) = 0
      <... write resumed>) = 12
      read(3, 0x7ffff72cf5cf, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
      --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---
      rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)
      """)
    #expect(
      output.counts == ["poll": 1, "restart_syscall": 1, "write": 1, "read": 1, "rt_sigreturn": 1])
    let process = try #require(output[15])
    #expect(process.errors == [TracedError(call: "rt_sigreturn", error: "EINTR", count: 1)])
    #expect(process.writeBytes == 12 && output.parser.unreadLines == 0)
  }

  @Test func threadsAreOfTheirProcess() throws {
    let output = ParsedOutput(
      """
      100 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD|CLONE_SETTLS) = 101
      101 openat(AT_FDCWD, "/shared", O_WRONLY) = 5
      100 write(5, ""..., 3) = 3
      100 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} <unfinished ...>
      102 write(5, ""..., 4) = 4
      100 <... clone3 resumed> => {parent_tid=[102]}, 88) = 102
      100 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 103
      103 write(5, ""..., 5) = 5
      101 +++ exited with 0 +++
      102 +++ exited with 0 +++
      100 +++ exited with 0 +++
      """)
    #expect(output.processes.map(\.identity.id.pid) == [100, 103])
    let process = try #require(output[100])
    #expect(process.threads == 3 && process.ending == .exited && process.callCount == 6)
    // What a thread did before it was known to be one is not under its file's name.
    #expect(process.files.first { $0.path == "/shared" }?.writeBytes == 3)
    #expect(process.writeBytes == 7)
    #expect(output[103]?.ending == .detached)
    #expect(output[103]?.files.first { $0.path == "/shared" }?.writeBytes == 5)
  }

  @Test func threadsThatWereAttachedWith() throws {
    let output = ParsedOutput(
      """
      strace: Process 38289 attached with 3 threads
      [pid 38394] futex(0x1, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>
      [pid 38391] restart_syscall(<... resuming interrupted futex ...> <unfinished ...>
      [pid 38289] read(3</x>, ""..., 10) = 10
      ^Cstrace: Process 38289 detached
      strace: Process 38391 detached
       <detached ...>
      """)
    #expect(output.processes.count == 1)
    let process = try #require(output[38289])
    #expect(process.threads == 3 && output.counts == ["futex": 2, "read": 1])
  }

  /// Given the process, tasks that nobody knows are its threads, but for what it forks.
  @Test func aKnownProcessHasThreadsAndChildren() throws {
    let text = """
      [pid 8] write(1</out>, ""..., 1) = 1
      [pid 9] write(1</out>, ""..., 2) = 2
      [pid 7] fork( <unfinished ...>
      [pid 10] write(1</out>, ""..., 4) = 4
      [pid 7] <... fork resumed>) = 10
      [pid 10] write(1</out>, ""..., 8) = 8
      write(1</out>, ""..., 16) = 16
      """
    let output = ParsedOutput(text, process: 7)
    #expect(output.processes.map(\.identity.id.pid) == [7, 10])
    #expect(output[7]?.writeBytes == 19 && output[7]?.threads == 3)
    #expect(output[10]?.writeBytes == 12)
    // Nobody knows whose the line without a number is then.
    #expect(ParsedOutput(text).processes.count == 5)
  }

  @Test func theFirstProcessGetsItsNumberWhenItHasCompany() throws {
    let output = ParsedOutput(
      """
      execve("/bin/sh", ["sh"], 0x7f /* 9 vars */) = 0
      vfork(strace: Process 12 attached
       <unfinished ...>
      [pid 12] execve("/bin/true", ["true"], 0x7f /* 9 vars */) = 0
      [pid 11] <... vfork resumed>) = 12
      [pid 12] +++ exited with 0 +++
      wait4(-1, NULL, 0, NULL) = 12
      +++ exited with 0 +++
      """)
    #expect(output.processes.map(\.identity.id.pid) == [11, 12])
    #expect(output[11]?.identity.name == TaskName("sh") && output[11]?.callCount == 3)
    #expect(output[12]?.identity.name == TaskName("true"))
    #expect(output.processes.allSatisfy { $0.ending == .exited })
  }

  @Test func anExecOfAThreadGoesOnUnderTheProcessesNumber() throws {
    let output = ParsedOutput(
      """
      10 clone(flags=CLONE_VM|CLONE_THREAD) = 11
      11 execve("/bin/new", ["new"], 0x7f /* 9 vars */ <unfinished ...>
      10 futex(0x1, FUTEX_WAIT, 0, NULL <unfinished ...>
      11 <... execve resumed> <pid changed to 10 ...>
      10 +++ superseded by execve in pid 11 +++
      10 <... execve resumed>) = 0
      10 write(1</x>, ""..., 2) = 2
      10 +++ exited with 0 +++
      """)
    let process = try #require(output[10])
    #expect(output.processes.count == 1 && process.identity.name == TaskName("new"))
    #expect(output.counts == ["clone": 1, "futex": 1, "execve": 1, "write": 1])
    #expect(process.ending == .exited && process.threads == 2)
  }

  /// What the program writes to the same terminal breaks lines in two.
  @Test func brokenLinesAreMended() throws {
    let output = ParsedOutput(
      """
      write(1, "successful lookup"..., 129successful lookup: google.com
      returned address: 142.250.81.206
      ) = 129
      10:50:53 clone(Process 21721 attached
      child_stack=0, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 21721
      [pid 21721] 10:50:54 getppid() = 1
      poll([{fd=6, events=POLLIN}], 1, 3600
      """)
    #expect(output.counts == ["write": 1, "clone": 1, "getppid": 1, "poll": 1])
    #expect(output.file("fd 1")?.writeBytes == 129)
    #expect(output.parser.unreadLines == 1 && output.parser.firstUnreadLine == 2)
  }

  @Test func socketsAndPipesAreNoFiles() throws {
    let output = ParsedOutput(
      """
      socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
      write(3, ""..., 5) = 5
      pipe2([4, 5], O_CLOEXEC) = 0
      read(4, ""..., 6) = 6
      epoll_create1(EPOLL_CLOEXEC) = 6
      epoll_wait(6, [{EPOLLIN, {u32=3}}], 8, -1) = 1
      eventfd2(0, EFD_CLOEXEC) = 7
      read(7, ""..., 8) = 8
      read(8<socket:[4711]>, ""..., 9) = 9
      write(9</dev/pts/3<char 136:3>>, ""..., 10) = 10
      accept4(3, NULL, NULL, 0) = 10
      read(10, ""..., 11) = 11
      read(11</real (deleted)>, ""..., 12) = 12
      read(12</real>(deleted), ""..., 13) = 13
      """)
    let process = try #require(output.processes.first)
    #expect(process.readBytes == 25 && process.writeBytes == 0)
    let network = process.calls.filter { $0.kind == .network }
    #expect(network.reduce(0) { $0 + $1.bytes } == 25)
    #expect(process.calls.filter { $0.kind == .pipe }.reduce(0) { $0 + $1.bytes } == 16)
    #expect(output.file("/dev/pts/3")?.writeBytes == 10)
    #expect(
      output.file("/real (deleted)")?.readBytes == 12 && output.file("/real")?.readBytes == 13)
    // Files stand in front.
    #expect(process.files.first?.path == "/real")
  }

  @Test func whatIsSentFromAFileIsRead() throws {
    let output = ParsedOutput(
      """
      sendfile(7<socket:[1]>, 5</srv/big>, [0], 1048576) = 1048576
      copy_file_range(5</srv/big>, NULL, 6</srv/copy>, NULL, 4096, 0) = 4096
      splice(5</srv/big>, NULL, 8<pipe:[2]>, NULL, 100, 0) = 100
      """)
    let process = try #require(output.processes.first)
    #expect(process.readBytes == 1_048_676 && process.writeBytes == 4096)
    #expect(output.file("/srv/big")?.readBytes == 1_048_676)
    #expect(output.file("/srv/copy")?.writeBytes == 4096)
  }

  @Test func relativePathsAreJoinedWithTheirFolder() {
    let output = ParsedOutput(
      """
      newfstatat(AT_FDCWD</srv/www>, "a", {st_mode=S_IFREG|0644, ...}, 0) = 0
      newfstatat(3</srv/x>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0
      unlinkat(4</srv/y>, "b", 0) = 0
      fchdir(4</srv/y>) = 0
      stat("c", {st_mode=S_IFREG|0644, ...}) = 0
      stat("", 0x7f) = -1 ENOENT (No such file or directory)
      openat(AT_FDCWD, "\\303\\251\\33[31m", O_RDONLY) = -1 ENOENT (No such file or directory)
      """)
    let paths = Set(output.processes.flatMap(\.files).map(\.path))
    #expect(
      paths == ["/srv/www/a", "/srv/x", "/srv/y/b", "/srv/y", "/srv/y/c", "", "/srv/y/é␛[31m"])
  }

  @Test func failuresAreCountedByTheirName() throws {
    let output = ParsedOutput(
      """
      access("/a", F_OK) = -1 ENOENT (No such file or directory)
      access("/b", F_OK) = -1 ENOENT (No such file or directory)
      ioctl(1, TCGETS, 0x7f) = -1 ENOTTY (Inappropriate ioctl for device) <0.000003>
      ioctl(1, TCGETS, 0x7f) = -1 (errno 524)
      ioctl(1, TCGETS, 0x7f) = -1 ERRNO_77 (Unknown error 77)
      lseek(3, -1, SEEK_SET) = -1 EINVAL (Invalid argument) (INJECTED)
      mmap(NULL, 8, PROT_READ, MAP_PRIVATE, -1, 0) = 0xffffffff81000000
      """)
    let process = try #require(output.processes.first)
    #expect(process.errorCount == 6)
    #expect(process.errors.first == TracedError(call: "access", error: "ENOENT", count: 2))
    #expect(
      Set(process.errors.dropFirst().map(\.error)) == ["ENOTTY", "errno 524", "ERRNO_77", "EINVAL"])
  }

  /// What goes through io_submit(2), as far as strace shows it.
  @Test func submittedBytesAreOfTheirFile() throws {
    let output = ParsedOutput(
      """
      io_submit(0x7f, 2, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3</db/t.ibd>, aio_buf="x"..., aio_nbytes=16384, aio_offset=0}, {aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3</db/t.ibd>, aio_buf="y"..., aio_nbytes=4096, aio_offset=9}]) = 2 <0.001>
      io_submit(0x7f, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=4</db/u.ibd>, aio_nbytes=512, aio_offset=0}]) = 1
      io_submit(0x7f, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=4</db/u.ibd>, aio_nbytes=512, aio_offset=0}]) = -1 EAGAIN (Resource temporarily unavailable)
      io_submit(0x7f, 3, [...]) = 3
      """)
    #expect(output.file("/db/t.ibd")?.writeBytes == 20480)
    #expect(output.file("/db/u.ibd")?.readBytes == 512)
    let process = try #require(output.processes.first)
    #expect(process.writeBytes == 20480 && process.readBytes == 512 && process.callCount == 4)
  }

  /// `-k` and `-i` put more between and in front of the calls.
  @Test func placesInTheProgramAreReadOver() {
    let output = ParsedOutput(
      """
      [00007eff3339e409] close(3) = 0
       > /usr/lib/x86_64-linux-gnu/libc.so.6(_exit+0x29) [0xd4409]
       > unexpected_backtracing_error [0x7ffc]

      7 10:00:00.5 [ 231] [00007eff3339e409] exit_group(0) = ?
      7 10:00:00.6 [????] [????????????????] +++ exited with 0 +++
      """)
    #expect(output.counts == ["close": 1, "exit_group": 1] && output.parser.unreadLines == 0)
  }

  @Test func anIOUringIsSeen() {
    #expect(ParsedOutput("io_uring_setup(64, {flags=0}) = 4").processes.first?.usesIOUring == true)
    #expect(
      ParsedOutput("io_uring_setup(64, {flags=0}) = -1 EPERM (Operation not permitted)")
        .processes.first?.usesIOUring == false)
  }

  @Test func whatStraceSaysOfItselfIsKept() {
    let output = ParsedOutput(
      """
      strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted
      strace: Process 12 attached
      strace: [ Process PID=12 runs in 32 bit mode. ]
      [ Process PID=12 runs in 64 bit mode. ]
      getpid() = 12
      strace: Process 12 detached
      """)
    #expect(
      output.parser.complaints == ["attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted"])
    #expect(output.parser.unreadLines == 0 && output[12]?.callCount == 1)
  }

  /// Midnight, `-r`, whole times, and times that are no help.
  @Test(
    arguments: [
      ("23:59:59.5 getpid() = 1\n00:00:01.0 getpid() = 1\n", 1_500_000_000),
      ("     0.5 getpid() = 1\n     0.25 getpid() = 1\n     0.75 getpid() = 1\n", 1_000_000_000),
      (
        "1697048351.5 getpid() = 1\n1697048353.0 nanosleep({1, 0}, NULL) = 0 <1.0>\n", 2_500_000_000
      ),
      ("10:00:00 getpid() = 1\n10:00:03 getpid() = 1\n", 3_000_000_000),
      ("getpid() = 1 <0.5>\n", 0),
    ] as [(String, UInt64)])
  func spans(text: String, nanoseconds: UInt64) {
    #expect(ParsedOutput(text).processes.first?.nanoseconds == nanoseconds)
  }

  /// What was open before anybody watched, as pt-ioprofile's files have it.
  @Test func aListingOfLsofNamesDescriptors() {
    let output = ParsedOutput(
      """
      COMMAND   PID  USER   FD   TYPE DEVICE SIZE/OFF    NODE NAME
      mysqld   2362 mysql  cwd    DIR  253,0     4096 2621555 /data
      mysqld   2362 mysql   7uW   REG   8,33   281899 2551886 /data/my data.ibd
      mysqld   2362 mysql    8u  IPv4  12345      0t0     TCP *:3306 (LISTEN)
      strace: Process 2362 attached with 9 threads - interrupt to quit
      [pid 2370] pwrite(7, ""..., 16384, 0) = 16384
      [pid 2371] open("t.frm", O_RDONLY) = 9
      """)
    #expect(output.processes.map(\.identity.id.pid) == [2362])
    #expect(output.file("/data/my data.ibd")?.writeBytes == 16384)
    #expect(output.file("/data/t.frm")?.calls == 1 && output.parser.unreadLines == 0)
  }
}
