import Foundation
import TestSupport
import Testing

@testable import Deploy

/// The package as bytes, without any host.
@Suite struct AgentPackageTests {
  /// An executable of this machine as far as its header goes.
  private static func program(
    machine: UInt8 = 62, size: Int = 3000, in folder: TestFolder
  ) throws -> AgentProgram {
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 11)
    bytes += [machine, 0] + (0..<(size - 20)).map { UInt8($0 % 251) }
    return try AgentProgram(path: try folder.write(bytes, to: "agent-\(machine)-\(size)"))
  }

  @Test("is the same bytes each time, and tar and sha256sum read them", arguments: [512, 3000])
  func reproducible(size: Int) async throws {
    let folder = try TestFolder()
    let program = try Self.program(size: size, in: folder)
    let package = try AgentPackage(program, version: "1.2.3+4", modified: 1_700_000_000)
    #expect(
      try AgentPackage(program, version: "1.2.3+4", modified: 1_700_000_000).tar == package.tar)
    try folder.write(package.tar, to: "x.tar")
    try await Program.output("tar", "-C", folder.path, "-xf", folder.file("x.tar"))
    let root = folder.file("culprit-agent-1.2.3+4")
    let check = try await Program.run([
      "sh", "-c", "cd '\(root)' && sha256sum --strict -c SHA256SUMS && find . -type f | wc -l",
    ])
    #expect(check.code == 0 && check.outputText.hasSuffix("\n6\n"), "\(check)")
    let sums = TestFolder.text("\(root)/SHA256SUMS")
    #expect(Checksum.of(Array(sums.utf8)) == package.checksum && sums == package.sums)
    let whole = try await Program.output("sha256sum", folder.file("x.tar"))
    #expect(whole.hasPrefix(package.archiveChecksum))
    let listing = try await Program.output("tar", "-tvf", folder.file("x.tar"))
    #expect(
      listing.contains("-rwxr-xr-x root/root") && listing.contains("2023-11-14"), "\(listing)")
    // Everything but the executable is small.
    #expect(package.head.count + package.tail.count < 64 << 10)
  }

  @Test("has the files that are in the repository") func files() async throws {
    let folder = try TestFolder()
    let package = try AgentPackage(try Self.program(in: folder), version: "1")
    for file in ["config/agent.toml", "deploy/culprit-agent.service", "deploy/culprit-agent.init"] {
      let text = TestFolder.text("\(Machine.packageRoot)/\(file)")
      #expect(!text.isEmpty && package.head.firstRange(of: Array(text.utf8)) != nil, "\(file)")
    }
  }

  @Test(
    "takes no version that could leave its folder, or a shell's quotes",
    arguments: [
      "", ".", "..", "../1", "1/2", "/etc", "1-2", "1 2", "1;rm", "$(x)", "`x`", "1'", "1\n2", "é",
      "1*", String(repeating: "1", count: 65),
    ])
  func badVersions(text: String) throws {
    #expect(throws: DeployError.self) { try PackageVersion(text) }
  }

  @Test(arguments: ["0.3.0", "0.3.0+2", "1.0rc1", "2024.07_x", "1~beta"])
  func goodVersions(text: String) throws {
    #expect(try PackageVersion(text).name.description == "culprit-agent-\(text)")
  }

  @Test("is of nothing but an executable of a machine that we know") func executables() throws {
    let folder = try TestFolder()
    #expect(try Self.program(machine: 62, in: folder).machine == "x86_64")
    #expect(try Self.program(machine: 183, in: folder).machine == "aarch64")
    #expect(throws: DeployError.self) { try Self.program(machine: 3, in: folder) }
    let script = try folder.write("#!/bin/sh\n\(String(repeating: "x", count: 100))", to: "script")
    #expect(throws: DeployError.self) { try AgentProgram(path: script) }
    #expect(throws: DeployError.self) { try AgentProgram(path: folder.file("none")) }
    // Of another machine nobody can ask it.
    let program = try Self.program(machine: 183, in: folder)
    #expect(throws: DeployError.self) { try AgentPackage(program) }
    #expect(try AgentPackage(program, version: "1").version.description == "1")
  }

  @Test("isn't called another version than its agent says") func otherVersion() async throws {
    let program = try AgentProgram(path: Machine.executable("culprit-agent"))
    let own = try #require(program.version)
    #expect(try AgentPackage(program).version.description == own)
    #expect(try AgentPackage(program, version: "\(own)+7").version.description == "\(own)+7")
    #expect(throws: DeployError.self) { try AgentPackage(program, version: "99.1") }
  }
}
