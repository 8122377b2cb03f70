import Foundation
import TestSupport
import Testing

/// `culprit-agent process`: what it says of processes whose files, locks, sockets and parents are
/// known.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.isRoot, "needs root: descriptors of others"), .live)
struct ProcessReportTests {
  @Test func filesAreToldAndWhetherTheyGrow() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    try folder.write("0123456789", to: "still")
    let script = """
      cd "$0"; exec 5>>grow 6<still 7<. 8>gone; rm gone; read -r -n 4 x <&6; echo ready
      while :; do printf %4096s x >&5; sleep 0.02; done
      """
    let writer = try Program(["bash", "-c", script, folder.path])
    try await until("it to be ready") { !writer.output.isEmpty }
    let line = try await eventually("it to grow") {
      let line = try await ProcessLine.of(writer.pid, for: "500ms")
      return line.file(5)?["bytes_per_second"] as? Int ?? 0 > 0 ? line : nil
    }
    let grown = try #require(line.file(5))
    #expect(grown["path"] as? String == folder.file("grow") && grown["kind"] as? String == "file")
    #expect(grown["access"] as? String == "w" && grown["flags"] as? [String] == ["append"])
    #expect(grown["size"] as? Int ?? 0 >= 4096 && grown["offset"] as? Int ?? 0 >= 4096)
    let mount = try #require(grown["mount"] as? [String: Any])
    #expect(folder.path.hasPrefix(mount["point"] as? String ?? "?") && mount["type"] is String)
    // Those that grow come first.
    #expect(line.list("files")?.first?["fd"] as? Int == 5)
    let still = try #require(line.file(6))
    #expect(still["bytes_per_second"] as? Int == 0 && still["size"] as? Int == 10)
    #expect(line.file(7)?["kind"] as? String == "folder")
    let gone = try #require(line.file(8))
    #expect(gone["deleted"] as? Bool == true && gone["path"] as? String == folder.file("gone"))
    #expect(line.text("cwd") == folder.path && line.text("exe")?.hasSuffix("bash") == true)
    #expect(line.text("comm") == "bash" && line.text("user") == "root")
    writer.send(SIGKILL)
    try await writer.end()
  }

  @Test func parentsAreToldUpToTheFirst() async throws {
    let outer = try Program(["sh", "-c", "sh -c 'sleep 1000 & echo $!; wait' x --token=abc; :"])
    let pid = try await eventually("the innermost's pid") {
      Int32(outer.outputText.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    let line = try await ProcessLine.of(pid)
    let parents = try #require(line.list("parents"))
    #expect(parents.count >= 3 && line["parents_complete"] as? Bool == true)
    #expect(parents.dropFirst().first?["pid"] as? Int == Int(outer.pid))
    #expect(parents.last?["pid"] as? Int == 1)
    #expect(parents.first?["comm"] as? String == "sh")
    let command = try #require(parents.first?["cmdline"] as? String)
    #expect(command.contains("--token=***") && !command.contains("abc"), "\(command)")
    let started = try #require(line.text("started"))
    let age = try #require(ISO8601DateFormatter().date(from: started)).timeIntervalSinceNow
    #expect((-600...2).contains(age), "\(started)")
    kill(pid, SIGKILL)
    try await outer.end()
  }

  @Test(
    .enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)),
    arguments: HeldLock.Kind.allCases)
  func locksAreToldOnBothSides(kind: HeldLock.Kind) async throws {
    let lock = try await HeldLock.make(kind, waiters: 2)
    let holder = try await ProcessLine.of(lock.holder)
    let held = try #require(holder.lock(on: lock.path), "\(holder)")
    #expect(held["held"] as? Bool == true && held["kind"] as? String == kind.rawValue)
    #expect(held["exclusive"] as? Bool == true)
    #expect(Set(held["waiters"] as? [Int] ?? []) == Set(lock.waiters.map(Int.init)))
    let named = Set(holder.list("related")?.compactMap { $0["pid"] as? Int } ?? [])
    #expect(named == Set(lock.waiters.map(Int.init)))
    for waiter in lock.waiters {
      let line = try await ProcessLine.of(waiter)
      let awaited = try #require(line.lock(on: lock.path), "\(line)")
      #expect(awaited["held"] as? Bool == false)
      #expect(awaited["holder"] as? Int == Int(lock.holder))
      let task = try #require(line.list("waiting")?.first, "\(line)")
      #expect(task["wait_reason"] as? String == "file lock")
      #expect(task["holders"] as? [Int] == [Int(lock.holder)])
    }
    try await lock.release()
  }

  /// The process that took the lock has gone: its parent has it with the open file.
  @Test func aLockThatSomebodyElseTookIsTheirs() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let path = try folder.write("", to: "lock")
    let shell = try Program([
      "sh", "-c", "exec 9>\"$0\"; flock 9; echo taken; exec sleep 1000", path,
    ])
    try await until("the lock") { shell.outputText.contains("taken") }
    let line = try await ProcessLine.of(shell.pid)
    let lock = try #require(line.lock(on: path), "\(line)")
    #expect(lock["held"] as? Bool == true)
    shell.send(SIGKILL)
    try await shell.end()
  }

  @Test func aConnectionHasBothEnds() async throws {
    let server = try LoopbackSocket.silent()
    let script = """
      exec 7<>/dev/tcp/127.0.0.1/$0; printf hello >&7; echo ready; exec sleep 1000
      """
    let client = try Program(["bash", "-c", script, "\(server.port)"])
    try await until("the connection") { !client.output.isEmpty }
    let socket = try #require(try await ProcessLine.of(client.pid).socket(7))
    #expect(socket["protocol"] as? String == "tcp" && socket["state"] as? String == "ESTABLISHED")
    let remote = try #require(socket["remote"] as? [String: Any])
    #expect(remote["address"] as? String == "127.0.0.1")
    #expect(remote["port"] as? Int == Int(server.port))
    #expect(socket["send_queue"] as? Int == 0)
    // Ours is the other end: it listens, among whatever else the tests have open.
    let own = try await ProcessLine.of(getpid())
    let listening = own.list("sockets")?.first {
      ($0["local"] as? [String: Any])?["port"] as? Int == Int(server.port)
    }
    #expect(listening?["state"] as? String == "LISTEN" || own.number("sockets_omitted") ?? 0 > 0)
    client.send(SIGKILL)
    try await client.end()
  }

  /// In a network namespace of its own other sockets may have the same numbers.
  @Test func socketsOfAnotherNetwork() async throws {
    let script = """
      ip link set lo up 2>/dev/null; exec 7<>/dev/udp/127.0.0.1/4711; echo ready; exec sleep 1000
      """
    let other = try Program(["unshare", "-n", "bash", "-c", script])
    try await until("the socket") { other.outputText.contains("ready") || other.hasEnded }
    let socket = try #require(try await ProcessLine.of(other.pid).socket(7))
    #expect(socket["protocol"] as? String == "udp")
    #expect((socket["remote"] as? [String: Any])?["port"] as? Int == 4711)
    other.send(SIGKILL)
    try await other.end()
  }

  @Test func thousandsOfDescriptorsTakeNoSeconds() async throws {
    let script = """
      ulimit -n 8000; for ((i = 20; i < 5020; i++)); do eval "exec $i<>/dev/null"; done; echo ready
      exec sleep 1000
      """
    let many = try Program(["bash", "-c", script])
    try await until("the descriptors") { !many.output.isEmpty }
    let start = Monotonic.now
    let line = try await ProcessLine.of(many.pid)
    #expect(Monotonic.now - start < 10)
    #expect(line.number("descriptors") ?? 0 >= 5_000)
    #expect(line.list("files")?.count == 512)
    let sockets = (line.list("sockets")?.count ?? 0) + (line.number("sockets_omitted") ?? 0)
    #expect(line.number("files_omitted") == 4_096 - 512 - sockets)
    many.send(SIGKILL)
    try await many.end()
  }

  @Test func whoIsGoneIsSaidSo() async throws {
    let gone = try Program(["true"])
    try await gone.end()
    let result = try await AgentProgram.run(["process", "\(gone.pid)"])
    #expect(result.code == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errorText.contains("no process \(gone.pid) here"), "\(result)")
  }

  @Test(arguments: [
    ([], "wants a pid"), (["x"], "wants a pid"), (["-1"], "--help"), (["0"], "wants a pid"),
    (["1", "2"], "--help"), (["1", "--for", "2m"], "60s"), (["1", "--nope"], "--help"),
  ])
  func wrongUse(words: [String], part: String) async throws {
    let result = try await AgentProgram.run(["process"] + words)
    #expect(result.code == 2 && result.errorText.contains(part), "\(result)")
  }
}
