import Records

extension Record {
  /// A backup that somebody began by hand over SSH, and that waits for a lock.
  static let report: ProcessReport = {
    var identity = who(31_337, "rsync", user: "eve", "rsync -a /srv /mnt/backup")
    identity.controlGroup = .known("/user.slice/user-1000.slice/session-3.scope")
    identity.unit = "session-3.scope"
    var report = ProcessReport(time: night, identity: identity)
    report.start = .known(night.advanced(bySeconds: -754))
    report.state = .uninterruptible
    report.threads = 3
    report.waitChannel = .known("folio_wait_bit")
    report.executable = .known("/usr/bin/rsync (deleted)")
    report.workingDirectory = .denied
    report.parents = [
      ParentProcess(
        identity: who(31_001, "bash", user: "eve", "-bash"),
        start: .known(night.advanced(bySeconds: -9_000))),
      ParentProcess(identity: who(1, "systemd", user: "root", "/sbin/init"), start: .gap),
    ]
    report.reachesFirstParent = true
    report.login = LoginSession(
      number: .known(3), userID: .known(1_000), user: "eve", terminal: .known("pts/0"),
      ssh: SSHLogin(
        serverPID: 30_990, user: "eve",
        connection: .known(
          SSHLogin.Connection(
            client: SocketEndpoint(address: "192.0.2.17", port: 50_122),
            server: SocketEndpoint(address: "2001:db8::1", port: 22)))))
    report.descriptors = .known(9)
    report.files = files
    report.sockets = sockets
    report.locks = .known([busyTick.locks[0]])
    report.omittedLocks = 1
    report.io = .known(IOCounters())
    report.cpuNanoseconds = 17_250_000_000
    report.blockDelayNanoseconds = .known(902_000_000_000)
    report.watched = point(0, .known(calmTick.processes[0].io.value ?? IOCounters()))
    report.past = [point(-2, .denied), point(-1, .gap)]
    report.waiting = .known(busyTick.waiting)
    report.omittedWaiting = 2
    report.related = [who(4_242, "apt-get", user: "root", "apt-get upgrade")]
    return report
  }()

  private static let files = OpenFiles(
    told: .known([
      OpenFile(
        descriptor: 4, kind: .file, path: .known("/mnt/backup/srv.tar"), access: .known(.write),
        flags: [.append, .closeOnExec], offset: .known(1 << 33), advance: .known(12_345_678),
        size: .known(1 << 33), mount: .known(42)),
      OpenFile(
        descriptor: 7, kind: .ring, path: .known("anon_inode:[io_uring]"), isDeleted: true,
        access: .denied, offset: .known(0), advance: .known(-1), mount: .unsupported),
    ]), omitted: 12,
    mounts: [
      FileMount(
        number: 42, mountPoint: "/mnt/backup", type: "ext4", source: "/dev/sdb1", major: 8,
        minor: 17)
    ])

  private static let sockets = OpenSockets(
    told: .known([
      OpenSocket(
        descriptor: 3, inode: 1_234_567, transport: .tcp, state: .established,
        local: SocketEndpoint(address: "192.0.2.1", port: 43_210),
        remote: SocketEndpoint(address: "198.51.100.9", port: 873), sendQueue: .known(65_160),
        receiveQueue: .known(0)),
      OpenSocket(
        descriptor: 5, inode: 99, transport: .unix, state: .listening, path: "@/tmp/x"),
    ]), omitted: 3, isCut: true)

  private static func who(
    _ pid: Int32, _ name: StaticString, user: String, _ command: String
  ) -> ProcessIdentity {
    ProcessIdentity(
      id: ProcessID(pid: pid, startTicks: 8_640_000 + UInt64(pid)), name: TaskName(name),
      userID: .known(user == "root" ? 0 : 1_000), user: user, commandLine: .known(command),
      controlGroup: .unsupported)
  }

  private static func point(
    _ seconds: Double, _ io: Reading<IOCounters>
  ) -> ProcessReport.Point {
    ProcessReport.Point(
      time: night.advanced(bySeconds: seconds), intervalNanoseconds: 1_000_000_000, io: io,
      cpuNanoseconds: 12_000_000)
  }
}
