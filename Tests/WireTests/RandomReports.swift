import Records
import TestSupport

// Reports of processes with every field anywhere in its range.

extension SeededGenerator {
  mutating func report() -> ProcessReport {
    var report = ProcessReport(time: time(), identity: stranger())
    report.start = reading { $0.time() }
    report.state = pick(TaskState.allCases)
    report.threads = int32()
    report.isKernelThread = chance(20)
    report.waitChannel = reading { $0.text(upTo: 60) }
    report.executable = reading { $0.text(upTo: 300) }
    report.workingDirectory = reading { $0.text(upTo: 300) }
    report.parents = list(upTo: 8) { generator in
      ParentProcess(identity: generator.stranger(), start: generator.reading { $0.time() })
    }
    report.reachesFirstParent = chance(50)
    report.login = login()
    report.descriptors = reading { $0.count(upTo: 100_000) }
    report.files = OpenFiles(
      told: reading { $0.list(upTo: 9) { $0.file() } }, omitted: count(upTo: 9),
      mounts: list(upTo: 4) { $0.mount() })
    report.sockets = OpenSockets(
      told: reading { $0.list(upTo: 9) { $0.socket() } }, omitted: count(upTo: 9),
      isCut: chance(20))
    report.locks = reading { $0.list(upTo: 3) { $0.lock() } }
    report.omittedLocks = count(upTo: 3)
    report.io = reading { $0.counters() }
    report.cpuNanoseconds = number()
    report.blockDelayNanoseconds = reading { $0.number() }
    report.watched = point()
    report.past = list(upTo: 20) { $0.point() }
    report.waiting = reading { $0.list(upTo: 5) { $0.waiting() } }
    report.omittedWaiting = count(upTo: 3)
    report.related = list(upTo: 3) { $0.stranger() }
    return report
  }

  /// Its ancestors are told apart.
  private mutating func stranger() -> ProcessIdentity {
    var identity = identity()
    identity.ancestors = []
    return identity
  }

  private mutating func login() -> LoginSession {
    LoginSession(
      number: reading { UInt32(truncatingIfNeeded: $0.number()) },
      userID: reading { $0.pick([0, 1000, LoginSession.none]) },
      user: optional { $0.text(upTo: 30) }, terminal: reading { $0.text(upTo: 20) },
      ssh: optional { generator in
        SSHLogin(
          serverPID: generator.int32(), user: generator.text(upTo: 30),
          connection: generator.reading {
            SSHLogin.Connection(client: $0.endpoint(), server: $0.endpoint())
          })
      })
  }

  private mutating func endpoint() -> SocketEndpoint {
    SocketEndpoint(
      address: text(upTo: 40), port: UInt16.random(in: 0...UInt16.max, using: &self))
  }

  private mutating func point() -> ProcessReport.Point {
    ProcessReport.Point(
      time: time(), intervalNanoseconds: number(), io: reading { $0.counters() },
      cpuNanoseconds: number())
  }

  private mutating func file() -> OpenFile {
    OpenFile(
      descriptor: int32(), kind: pick(OpenFile.Kind.allCases),
      path: reading { $0.text(upTo: 900) }, isDeleted: chance(20),
      access: reading { $0.pick(OpenFile.Access.allCases) },
      flags: OpenFile.Flags(rawValue: UInt16.random(in: 0...127, using: &self)),
      offset: reading { $0.number() }, advance: reading { $0.signed() },
      size: reading { $0.number() }, mount: reading { $0.int32() })
  }

  private mutating func mount() -> FileMount {
    FileMount(
      number: int32(), mountPoint: text(upTo: 300), type: text(upTo: 30), source: text(upTo: 300),
      major: UInt32(truncatingIfNeeded: number()), minor: UInt32(truncatingIfNeeded: number()))
  }

  private mutating func socket() -> OpenSocket {
    OpenSocket(
      descriptor: int32(), inode: number(), transport: pick(OpenSocket.Transport.allCases),
      state: pick(OpenSocket.State.allCases), local: optional { $0.endpoint() },
      remote: optional { $0.endpoint() }, path: optional { $0.text(upTo: 100) },
      sendQueue: reading { $0.number() }, receiveQueue: reading { $0.number() })
  }
}
