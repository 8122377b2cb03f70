import Records
import Testing

@testable import Wire

@Suite("limits of a process's report")
struct ReportLimitTests {
  private func read(_ report: ProcessReport) throws -> ProcessReport {
    let bytes = Stream.bytes([.answer(.process(report))])
    #expect(bytes.count <= WireLimits.payloadBytes + FrameFormat.overheadBytes)
    guard case .answer(.process(let read)) = try #require(Stream.only(bytes)) else {
      Issue.record("no report")
      return report
    }
    return read
  }

  /// As much as an agent ever tells, each text as long as it keeps it: what finds no room is
  /// counted, and what matters most is there.
  @Test func theLargestReportFits() throws {
    let path = String(repeating: "p", count: 1_000)
    var report = Record.report
    let file = try #require(report.files.told.value?.first)
    report.files.told = .known(
      (0..<Int32(ProcessReport.fileLimit)).map { number in
        var file = file
        file.descriptor = number
        file.path = .known(path)
        return file
      })
    let socket = try #require(report.sockets.told.value?.last)
    report.sockets.told = .known(
      (0..<Int32(ProcessReport.socketLimit)).map { number in
        var socket = socket
        socket.descriptor = number
        return socket
      })
    let parent = report.parents[0]
    report.parents = (0..<Int32(ProcessReport.parentLimit)).map { number in
      var parent = parent
      parent.identity.id.pid = number
      parent.identity.commandLine = .known(path)
      return parent
    }
    report.past = Array(repeating: report.watched, count: ProcessReport.pastLimit)
    let read = try read(report)
    #expect(read == report)
  }

  @Test func whatFindsNoRoomIsCounted() throws {
    var report = Record.report
    let file = try #require(report.files.told.value?.first)
    report.files.told = .known(
      (0..<1_000 as Range<Int32>).map { number in
        var file = file
        file.descriptor = number
        file.path = .known(String(repeating: "p", count: 2_000))
        return file
      })
    let read = try read(report)
    let told = try #require(read.files.told.value)
    #expect(!told.isEmpty && told.count < 1_000)
    #expect(told.map(\.descriptor) == (0..<Int32(told.count)).map { $0 })
    #expect(told.count + read.files.omitted == 1_000 + report.files.omitted)
    #expect(read.sockets == report.sockets && read.parents == report.parents)
  }

  @Test("an empty list isn't one that couldn't be read", arguments: 0..<5)
  func absences(kind: Int) throws {
    let reading: Reading<Void> = [.known(()), .denied, .disabled, .unsupported, .gap][kind]
    var report = Record.report
    report.files = OpenFiles(told: reading.map { [] })
    report.sockets = OpenSockets(told: reading.map { [] })
    report.locks = reading.map { [] }
    report.waiting = reading.map { [] }
    report.descriptors = reading.map { 0 }
    report.io = reading.map { IOCounters() }
    report.login.number = reading.map { LoginSession.none }
    report.login.terminal = reading.map { "" }
    #expect(try read(report) == report)
  }

  @Test("without who it is and when, there is no report")
  func needed() {
    for missing in [ReportField.time, ReportField.facts, ReportField.identity] {
      var encoder = FrameEncoder(stream: Stream.id)
      encoder.append(.processReport, 1) { payload in
        if missing != ReportField.time { payload.fixed64(ReportField.time, 5 as UInt64) }
        for field in [ReportField.facts, ReportField.identity] where field != missing {
          payload.row.number(0, 1)
          payload.finishRow(field)
        }
      }
      #expect(Stream.frames(Stream.events(encoder.bytes)).isEmpty, "without \(missing)")
    }
  }

  @Test("one row more than there may be is no report")
  func tooMany() {
    var encoder = FrameEncoder(stream: Stream.id)
    encoder.append(.processReport, 1) { payload in
      payload.fixed64(ReportField.time, 5 as UInt64)
      for field in [ReportField.facts, ReportField.identity] {
        payload.row.number(0, 1)
        payload.finishRow(field)
      }
      for _ in 0...WireLimits.sockets {
        payload.row.number(0, 1)
        payload.finishRow(ReportField.socket)
      }
    }
    #expect(Stream.frames(Stream.events(encoder.bytes)).isEmpty)
    #expect(Stream.faults(Stream.events(encoder.bytes)).count == 1)
  }
}

extension LimitTests {
  static func report(with text: String) -> ProcessReport {
    let who = ProcessIdentity(
      id: Record.identity.id, name: Record.identity.name, user: text, commandLine: .known(text),
      controlGroup: .known(text), unit: text, container: text)
    var report = ProcessReport(time: Record.night, identity: who)
    report.parents = [ParentProcess(identity: who)]
    report.related = [who]
    report.executable = .known(text)
    report.workingDirectory = .known(text)
    report.waitChannel = .known(text)
    let endpoint = SocketEndpoint(address: text, port: 1)
    report.login = LoginSession(
      user: text, terminal: .known(text),
      ssh: SSHLogin(
        serverPID: 1, user: text, connection: .known(.init(client: endpoint, server: endpoint))))
    report.files = OpenFiles(
      told: .known([OpenFile(descriptor: 1, kind: .file, path: .known(text))]),
      mounts: [
        FileMount(
          number: 1, mountPoint: text, type: text, source: text, major: 1, minor: 1)
      ])
    report.sockets = OpenSockets(
      told: .known([OpenSocket(descriptor: 1, inode: 1, local: endpoint, path: text)]))
    return report
  }

  static func texts(of report: ProcessReport) -> [String] {
    let people = [report.identity] + report.parents.map(\.identity) + report.related
    let who = people.flatMap { who in
      [
        who.user ?? "", who.commandLine.value ?? "", who.controlGroup.value ?? "",
        who.unit ?? "", who.container ?? "",
      ]
    }
    let ssh = report.login.ssh
    let login = [
      report.login.user ?? "", report.login.terminal.value ?? "", ssh?.user ?? "",
      ssh?.connection.value?.client.address ?? "",
    ]
    let own = [report.executable, report.workingDirectory, report.waitChannel].map {
      $0.value ?? ""
    }
    let files = (report.files.told.value ?? []).map { $0.path.value ?? "" }
    let mounts = report.files.mounts.flatMap { [$0.mountPoint, $0.type, $0.source] }
    let sockets = (report.sockets.told.value ?? []).map { $0.path ?? "" }
    return who + login + own + files + mounts + sockets
  }
}
