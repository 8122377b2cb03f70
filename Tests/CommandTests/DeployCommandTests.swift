import Foundation
import TestSupport
import Testing

/// `culprit deploy` as it is typed, at a host of its own.
@Suite(
  "deploy",
  .enabled(
    if: SeparateHost.canBeMade && StrippedAgent.canBeMade,
    Comment(rawValue: "\(SeparateHost.needs); \(StrippedAgent.needs)")), .live)
struct DeployCommandTests {
  private let home: CulpritHome
  private let agent: String
  private let hostKey: KeyPair
  private let login: KeyPair

  init() async throws {
    home = try CulpritHome()
    agent = try await StrippedAgent.path()
    hostKey = try await KeyPair.make(in: home.folder, name: "host")
    login = try await KeyPair.make(in: home.folder, name: "login")
  }

  private func start(_ options: SeparateHost.Options = .init()) async throws -> SeparateHost {
    var options = options
    options.setUp +=
      "mkdir -p /etc/culprit; printf 'interval = \"100ms\"\\nengine = \"proc\"\\n' "
      + ">/etc/culprit/agent.toml\n"
    let host = try await SeparateHost.start(
      options, address: "127.0.78.1", hostKey: hostKey, logins: ["root": login])
    try home.folder.write(
      "[\(host.address)]:\(host.port) \(hostKey.publicKey)\n", to: "known_hosts")
    return host
  }

  private func deploy(_ verb: String, _ host: SeparateHost, _ words: String...) async throws
    -> ProgramResult
  {
    try await home.run(
      ["deploy", verb, "\(host.address):\(host.port)", "--user", "root"] + connection + words)
  }

  private var connection: [String] {
    [
      "--ssh-config", "none", "--identity", login.path, "--known-hosts",
      home.folder.file("known_hosts"),
    ]
  }

  @Test("installs, tells how it stands, and takes away again")
  func wholeLife() async throws {
    let host = try await start()
    let installed = try await deploy("install", host, "--agent-file", agent)
    #expect(installed.code == 0, "\(installed)")
    #expect(installed.outputText.contains("installed 0."), "\(installed)")
    #expect(installed.errorText.contains("user = \"culprit\""), "\(installed)")
    let key = home.folder.file("state/collector_ed25519")
    let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
    #expect(mode == 0o600)

    // The key opens attach and nothing else: a shell is refused.
    let ssh = [
      "ssh", "-F", "none", "-i", key, "-o", "UserKnownHostsFile=\(home.folder.file("known_hosts"))",
      "-p", "\(host.port)", "culprit@\(host.address)",
    ]
    let shell = try await Program.run(ssh + ["id"])
    #expect(shell.code != 0 && !shell.outputText.contains("uid="), "\(shell)")
    #expect(shell.errorText.contains("may not be run with this key"), "\(shell)")
    let pty = try await Program.run(ssh.prefix(1) + ["-tt"] + ssh.dropFirst())
    #expect(pty.code != 0 && pty.errorText.contains("PTY allocation request failed"), "\(pty)")

    let good = try await deploy("status", host, "--check", "--json")
    #expect(good.code == 0, "\(good)")
    let line = try #require(
      try JSONLines.objects(good.outputText).first { $0["event"] as? String == "host" })
    #expect(line["healthy"] as? Bool == true && (line["drift"] as? [String])?.isEmpty == true)

    try await host.output("kill $(cat /run/culprit-agent.pid)")
    let bad = try await deploy("status", host, "--check")
    #expect(bad.code == 3 && bad.outputText.contains("not healthy"), "\(bad)")

