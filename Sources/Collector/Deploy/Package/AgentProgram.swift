import Bytes
import Collector
import Foundation
import SSHFleet

/// The agent's executable that is rolled out.
public struct AgentProgram: Sendable {
  public let path: String
  public let bytes: [UInt8]
  /// SHA-256, in hexadecimal digits.
  public let checksum: String
  /// What `uname -m` prints where it runs.
  public let machine: String
  /// What it says of itself; `nil` where it can't be run here, being another machine's.
  public let version: String?
  /// The same in fewer bytes.
  let packed: PackedProgram

  /// Larger programs are none of ours.
  static let bytesLimit = 256 << 20

  /// - Parameter path: where it is; the one beside `culprit`, or in PATH, without it.
  public init(path: String? = nil) throws(DeployError) {
    // A program without a slash would be looked for in PATH.
    let path =
      if let path { URL(fileURLWithPath: path).path } else { try AgentProgram.usualPath() }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .agentFile(path: path, why: "it can't be read")
    }
    try self.init(path: path, bytes: [UInt8](data))
  }

  init(path: String, bytes: [UInt8]) throws(DeployError) {
    guard bytes.count <= AgentProgram.bytesLimit else {
      throw .agentFile(path: path, why: "it has more than \(AgentProgram.bytesLimit >> 20) MiB")
    }
    guard let machine = AgentProgram.machine(of: bytes) else {
      throw .agentFile(path: path, why: "no Linux executable for x86-64 or arm64")
    }
    guard let checksum = Checksum.of(bytes) else {
      throw .agentFile(path: path, why: "libcrypto has no SHA-256")
    }
    self.path = path
    self.bytes = bytes
    self.machine = machine
    self.checksum = checksum
    packed = PackedProgram(bytes)
    version = AgentProgram.version(of: path)
  }

  private static func usualPath() throws(DeployError) -> String {
    switch LocalAgent.find() {
    case .found(let path): return path
    case .missing(let why): throw .noAgent(why)
    }
  }

  /// What `e_machine` says (elf(5)): 64 bits, little endian, of a machine that we build for.
  static func machine(of bytes: [UInt8]) -> String? {
    guard bytes.count > 64, bytes.prefix(6).elementsEqual([0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      return nil
    }
    switch UInt16(bytes[18]) | UInt16(bytes[19]) << 8 {
    case 62: return "x86_64"
    case 183: return "aarch64"
    default: return nil
    }
  }

  /// How long it may take to say its version.
  private static let versionSeconds = 5.0

  private static func version(of path: String) -> String? {
    let answer = try? runProgram([path, "version"], seconds: versionSeconds)
    let words = answer?.output?.split(whereSeparator: \.isWhitespace) ?? []
    guard words.count == 2, words[0] == "culprit-agent" else { return nil }
    return String(words[1])
  }
}

enum Checksum {
  /// SHA-256 in hexadecimal digits, as sha256sum(1) prints it; `nil` where libcrypto refuses.
  static func of(_ bytes: [UInt8]) -> String? {
    SHA256Digest.of(bytes)?.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0\(digits)" : digits
    }.joined()
  }
}
