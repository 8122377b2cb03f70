import Bytes
import Encap

/// The agent as an Encap package: the same bytes wherever and whenever it is made of the same
/// executable.
///
///     culprit-agent-0.3.0/
///       encapinfo                             what Encap reads; it isn't linked, nor is the next
///       SHA256SUMS                            of all other files, as sha256sum(1) writes it
///       bin/culprit-agent
///       share/culprit/agent.toml              settings, for hosts that have none
///       share/culprit/culprit-agent.service   the unit
///       share/culprit/culprit-agent.init      where there is no systemd
public struct AgentPackage: Sendable {
  public let version: PackageVersion
  public let program: AgentProgram
  /// Of its `SHA256SUMS`, which stands for all that is in it.
  public let checksum: String
  /// The text of `SHA256SUMS`.
  public let sums: String
  /// SHA-256 of the whole tar stream.
  let archiveChecksum: String
  /// The tar stream before and behind the executable, which is sent once and for itself.
  let head: [UInt8]
  let tail: [UInt8]

  /// - Parameters:
  ///   - version: what the package is called; by default what the program says of itself.
  ///   - modified: what its files say about when they were changed, seconds since 1970.
  public init(
    _ program: AgentProgram, version text: String? = nil, modified: UInt64 = 0
  ) throws(DeployError) {
    guard let text = text ?? program.version else {
      throw .agentFile(
        path: program.path,
        why: "it doesn't run here, so nobody knows its version; say it with --version")
    }
    let version = try PackageVersion(text)
    if let own = program.version, own != version.ofProgram {
      throw .version(
        text, why: "\(program.path) is \(own); name the file of that version with --agent-file")
    }
    self.version = version
    self.program = program
    var sums = "\(program.checksum)  \(AgentPackage.programPath)\n"
    for file in AgentPackage.files(program) {
      sums += "\(try AgentPackage.checksum(of: file.bytes, program))  \(file.path)\n"
    }
    self.sums = sums
    checksum = try AgentPackage.checksum(of: Array(sums.utf8), program)
    let tar = AgentPackage.stream(version, program, sums: sums, modified: modified)
    archiveChecksum = try AgentPackage.checksum(of: tar.bytes, program)
    let end = tar.program.upperBound
    (head, tail) = (Array(tar.bytes[..<tar.program.lowerBound]), Array(tar.bytes[end...]))
  }

  /// The whole as a tar stream.
  public var tar: [UInt8] { head + program.bytes + tail }

  private static func checksum(
    of bytes: [UInt8], _ program: AgentProgram
  ) throws(DeployError) -> String {
    guard let sum = Checksum.of(bytes) else {
      throw .agentFile(path: program.path, why: "libcrypto has no SHA-256")
    }
    return sum
  }

  static let programPath = "bin/culprit-agent"

  /// All but the executable and the list of sums.
  private static func files(
    _ program: AgentProgram
  ) -> [(path: String, mode: UInt16, bytes: [UInt8])] {
    let information = """
      encap 2.1
      platform \(program.machine)-linux
      description culprit-agent: who makes the load on a host, who waits, and for what

      """
    return [
      ("encapinfo", 0o644, Array(information.utf8)),
      ("share/culprit/agent.toml", 0o644, PackageResources.agent_toml),
      ("share/culprit/culprit-agent.service", 0o644, PackageResources.culprit_agent_service),
      ("share/culprit/culprit-agent.init", 0o755, PackageResources.culprit_agent_init),
    ]
  }

  private static func stream(
    _ version: PackageVersion, _ program: AgentProgram, sums: String, modified: UInt64
  ) -> (bytes: [UInt8], program: Range<Int>) {
    var writer = TarWriter(modified: modified)
    let root = "\(version.name)"
    func path(_ text: String) -> EncapPath? {
      EncapPath(untrusted: Array((text.isEmpty ? root : "\(root)/\(text)").utf8))
    }
    for folder in ["", "share", "share/culprit"] {
      if let path = path(folder) { writer.addFolder(path) }
    }
    for file in files(program) {
      if let path = path(file.path) { writer.addFile(path, mode: file.mode, file.bytes.span) }
    }
    let list = Array(sums.utf8)
    if let path = path("SHA256SUMS") { writer.addFile(path, list.span) }
    if let path = path("bin") { writer.addFolder(path) }
    // The executable comes last, so that what stands before and behind it is small.
    if let path = path(programPath) { writer.addFile(path, mode: 0o755, program.bytes.span) }
    writer.finish()
    let all = writer.takeBytes()
    // Behind it: zeros to the end of its last block of 512 bytes, and two blocks of them.
    let size = program.bytes.count
    let start = all.count - 1024 - (512 - size % 512) % 512 - size
    return (all, start..<start + size)
  }
}
