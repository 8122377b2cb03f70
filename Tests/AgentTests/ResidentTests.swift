import CSystem
import Foundation
import Records
import TestSupport
import Testing
import Wire

/// The agent that stays: its sockets, what it keeps, and the relay to it.
@Suite(.enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)), .live)
struct ResidentTests {
  private func hello(_ frame: DecodedFrame) -> Hello? {
    if case .hello(let hello) = frame.frame { hello } else { nil }
  }

  @Test func aClientHearsWhoItIsWhoIsAtWorkAndThenEachTick() async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    let first = try agent.attach()
    let number = first.send(.stream)
    let hello = try await first.wait("the hello", hello)
    #expect(hello.engine != nil && hello.intervalNanoseconds == 100_000_000)
    // The clock is measured by it.
    #expect(
      abs(
        hello.time.seconds(since: Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9)))
      ) < 60)
    try await until("ticks") {
      first.take()
      return first.ticks.count >= 10
    }
    #expect(first.frames.first?.frame == .answer(.done) && first.frames.first?.sequence == number)
    // Without a hole from the first live one on.
    let live = try #require(first.ticks.first)
    let last = try #require(first.ticks.last)
    #expect(first.settled(of: hello.stream).missing(in: live...last).isEmpty)
    #expect(first.faults == 0)
    // Who is named in a tick was introduced, to a later client too.
    let second = try agent.attach()
    second.send(.stream)
    let tick = try await second.wait("a tick with a process") { frame -> HostTick? in
      guard case .tick(let tick) = frame.frame, !tick.processes.isEmpty else { return nil }
      return tick
    }
    let introduced = Set(
      second.frames.compactMap { frame -> ProcessID? in
        if case .identity(let identity) = frame.frame { identity.id } else { nil }
      })
    let busy = tick.processes.filter { ($0.io.value?.deviceBytes ?? 0) > 0 }
    #expect(busy.allSatisfy { introduced.contains($0.id) })
    #expect(!introduced.isEmpty)
  }

  @Test func whatItKeepsIsFetchedToTheLastFrame() async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    let client = try agent.attach()
    let held = try await eventually("frames in the spool") { () -> SpoolInventory.Held? in
      guard let held = try await client.inventory().held.first, held.last > 40 else { return nil }
      return held
    }
    #expect(held.first == 1)
    var next: UInt64 = 1
    while next <= held.last {
      let number = client.send(
        .fetch(
          FrameSpan(stream: held.stream, first: next, last: held.last, byteLimit: 4096)))
      guard case .fetched(let fetched) = try await client.answer(to: number) else {
        Issue.record("no fetched")
        return
      }
      #expect(fetched.through >= next)
      next = fetched.through + 1
    }
    #expect(client.settled(of: held.stream).missing(in: 1...held.last).isEmpty)
    #expect(client.faults == 0 && client.gaps.isEmpty)
  }

  @Test func killedAtAnyMomentItLosesNothingThatItKept() async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    var streams: [StreamID: UInt64] = [:]
    var generator = SeededGenerator(seed: 5)
    let rounds = Rounds.count(usual: 12)
    for _ in 0..<rounds {
      let client = try agent.attach()
      let held = try await client.inventory().held
      // What was there before is there still, and no number was used twice.
      for (stream, last) in streams {
        #expect(held.first { $0.stream == stream }?.last ?? 0 >= last)
      }
      try await until("new frames in the spool") {
        let held = try await client.inventory().held
        guard let newest = held.last, streams[newest.stream] == nil, newest.last > 3 else {
          return false
        }
        streams[newest.stream] = newest.last
        return true
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...150, using: &generator)))
      try await agent.kill()
      try await client.waitForEnd()
      try await agent.restart()
    }
    let client = try agent.attach()
    for (stream, last) in streams {
      let number = client.send(
        .fetch(FrameSpan(stream: stream, first: 1, last: last, byteLimit: 1 << 20)))
      guard case .fetched(let fetched) = try await client.answer(to: number) else {
        Issue.record("no fetched")
        return
      }
      #expect(fetched.through == last)
      #expect(client.settled(of: stream).missing(in: 1...last).isEmpty)
    }
    #expect(streams.count == rounds && client.gaps.isEmpty && client.faults == 0)
  }

  @Test func anOrderlyEndWritesAllAndLeavesNoSocket() async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    let client = try agent.attach()
    client.send(.stream)
    try await until("ticks") {
      client.take()
      return client.ticks.count > 5
    }
    agent.program.send(SIGTERM)
    #expect(try await agent.program.end().code == 0)
    try await client.waitForEnd()
    #expect(!FileManager.default.fileExists(atPath: agent.socket))
    let last = try #require(client.ticks.last)
    try await agent.restart()
    let held = try await agent.attach().inventory().held
    #expect(held.first?.last ?? 0 >= last)
  }

  @Test func twoOfThemDontShareASocketOrASpool() async throws {
    let agent = try await ResidentAgent()
    let other = try await AgentProgram.run(
      ["run", "--socket", agent.folder.file("b.sock"), "--spool", agent.spool])
    #expect(other.code == 1 && other.errorText.contains("in use by another culprit-agent"))
    #expect(other.errorText.contains("(pid \(agent.program.pid))"))
    let third = try await AgentProgram.run(
      ["run", "--socket", agent.socket, "--spool", agent.folder.file("other")])
    #expect(third.code == 1 && third.errorText.contains("listens on"))
    // The first one goes on.
    _ = try await agent.attach().inventory()
  }

  @Test func aReaderThatDoesNotReadHoldsUpNobody() async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    let slow = try AgentClient(path: agent.socket)
    slow.send(.stream)
    for _ in 0..<100 { slow.send(.recent(seconds: 60)) }
    let quick = try agent.attach()
    quick.send(.stream)
    let before = try #require(
      await quick.wait("a tick") { frame -> UInt64? in
        if case .tick = frame.frame { frame.sequence } else { nil }
      })
    try await until("ticks go on") {
      quick.take()
      return quick.ticks.count >= 20
    }
    #expect(quick.ticks.allSatisfy { $0 >= before })
    // What it may make the agent hold is bounded.
    let status = TestFolder.text("/proc/\(agent.program.pid)/status")
    let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    let kilobytes = resident?.split(separator: " ").dropLast().last.flatMap { Int($0) }
    #expect(try #require(kilobytes) < 64 << 10)
  }

  @Test func withoutASpoolASlowReaderIsToldWhatItMissed() async throws {
    let program = try TalkingProgram(
      [AgentProgram.path, "run", "--session", "--interval", "100ms", "--rows", "10000"])
    let client = AgentClient(program)
    client.send(.stream)
    _ = try await client.wait("a tick") { frame -> Bool? in
      if case .tick = frame.frame { true } else { nil }
    }
    #expect(try await client.inventory() == SpoolInventory())
    guard
      case .refused(let why) = try await client.answer(
        to: client.send(
          .fetch(
            FrameSpan(
              stream: StreamID(boot: BootID(high: 1, low: 2), number: 3), first: 1, last: 2,
              byteLimit: 9))))
    else {
      Issue.record("fetched without a spool")
      return
    }
    #expect(why.contains("--spool"))
    program.closeInput()
    #expect(try await program.end() == 0)
  }

  /// Started for a session where nobody listened, it makes room for who listens later: both would tell
  /// the same.
  @Test func aSessionsAgentYieldsToTheResidentOne() async throws {
    let folder = try TestFolder()
    let socket = folder.file("a.sock")
    let session = try TalkingProgram(
      [AgentProgram.path, "run", "--session", "--interval", "100ms", "--socket", socket])
    let client = AgentClient(session)
    client.send(.stream)
    try await until("ticks") {
      client.take()
      return client.ticks.count >= 3
    }
    let resident = try Program(
      [AgentProgram.path, "run", "--socket", socket, "--spool", folder.file("spool")])
    let code = try await session.end(within: 90)
    #expect(code == 0)
    #expect(session.errorText.contains("the resident agent is there now"), "\(session.errorText)")
    resident.send(SIGTERM)
    try await resident.end()
  }

  @Test func aSessionEndsWithItsInput() async throws {
    let program = try TalkingProgram([AgentProgram.path, "run", "--session", "--interval", "30s"])
    let client = AgentClient(program)
    client.send(.stream)
    _ = try await client.wait("the hello", hello)
    program.closeInput()
    #expect(try await program.end(within: 20) == 0)
  }

  @Test func aCopyForOneSessionRemovesItself() async throws {
    let folder = try TestFolder()
    let place = try folder.makeFolder("culprit.x1")
    // A file that this process writes may be open in a child that another test forks: ETXTBSY.
    try await Program.output("cp", AgentProgram.path, "\(place)/culprit-agent")
    let program = try TalkingProgram(
      ["\(place)/culprit-agent", "run", "--session", "--unlink-self", "--interval", "100ms"])
    let client = AgentClient(program)
    client.send(.stream)
    _ = try await client.wait("a tick") { frame -> Bool? in
      if case .tick = frame.frame { true } else { nil }
    }
    #expect(!FileManager.default.fileExists(atPath: place))
    program.closeInput()
    #expect(try await program.end() == 0)
  }

  /// Whoever started us can try another agent then: nothing of standard input was read.
  @Test func attachSaysWhereTheAgentHangs() async throws {
    let folder = try TestFolder()
    // As a process that is stopped: the kernel takes connections, and nobody answers.
    let listener = culprit_unix_listen(folder.file("a.sock"), 0o600)
    defer { close(listener) }
    let program = try TalkingProgram(
      [AgentProgram.path, "attach", "--socket", folder.file("a.sock")])
    #expect(try await program.end() == 69)
    #expect(program.errorText.contains("does it hang"), "\(program.errorText)")
  }

  @Test func whoAsksForNothingMakesRoomForWhoDoes() async throws {
    let agent = try await ResidentAgent()
    var idle: [Int32] = []
    defer { for socket in idle { close(socket) } }
    for _ in 0..<32 {
      // As many wait to be taken as may.
      idle.append(
        try await eventually("a connection") {
          let socket = culprit_unix_connect(agent.socket, 0)
          return socket >= 0 ? socket : nil
        })
    }
    let program = try TalkingProgram([AgentProgram.path, "attach", "--socket", agent.socket])
    #expect(try await program.end() == 69)
    #expect(program.errorText.contains("too many clients"), "\(program.errorText)")
    try await until("the agent to tell of it") { agent.program.errorText.contains("32 clients") }
    try await until("room for who asks", detail: { agent.program.errorText }) {
      let client = try agent.attach()
      return (try? await client.inventory()) != nil
    }
  }

  @Test func attachSaysWhereNobodyListens() async throws {
    let program = try TalkingProgram(
      [AgentProgram.path, "attach", "--socket", "/nonexistent/a.sock"])
    #expect(try await program.end() == 69)
    #expect(program.errorText.contains("culprit-agent run"))
  }

  @Test(arguments: [
    ("attach", 0), ("culprit-agent attach", 0), ("/opt/x/culprit-agent attach", 0),
    ("exec sh -c 'culprit=attach; rm -rf /'", 0), ("rm -rf /", 2), ("attach; id", 2),
    ("culprit-agent run --stdout", 2), ("sh -c 'culprit=attach;'", 2), ("encap list", 2),
    ("culprit-agent encap remove --purge foo", 2), ("attach encap unpack foo-1", 2),
    ("process 1", 2), ("\u{1B}[31m", 2),
  ])
  func aForcedCommandTakesFewWords(original: String, code: Int32) async throws {
    let agent = try await ResidentAgent()
    let program = try TalkingProgram(
      [AgentProgram.path, "attach", "--socket", agent.socket],
      environment: ["SSH_ORIGINAL_COMMAND": original])
    if code == 0 {
      let client = AgentClient(program)
      _ = try await client.inventory()
      program.closeInput()
    }
    #expect(try await program.end() == code, "\(program.errorText)")
    #expect(!program.errorText.contains("\u{1B}"))
  }

  @Test func onlyRootsOwnFileOpensTheControlSocket() async throws {
    let agent = try await ResidentAgent()
    #expect(!FileManager.default.fileExists(atPath: agent.control))
    let client = try agent.attach()
    guard case .refused(let why) = try await client.answer(to: client.send(.process(pid: 1))) else {
      Issue.record("told about a process")
      return
    }
    #expect(why.contains("control = true"))
    let loose = try agent.folder.write("control = true\n", to: "loose.toml", mode: 0o666)
    let result = try await AgentProgram.run(["run", "--config", loose])
    #expect(result.code == 2 && result.errorText.contains("chmod go-w"))
  }

  @Test(
    "others than root and the group have no way in",
    .enabled(if: Machine.isRoot && Machine.canRunWithoutRights, "needs root, to become nobody"))
  func strangers() async throws {
    let agent = try await ResidentAgent(control: true)
    for socket in [agent.socket, agent.control] {
      var status = stat()
      #expect(stat(socket, &status) == 0 && status.st_mode & 0o777 == 0o660)
    }
    let program = try TalkingProgram(
      Machine.withoutRights + [AgentProgram.path, "attach", "--socket", agent.socket])
    #expect(try await program.end() == 69)
    #expect(program.errorText.contains("Permission denied"))
    // Where the mode alone would let them in, the agent doesn't.
    chmod(agent.socket, 0o666)
    let second = try TalkingProgram(
      Machine.withoutRights + [AgentProgram.path, "attach", "--socket", agent.socket])
    #expect(try await second.end() == 69)
  }

  @Test func whatIsNoRequestEndsTheConnectionAndNothingElse() async throws {
    let agent = try await ResidentAgent()
    var generator = SeededGenerator(seed: 11)
    for round in 0..<20 {
      let client = try AgentClient(path: agent.socket)
      var bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
      if round % 4 == 1 {
        var encoder = FrameEncoder()
        encoder.append(.answer(.done), sequence: 1)
        bytes = encoder.bytes
      } else if round % 4 == 2 {
        // A header that promises a megabyte, and then as much as that.
        var encoder = FrameEncoder()
        encoder.append(.request(.stream), sequence: 1)
        bytes = encoder.bytes
        bytes[9] = 0xFF
        bytes += [UInt8](repeating: 0xFF, count: 200_000)
      }
      client.sendRaw(bytes)
      client.sendRaw([UInt8](repeating: 0xFF, count: 100))
      try await client.waitForEnd()
    }
    // One of a newer collector is answered.
    let client = try agent.attach()
    var encoder = FrameEncoder()
    encoder.append(.unknown(kind: 90, version: 1), sequence: 7)
    client.sendRaw(encoder.bytes)
    guard case .refused(let why) = try await client.answer(to: 7) else {
      Issue.record("a request of the future was not refused")
      return
    }
    #expect(why.contains("doesn't know"))
  }

  @Test(arguments: [Request.stream, .inventory, .recent(seconds: 600), .process(pid: 1)])
  func aFloodOfRequestsIsNotKept(request: Request) async throws {
    let agent = try await ResidentAgent(["--interval", "100ms"])
    let client = try AgentClient(path: agent.socket)
    var encoder = FrameEncoder()
    for number in 1...2000 { encoder.append(.request(request), sequence: UInt64(number)) }
    // As much as goes: nobody reads the answers.
    for _ in 0..<3 { client.sendRaw(encoder.bytes, within: 1) }
    let status = TestFolder.text("/proc/\(agent.program.pid)/status")
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kilobytes = peak?.split(separator: " ").dropLast().last.flatMap { Int($0) }
    #expect(try #require(kilobytes) < 64 << 10)
    // Others are served.
    _ = try await agent.attach().inventory()
  }

  @Test(
    "on a disk that can't be written it runs without a spool, and says so",
    .enabled(if: Machine.isRoot, "mounts a tmpfs: needs root"))
  func readOnlySpool() async throws {
    let folder = try TestFolder()
    let disk = try folder.makeFolder("disk")
    #expect(mount("none", disk, "tmpfs", UInt(MS_RDONLY), "") == 0)
    defer { umount2(disk, Int32(MNT_DETACH)) }
    let agent = try await ResidentAgent(["--interval", "100ms"], spool: "\(disk)/spool")
    #expect(agent.program.errorText.contains("no frames are kept"))
    let client = try agent.attach()
    let inventory = try await client.inventory()
    #expect(inventory.problem?.contains("Read-only") ?? false)
    client.send(.stream)
    try await until("ticks") {
      client.take()
      return client.ticks.count > 3
    }
  }
}
