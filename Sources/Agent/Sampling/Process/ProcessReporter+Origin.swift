import ProcFS
import Records

// Who started it: its parents, the login, the terminal, and who is at the other end of SSH.

extension ProcessReporter {
  /// SSH servers, by `comm`: OpenSSH's sessions are `sshd`, since 9.8 `sshd-session`.
  private static let servers: [StaticString] = ["sshd", "sshd-session", "dropbear"]

  mutating func tellOrigin(_ stat: TaskStat, in report: inout ProcessReport) {
    tellParents(of: stat, in: &report)
    let pid = report.identity.id.pid
    report.login.number = number(ProcPath(pid: pid, "sessionid"))
    report.login.userID = number(ProcPath(pid: pid, "loginuid"))
    if case .known(let user) = report.login.userID, user != LoginSession.none {
      report.login.user = users.name(of: user)
    }
    report.login.terminal = terminal(stat.terminal)
    report.login.ssh = sshLogin(report)
  }

  private mutating func tellParents(of stat: TaskStat, in report: inout ProcessReport) {
    var child = stat
    while child.parentPID > 0, report.parents.count < ProcessReport.parentLimit {
      // One that started later than its child is another by now.
      guard let parent = self.stat(child.parentPID), parent.startTicks <= child.startTicks else {
        return
      }
      let id = ProcessID(pid: child.parentPID, startTicks: parent.startTicks)
      guard var identity = people.identity(of: id) else { return }
      identity.ancestors = []
      report.parents.append(
        ParentProcess(
          identity: identity, start: .known(Clocks.moment(ofBootTicks: parent.startTicks))))
      child = parent
    }
    report.reachesFirstParent = child.parentPID == 0
  }

  private mutating func number(_ path: ProcPath) -> Reading<UInt32> {
    let outcome = root.readRecord(path, into: &buffer)
    guard outcome != .vanished else { return .unsupported }
    return outcome.reading { buffer.withBytes { TaskLogin.number($0) } }
  }

  /// The drivers are read once: they come with modules, but rarely.
  private mutating func terminal(_ number: Int32) -> Reading<String> {
    if number == 0 { return .known("") }
    if terminals == nil, root.read("tty/drivers", into: &buffer) == .bytes {
      terminals = buffer.withBytes { TerminalDrivers($0) }
    }
    return .known((terminals ?? TerminalDrivers()).name(of: number))
  }

  /// The nearest SSH server that has a connection: the one that listens has none.
  private mutating func sshLogin(_ report: ProcessReport) -> SSHLogin? {
    for server in [report.identity] + report.parents.map(\.identity)
    where ProcessReporter.servers.contains(where: { TaskName($0) == server.name }) {
      var login = SSHLogin(
        serverPID: server.id.pid, user: server.user ?? server.userID.value.map { "\($0)" } ?? "?")
      var descriptors = DescriptorScan(of: server.id.pid)
      descriptors.lookForSockets(root, &listing, &buffer)
      let sockets = SocketFinder.sockets(of: server.id.pid, descriptors, root, &buffer)
      if let absence = sockets.told.absent(as: SSHLogin.Connection.self) {
        login.connection = absence
        return login
      }
      for socket in sockets.told.value ?? [] where socket.transport == .tcp {
        guard socket.state != .listening, let client = socket.remote, let local = socket.local
        else { continue }
        login.connection = .known(SSHLogin.Connection(client: client, server: local))
        return login
      }
    }
    return nil
  }
}

extension Reading {
  /// The same absence of something else; `nil` where there is a value.
  fileprivate func absent<Other>(as type: Other.Type) -> Reading<Other>? {
    switch self {
    case .known: nil
    case .denied: .denied
    case .disabled: .disabled
    case .unsupported: .unsupported
    case .gap: .gap
    }
  }
}
