import Foundation
import TestSupport
import Testing

/// Processes that hang, hide, or lie about themselves.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.isRoot, "needs root: descriptors and stacks of others"), .live)
struct StuckProcessTests {
  @Test(.enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)))
  func aProcessInDIsExplained() async throws {
    let stall = try await FrozenDisk.make()
    let start = Monotonic.now
    let line = try await ProcessLine.of(stall.victim)
    #expect(Monotonic.now - start < 10)
    let task = try #require(line.list("waiting")?.first, "\(line)")
    #expect(task["wait_reason"] as? String == "frozen filesystem")
    #expect((task["stack"] as? [String])?.isEmpty == false && line.text("state") == "D")
    let text = try await AgentProgram.run(["process", "\(stall.victim)", "--for", "200ms"])
    #expect(text.outputText.contains("frozen filesystem"), "\(text)")
    try await stall.release()
  }

  /// Its command line can't be read: whoever tries hangs with it.
  @Test(.enabled(if: Machine.canMountFUSE, Comment(rawValue: Machine.needsFUSE)))
  func aProcessThatHangsItsReadersIsToldInTime() async throws {
    let hung = try await HungFUSE.make()
    let pid = try await hung.hangUnreadably()
    let start = Monotonic.now
    let line = try await ProcessLine.of(pid)
    let took = Monotonic.now - start
    try await hung.release()
    #expect(took < 10, "\(took) s")
    #expect(line.text("cmdline") == "gap" && line.text("state") == "D", "\(line)")
    #expect(line.list("waiting")?.isEmpty == false)
    // A FUSE server isn't asked how long its file is.
    let file = line.list("files")?.first {
      ($0["path"] as? String)?.hasPrefix(hung.path) ?? false
    }
    #expect(file?["size"] as? String == "unsupported", "\(line)")
  }

  @Test(arguments: ["\\033[2J\\033[31mx", "a\\nb) R 1 (", "\\377\\376\\2331m", "\\007\\010\\015"])
  func hostileNamesAreNeverPrintedRaw(name: String) async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let script = """
      cd "$0"; file=$(printf "$1" | tr -d /); exec 9>"x$file"; printf "$1" >/proc/$$/comm
      echo ready; while :; do sleep 1; done
      """
    let hostile = try Program(["bash", "-c", script, folder.path, name, "\u{1B}]0;x\u{07}"])
    try await until("its name") { !hostile.output.isEmpty }
    for words in [["--json"], []] {
      let result = try await AgentProgram.run(
        ["process", "\(hostile.pid)", "--for", "200ms", "--cmdline", "full"] + words)
      #expect(result.code == 0, "\(result)")
      let text = try #require(String(validating: result.output, as: UTF8.self))
      #expect(text.contains(folder.path))
      #expect(
        !text.unicodeScalars.contains {
          $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value)
        }, "\(result.output.filter { $0 != 0x0A && $0 < 0x20 })")
    }
    hostile.send(SIGKILL)
    try await hostile.end()
  }

  @Test(.enabled(if: Machine.canRunWithoutRights, "needs setpriv"))
  func whatMayNotBeSeenIsDeniedAndNeverNothing() async throws {
    let other = try Program(["sleep", "1000"])
    try await until("sleep") { TaskState(pid: other.pid)?.name == "sleep" }
    let line = try await ProcessLine.of(other.pid, withoutRights: true)
    for name in ["exe", "cwd", "descriptors", "files", "sockets", "io"] {
      #expect(line.text(name) == "denied", "\(name): \(line)")
    }
    // Everybody may know these.
    #expect(line.text("comm") == "sleep" && line.text("user") == "root")
    #expect(line.list("parents")?.isEmpty == false && line["locks"] is [Any])
    let text = try await AgentProgram.run(
      ["process", "\(other.pid)", "--for", "200ms"], withoutRights: true)
    #expect(text.outputText.contains("Open files: denied"), "\(text)")
    other.send(SIGKILL)
    try await other.end()
  }

  @Test(.enabled(if: Machine.hasSSHD, "needs openssh-server and openssh-client"))
  func aLoginOverSSHIsToldWithItsClient() async throws {
    let server = try await SSHServer.start()
    let client = try Program([
      "ssh", "-tt", "-F", "none", "-i", server.login.path, "-p", "\(server.port)", "-o",
      "UserKnownHostsFile=\(try server.knownHosts())", "-o", "IdentitiesOnly=yes",
      "\(Machine.user)@127.0.0.1", "echo pid=$$; exec sleep 1000",
    ])
    let pid = try await eventually("the session", detail: { client.errorText + server.log }) {
      client.outputText.split(whereSeparator: \.isWhitespace)
        .first { $0.hasPrefix("pid=") }.flatMap { Int32($0.dropFirst(4)) }
    }
    try await until("sleep") { TaskState(pid: pid)?.name == "sleep" }
    let line = try await ProcessLine.of(pid)
    let ssh = try #require(line.ssh, "\(line)")
    #expect(ssh["user"] as? String == Machine.user)
    let ends = try #require(ssh["client"] as? [String: Any])
    #expect(ends["address"] as? String == "127.0.0.1" && ends["port"] as? Int ?? 0 > 0)
    #expect((ssh["server"] as? [String: Any])?["port"] as? Int == Int(server.port))
    let terminal = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/0")
    #expect((line.login["tty"] as? String).map { "/dev/\($0)" } == terminal)
    let text = try await AgentProgram.run(["process", "\(pid)", "--for", "200ms"]).outputText
    #expect(text.contains("\(Machine.user) from 127.0.0.1:"), "\(text)")
    // Without rights the server's descriptors can't be seen: the login is, but not from where.
    if Machine.canRunWithoutRights {
      let blind = try await ProcessLine.of(pid, withoutRights: true)
      #expect(blind.ssh?["client"] as? String == "denied", "\(blind)")
    }
    client.send(SIGKILL)
    try await client.end()
  }
}
