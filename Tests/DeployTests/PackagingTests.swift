import Foundation
import TestSupport
import Testing

/// `deploy/package`, the units and the templates.
@Suite(.live) struct PackagingTests {
  private static var deploy: String { "\(Machine.packageRoot)/deploy" }

  /// A program that says what an agent says of its version, and nothing else: small enough to be
  /// packed in a moment.
  private static func binaries(_ folder: TestFolder) async throws -> String {
    let bin = try folder.makeFolder("bin")
    let source = try folder.write(
      "#include <stdio.h>\nint main(void) { puts(\"culprit-agent 7.8.9\"); return 0; }\n",
      to: "agent.c")
    try await Program.output("clang", "-o", "\(bin)/culprit-agent", source)
    try folder.writeProgram(
      "exec '\(Machine.executable("culprit"))' \"$@\"", to: "bin/culprit")
    return bin
  }

  private static func pack(_ bin: String, into output: String) async throws -> String {
    let result = try await Program.run(
      ["\(deploy)/package", "--bin", bin, "--output", output],
      environment: ["SOURCE_DATE_EPOCH": "1700000000", "DPKG_DEB_COMPRESSOR_TYPE": "gzip"])
    guard result.code == 0 else { throw TestTrouble("deploy/package: \(result)") }
    return result.outputText
  }

  @Test(
    "packs the same bytes twice, owned by root",
    .enabled(if: Machine.has("dpkg-deb") && Machine.has("clang"), "needs dpkg-deb and clang"))
  func reproducible() async throws {
    let folder = try TestFolder()
    let bin = try await Self.binaries(folder)
    let sums = try await Self.pack(bin, into: folder.file("one"))
    // Another time, another umask.
    try await Task.sleep(for: .milliseconds(1100))
    #expect(try await Self.pack(bin, into: folder.file("two")) == sums)
    let files = sums.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(files.count == 5, "\(sums)")
    for deb in files where deb.hasSuffix(".deb") {
      let path = folder.file("one/\(deb)")
      let listing = try await Program.output("dpkg-deb", "--contents", path)
      let foreign = listing.split(separator: "\n").filter { !$0.contains(" root/root ") }
      #expect(foreign.isEmpty, "\(foreign)")
      #expect(try await Program.output("dpkg-deb", "--field", path, "Version") == "7.8.9\n")
    }
    let agent = try #require(files.first { $0.hasPrefix("culprit-agent_") })
    try await Program.output("dpkg-deb", "-x", folder.file("one/\(agent)"), folder.file("root"))
    let unit = folder.read("root/lib/systemd/system/culprit-agent.service")
    #expect(unit.contains("ExecStart=/usr/bin/culprit-agent run"))
    let encap = try #require(files.first { $0.contains("-encap-") })
    let listing = try await Program.output("tar", "-tzf", folder.file("one/\(encap)"))
    #expect(listing.contains("culprit-agent-7.8.9/bin/culprit-agent"), "\(listing)")
  }

  @Test(
    "its .deb makes the account, and a purge leaves nothing",
    .enabled(
      if: SeparateHost.canBeMade && Machine.has("adduser") && Machine.has("clang"),
      Comment(rawValue: "\(SeparateHost.needs), adduser and clang")))
  func deb() async throws {
    let folder = try TestFolder()
    let sums = try await Self.pack(try await Self.binaries(folder), into: folder.file("out"))
    let files = sums.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    let deb = try #require(files.first { $0.hasPrefix("culprit-agent_") })
    let host = try await SeparateHost.start(
      hostKey: try await KeyPair.make(in: folder, name: "host"), logins: [:])
    try await host.output("dpkg --install '\(folder.file("out/\(deb)"))'")
    let account = try await host.output("getent passwd culprit; getent shadow culprit")
    #expect(account.contains(":/var/lib/culprit-agent:/bin/sh\nculprit:*:"), "\(account)")
    #expect(try await host.output("culprit-agent version") == "culprit-agent 7.8.9")
    try await host.output("dpkg --purge culprit-agent")
    let left = try await host.run(
      "ls -d /etc/culprit /var/spool/culprit /var/lib/culprit-agent /usr/bin/culprit-agent; "
        + "getent passwd culprit; getent group culprit")
    #expect(left.outputText.isEmpty, "\(left)")
  }

  @Test(
    "exposes no more than 3.0, and systemd takes it",
    .enabled(if: Machine.has("systemd-analyze"), "needs systemd-analyze"),
    arguments: ["culprit-agent", "culprit-collect"])
  func unit(name: String) async throws {
    let path = "\(Self.deploy)/\(name).service"
    let security = try await Program.run([
      "systemd-analyze", "security", "--offline=true", "--threshold=30", path,
    ])
    #expect(security.code == 0, "\(security)")
    // The program isn't installed here.
    let folder = try TestFolder()
    let text = TestFolder.text(path).replacing(#/ExecStart=\S+/#, with: "ExecStart=/bin/true")
    let copy = try folder.write(text, to: "\(name).service")
    let verified = try await Program.run(["systemd-analyze", "verify", copy])
    #expect(verified.code == 0 && verified.error.isEmpty, "\(verified)")
  }

  @Test("sudo takes its template", .enabled(if: Machine.has("visudo"), "needs sudo"))
  func sudoers() async throws {
    let check = try await Program.run(["visudo", "-cf", "\(Self.deploy)/sudoers"])
    #expect(check.code == 0, "\(check)")
  }
}