    let alone = try await deploy("rollback", host)
    #expect(alone.code == 1 && alone.outputText.contains("the only version there"), "\(alone)")
    let removed = try await deploy("remove", host)
    #expect(removed.code == 0 && removed.outputText.contains("removed"), "\(removed)")
    let gone = try await deploy("status", host, "--check")
    #expect(gone.code == 3 && gone.outputText.contains("nothing there"), "\(gone)")
  }

  @Test("killed in the middle, it leaves the host as it was, and the next run goes on")
  func killed() async throws {
    let host = try await start()
    let program = try home.start(
      ["deploy", "install", "\(host.address):\(host.port)", "--user", "root", "--json"]
        + connection + ["--agent-file", agent])
    try await until("it to link", detail: { program.outputText + program.errorText }) {
      program.outputText.contains("\"step\":\"user\"")
    }
    program.send(SIGKILL)
    try await program.end()
    try await until("the host to be as it was") {
      try await host.run(
        "test -e /usr/local/encap || test -e /var/lib/culprit-deploy || id culprit"
      ).code != 0
    }
    let installed = try await deploy("install", host, "--agent-file", agent, "--json")
    #expect(installed.code == 0, "\(installed)")
    let steps = try JSONLines.objects(installed.outputText).compactMap { $0["step"] as? String }
    #expect(steps.contains("prove") && steps.contains("keep"))
  }

  @Test("what a host says never reaches the terminal raw")
  func hostile() async throws {
    var options = SeparateHost.Options()
    options.programs["uname"] = #"printf 'evil\033]0;x\007\202\n@done\n'"#
    let host = try await start(options)
    for words in [["--plain"], ["--json"]] {
      let result = try await home.run(
        ["deploy", "install", "\(host.address):\(host.port)", "--user", "root"] + connection
          + ["--agent-file", agent] + words)
      #expect(result.code == 1 && result.outputText.contains("evil"), "\(result)")
      #expect(result.firstControl == nil, "\(result.firstControl ?? "")")
    }
  }

  @Test("one roll-out at a time", .enabled(if: Machine.has("flock"), "needs flock"))
  func oneAtATime() async throws {
    let lock = home.folder.file("state/deploy.lock")
    let holder = try Program(["flock", lock, "sleep", "60"])
    try await until("the lock to be held", detail: { holder.errorText }) {
      try await Program.run(["flock", "-n", lock, "true"]).code != 0
    }
    let result = try await home.run(
      ["deploy", "remove", "127.0.78.9"] + connection)
    #expect(
      result.code == 1 && result.errorText.contains("another roll-out is at work"), "\(result)")
  }

  @Test(
    "wrong use is told, and nobody is connected to",
    arguments: [
      (["install", "local"], "works over SSH"),
      (["install", "x", "--version", "../../etc"], "is no version"),
      (["install", "x", "--version", "1/2"], "is no version"),
      (["install", "x", "--version", ".."], "is no version"),
      (["install", "x", "--version", "1; reboot"], "is no version"),
      (["install", "x", "--wave", "0"], "--wave"),
      (["install", "x", "--canary", "-1"], "--canary"),
      (["remove", "x", "--key", ""], "--key"),
      (["bogus"], "bogus"),
    ])
  func wrongUse(words: [String], said: String) async throws {
    let result = try await home.run(["deploy"] + words)
    #expect(result.code == 2 && result.errorText.contains(said), "\(result)")
  }

  @Test("without an agent it says where one is looked for")
  func noAgent() async throws {
    let result = try await home.run([
      "deploy", "install", "x", "--agent-file", home.folder.file("none"),
    ])
    #expect(result.code == 1 && result.errorText.contains("can't be read"), "\(result)")
    let script = try home.folder.write("#!/bin/sh\n", to: "script")
    let other = try await home.run(["deploy", "install", "x", "--agent-file", script])
    #expect(other.code == 1 && other.errorText.contains("no Linux executable"), "\(other)")
  }

  @Test("what ends it early says what becomes of the hosts under way")
  func early() async throws {
    let host = try await start()
    let program = try home.start(
      [
        "deploy", "install", "\(host.address):\(host.port)", "--user", "root", "--agent-file",
        agent,
      ]
        + connection + ["--json"])
    try await until("an upload", detail: { program.errorText }) {
      program.outputText.contains("\"upload\"") || program.hasEnded
    }
    program.send(SIGINT)
    let result = try await program.end()
    #expect(result.code == 1 && result.errorText.contains("take back what was begun"), "\(result)")
    try await until("the host to be as it was") {
      try await host.run("ls -d /usr/local/encap /usr/local/.culprit*").outputText.isEmpty
    }
  }

  @Test("a package goes to where a link leads, and into a pipe as it comes")
  func packageOutput() async throws {
    let folder = home.folder
    symlink(folder.file("real.tar"), folder.file("link.tar"))
    let made = try await home.run(
      ["deploy", "package", "--agent-file", agent, "--output", folder.file("link.tar")])
    #expect(made.code == 0, "\(made)")
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link.tar"))
    #expect(link == folder.file("real.tar"))
    mkfifo(folder.file("pipe"), 0o600)
    let reader = try Program(["sha256sum", folder.file("pipe")])
    let piped = try await home.run(
      ["deploy", "package", "--agent-file", agent, "--output", folder.file("pipe")])
    #expect(piped.code == 0, "\(piped)")
    let sum = try await Program.output("sha256sum", folder.file("real.tar")).prefix(64)
    #expect(try await reader.end().outputText.prefix(64) == sum)
    let full = try await home.run(
      ["deploy", "package", "--agent-file", agent, "--output", "/dev/full"])
    #expect(full.code == 1 && full.errorText.contains("No space left"), "\(full)")
  }
}
