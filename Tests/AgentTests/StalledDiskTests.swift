import Foundation
import Records
import TestSupport
import Testing
import Wire

/// The disk that holds the agent's own program and its spool hangs, and the agent goes on.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)), .liveAlone)
struct StalledDiskTests {
  @Test(
    .enabled(if: Machine.canFreeze && Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)))
  func theAgentOutlivesTheStallThatItReports() async throws {
    let disk = try await LoopDisk.make(megabytes: 96)
    let program = "\(disk.path)/culprit-agent"
    try await Program.output("cp", AgentProgram.path, program)
    let agent = try await ResidentAgent(
      ["--interval", "100ms", "--memory", "256KiB", "--rows", "10000"],
      spool: "\(disk.path)/spool", control: true, program: program)
    // The session was open before: a new login would hang on such a host.
    let client = try agent.attach()
    client.send(.stream)
    let stream = try #require(
      await client.wait("the hello") { frame -> StreamID? in
        if case .hello(let hello) = frame.frame { hello.stream } else { nil }
      })
    try await until("the memory to be locked", detail: { agent.program.errorText }) {
      client.take()
      let status = TestFolder.text("/proc/\(agent.program.pid)/status")
      return client.ticks.count > 5 && !status.contains("VmLck:\t       0 kB")
    }
    try disk.freeze()
    defer { try? disk.thaw() }
    let victim = try Program(["dd", "if=/dev/zero", "of=\(disk.path)/file", "bs=1k", "count=1"])
    try await TaskState.await(victim.pid, "the writer to wait in D") { $0.state == "D" }
    // What the program needs of its own pages must be there, for what was in memory may be dropped.
    try "1".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
    client.forget()
    try await until("the spool's trouble to be told") {
      try await client.inventory().problem?.contains("hasn't answered") ?? false
    }
    // Live frames go on, and say who waits for what.
    let waiting = try await client.wait("the victim in a tick") { frame -> WaitingTask? in
      guard case .tick(let tick) = frame.frame else { return nil }
      return tick.waiting.first { $0.tid == victim.pid }
    }
    #expect(waiting.reason.kind == .frozen)
    // So do questions about the victim itself.
    guard
      case .process(let report) = try await client.answer(
        to: client.send(.process(pid: victim.pid)))
    else {
      Issue.record("no report of pid \(victim.pid)")
      return
    }
    #expect(report.state == .uninterruptible)
    #expect(report.waiting.value?.contains { $0.reason.kind == .frozen } ?? false)
    // More than memory holds is lost to the spool, and to nobody else. Many who come and go make
    // ticks large.
    var crowd: Program? = try Program([
      "sh", "-c", "for i in $(seq 30); do (while :; do sleep 0.1; done) & done; wait",
    ])
    try await until("the ring to be full", within: 120) {
      client.take()
      if crowd?.hasEnded ?? true { throw TestTrouble("the crowd has gone") }
      return client.frames.reduce(0) { $0 + $1.byteCount } > 450 << 10
    }
    // With all that it started.
    crowd = nil
    let live = client.settled(of: stream)
    let ticks = client.ticks
    #expect(live.missing(in: try #require(ticks.first)...(try #require(ticks.last))).isEmpty)
    try disk.thaw()
    let last = try #require(ticks.last)
    let held = try await eventually("the spool to catch up") { () -> SpoolInventory.Held? in
      let inventory = try await client.inventory()
      guard inventory.problem == nil, let held = inventory.held.last, held.last > last else {
        return nil
      }
      return held
    }
    client.forget()
    var next = held.first
    while next <= held.last {
      let number = client.send(
        .fetch(FrameSpan(stream: stream, first: next, last: held.last, byteLimit: 1 << 20)))
      guard case .fetched(let fetched) = try await client.answer(to: number),
        fetched.through >= next
      else {
        Issue.record("the fetch stands still at \(next)")
        return
      }
      next = fetched.through + 1
    }
    #expect(client.gaps.count == 1 && client.gaps[0].reason == .spoolFailed)
    #expect(client.settled(of: stream).missing(in: 1...held.last).isEmpty)
    _ = try await victim.end()
    try await agent.kill()
    try await disk.release()
  }

  @Test func whoAskedAboutAProcessIsLogged() async throws {
    let folder = try TestFolder()
    let log = try LogListener(in: folder)
    let agent = try await ResidentAgent(control: true, syslog: log.path)
    let client = try agent.attach(
      environment: ["SSH_CONNECTION": "192.0.2.7 50122 192.0.2.1 22", "USER": "op\u{1B}[2J"],
      ["--key", "night-shift"])
    let pid = getpid()
    guard case .process(let report) = try await client.answer(to: client.send(.process(pid: pid)))
    else {
      Issue.record("no report")
      return
    }
    #expect(report.identity.id.pid == pid)
    let line = try await log.line(with: "process \(pid)")
    #expect(line.hasPrefix("<86>") && line.contains("culprit-agent[\(agent.program.pid)]: "))
    #expect(line.contains("process \(pid) asked by uid \(getuid())"))
    #expect(line.contains("key night-shift") && line.contains("from 192.0.2.7 port 50122"))
    #expect(!line.contains("\u{1B}"))
    // A pid that nobody has is told as such.
    guard
      case .refused(let why) = try await client.answer(to: client.send(.process(pid: 4_194_000)))
    else {
      Issue.record("a report of nobody")
      return
    }
    #expect(why.contains("no process 4194000"))
  }
}
