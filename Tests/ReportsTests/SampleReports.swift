import Records

/// Reports as an agent might make them.
enum SampleReports {
  static let all = ["busy": busy, "denied": denied, "kernel-thread": kernelThread]

  /// 2026-11-23T03:12:00.25Z
  static let night = Timestamp(nanoseconds: 1_795_403_520_250_000_000)

  /// A backend that writes a lot, waits for the journal, and keeps a lock from somebody.
  static let busy: ProcessReport = {
    var who = identity(1_234, "postgres", "postgres", "postgres: app shop 10.0.0.7 COPY")
    who.unit = "postgresql@17-main.service"
    who.controlGroup = .known("/system.slice/postgresql@17-main.service")
    var report = ProcessReport(time: night, identity: who)
    report.start = .known(night.advanced(bySeconds: -754))
    report.state = .uninterruptible
    report.threads = 1
    report.waitChannel = .known("jbd2_log_wait_commit")
    report.executable = .known("/usr/lib/postgresql/17/bin/postgres")
    report.workingDirectory = .known("/var/lib/postgresql/17/main")
    report.parents = [
      ParentProcess(
        identity: identity(612, "bash", "eve", "-bash"),
        start: .known(night.advanced(bySeconds: -90_000))),
      ParentProcess(
        identity: identity(1, "systemd", "root", "/sbin/init"),
        start: .known(night.advanced(bySeconds: -864_000))),
    ]
    report.reachesFirstParent = true
    report.login = LoginSession(
      number: .known(3), userID: .known(1_000), user: "eve", terminal: .known("pts/0"),
      ssh: SSHLogin(
        serverPID: 600, user: "eve",
        connection: .known(
          SSHLogin.Connection(
            client: SocketEndpoint(address: "192.0.2.17", port: 50_122),
            server: SocketEndpoint(address: "2001:db8::1", port: 22)))))
    report.descriptors = .known(5)
    report.files = files
    report.sockets = sockets
    report.locks = .known([
      FileLock(
        kind: .flock, isExclusive: true, holder: 1_234, waiters: [4_243],
        file: "fd:00:393218", path: "/var/lib/app/lock"),
      FileLock(
        kind: .posix, isExclusive: false, holder: nil, waiters: [1_234, 9], file: "00:2d:7"),
    ])
    report.io = points(1, denied: nil)[0].io
    report.cpuNanoseconds = 17_250_000_000
    report.blockDelayNanoseconds = .known(90_200_000_000)
    report.watched = points(1, denied: nil)[0]
    report.past = points(20, denied: 3)
    report.waiting = .known([
      WaitingTask(
        process: who.id, tid: 1_234, name: TaskName("postgres"), state: .uninterruptible,
        reason: WaitReason(name: "ext4 journal commit", kind: .filesystemLog), waitSeconds: 2.5,
        waitChannel: .known("jbd2_log_wait_commit"), systemCall: .known("fdatasync"),
        stack: .known(["jbd2_log_wait_commit", "ext4_sync_file"]), holders: [4_243])
    ])
    report.related = [identity(4_243, "rsync", "root", "rsync -a /srv /mnt/backup")]
    return report
  }()

  private static let files = OpenFiles(
    told: .known([
      OpenFile(
        descriptor: 4, kind: .file, path: .known("/var/lib/postgresql/17/main/base/1/2"),
        access: .known(.readWrite), flags: [.direct, .closeOnExec], offset: .known(1 << 33),
        advance: .known(12_345_678), size: .known(1 << 33), mount: .known(42)),
      OpenFile(
        descriptor: 7, kind: .file, path: .known("/mnt/server/x"), isDeleted: true,
        access: .known(.write), flags: [.append], offset: .known(4_096), advance: .known(0),
        mount: .known(43)),
      OpenFile(
        descriptor: 9, kind: .ring, path: .known("anon_inode:[io_uring]"),
        access: .known(.readWrite), offset: .known(0), advance: .known(0)),
    ]), omitted: 3,
    mounts: [
      FileMount(
        number: 42, mountPoint: "/var", type: "ext4", source: "/dev/sdb1", major: 8, minor: 17),
      FileMount(
        number: 43, mountPoint: "/mnt/server", type: "nfs4", source: "nas:/x", major: 0, minor: 45),
    ])

  private static let sockets = OpenSockets(
    told: .known([
      OpenSocket(
        descriptor: 3, inode: 1_234_567, transport: .tcp, state: .established,
        local: SocketEndpoint(address: "10.0.0.1", port: 5_432),
        remote: SocketEndpoint(address: "10.0.0.7", port: 43_210), sendQueue: .known(65_160),
        receiveQueue: .known(0)),
      OpenSocket(descriptor: 5, inode: 99, transport: .unix, state: .listening, path: "@x"),
      OpenSocket(descriptor: 6, inode: 100),
    ]))

  /// What a user without rights is told.
  static let denied: ProcessReport = {
    var report = ProcessReport(
      time: night, identity: identity(77, "secret", "root", "secretd --key=***"))
    report.start = .known(night.advanced(bySeconds: -3_600))
    report.state = .sleeping
    report.threads = 4
    report.waitChannel = .unsupported
    (report.executable, report.workingDirectory) = (.denied, .denied)
    report.login = LoginSession(
      number: .known(LoginSession.none), userID: .known(LoginSession.none),
      terminal: .known(""), ssh: SSHLogin(serverPID: 7, user: "root", connection: .denied))
    (report.descriptors, report.files, report.sockets) = (
      .denied, OpenFiles(told: .denied), OpenSockets(told: .denied)
    )
    (report.locks, report.waiting, report.io) = (.known([]), .known([]), .denied)
    report.watched.io = .denied
    return report
  }()

  static let kernelThread: ProcessReport = {
    var report = ProcessReport(
      time: night, identity: identity(50, "kworker/0:1", "root", ""))
    report.isKernelThread = true
    report.state = .idle
    report.threads = 1
    report.executable = .unsupported
    report.workingDirectory = .known("/")
    report.login = LoginSession(
      number: .unsupported, userID: .unsupported, terminal: .known(""))
    (report.descriptors, report.files, report.sockets) = (
      .known(0), OpenFiles(told: .known([])), OpenSockets(told: .known([]))
    )
    (report.locks, report.waiting, report.io) = (.unsupported, .gap, .known(IOCounters()))
    return report
  }()

  static func points(_ count: Int, denied: Int?) -> [ProcessReport.Point] {
    var io = IOCounters()
    io.writeBytes = 1_000_000
    io.readCharacters = 2_000_000
    return (0..<count).map { index in
      ProcessReport.Point(
        time: night.advanced(bySeconds: Double(index - count)),
        intervalNanoseconds: 1_000_000_000, io: index == denied ? .denied : .known(io),
        cpuNanoseconds: 250_000_000)
    }
  }

  private static func identity(
    _ pid: Int32, _ name: StaticString, _ user: String, _ command: String
  ) -> ProcessIdentity {
    ProcessIdentity(
      id: ProcessID(pid: pid, startTicks: 100 + UInt64(pid)), name: TaskName(name),
      userID: .known(user == "root" ? 0 : 1_000), user: user, commandLine: .known(command),
      controlGroup: .unsupported)
  }
}
