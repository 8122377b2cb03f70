import Bytes
import Foundation
import SSHFleet

/// This machine's own agent, to be copied to hosts that have none, for a session each. All hosts
/// share one copy in memory.
public final class TemporaryAgent: Sendable {
  /// Why there is none to copy, and what to do about it.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  public let bytes: [UInt8]
  /// SHA-256, in hexadecimal digits.
  public let checksum: String

  /// Larger programs are none of ours.
  static let bytesLimit = 256 << 20
  /// What `uname -sm` prints on a machine that it runs on.
  static let machine: String = {
    #if arch(arm64)
      "Linux aarch64"
    #else
      "Linux x86_64"
    #endif
  }()

  /// Reads the agent that this machine would run itself.
  public convenience init(_ agent: LocalAgent) throws(Problem) {
    guard case .found(let path) = agent else {
      guard case .missing(let why) = agent else { throw Problem(description: "no agent") }
      throw Problem(
        description: "there is no agent to copy: \(why); put one beside culprit, or leave "
          + "--agent temporary out")
    }
    guard let data = FileManager.default.contents(atPath: path), !data.isEmpty,
      data.count <= TemporaryAgent.bytesLimit
    else { throw Problem(description: "can't read \(path)") }
    try self.init([UInt8](data))
  }

  init(_ bytes: [UInt8], checksum: String? = nil) throws(Problem) {
    self.bytes = bytes
    guard let sum = checksum ?? TemporaryAgent.sha256(bytes) else {
      throw Problem(description: "libcrypto has no SHA-256")
    }
    self.checksum = sum
  }

  private static func sha256(_ bytes: [UInt8]) -> String? {
    SHA256Digest.of(bytes)?.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0\(digits)" : digits
    }.joined()
  }

  /// What the host's shell does where it has no agent: makes a private folder where programs run
  /// and there is room, asks for the bytes, checks them, and becomes the agent, which removes file
  /// and folder at once. Whatever ends it before that, the folder goes. It holds no single quote.
  ///
  /// Lines of its own:
  ///
  ///     @send 7234567       the bytes of the agent may be sent
  ///     @agent session      as in `RemoteCommand`: the agent is started
  ///     @fallback …         why there is no agent after all
  ///
  /// - Parameter requestBytes: what standard input begins with, for an agent that isn't there.
  func script(intervalSeconds: Int, requestBytes: Int) -> String {
    let size = bytes.count
    let steps = [
      "w=\"no head, mktemp or sha256sum there\"",
      "for x in head mktemp sha256sum; do command -v $x >/dev/null 2>&1 || return 1; done",
      "head -c \(requestBytes) >/dev/null",
      "x=`uname -sm`; w=\"it is $x, and the agent of this machine is for \(Self.machine): install "
        + "the agent there\"; [ \"$x\" = \"\(Self.machine)\" ] || return 1",
      "umask 077; trap \"rm -rf \\\"\\$d\\\"\" EXIT; trap \"exit 1\" HUP INT TERM PIPE",
      "w=\"no folder there has \(size >> 20) MiB left and lets programs run\"",
      "for p in \"$XDG_RUNTIME_DIR\" /tmp /var/tmp /dev/shm \"$HOME\"; do [ -d \"$p\" ] || continue; "
        + "d=`mktemp -d \"$p/culprit.XXXXXXXXXX\" 2>/dev/null` || { d=; continue; }; "
        + "f=\"$d/culprit-agent\"; "
        + "printf \"#!/bin/sh\\nexit 0\\n\" 2>/dev/null >\"$f\" && chmod 700 \"$f\" "
        + "&& \"$f\" 2>/dev/null </dev/null "
        // Room is taken before anything is sent.
        + "&& head -c \(size) /dev/zero 2>/dev/null >\"$f\" && break; "
        + "rm -rf \"$d\"; d=; done; [ -n \"$d\" ] || return 1",
      // A connection may die without a word; where there is a timeout(1), the folder goes then, too.
      "l=; timeout 9 true >/dev/null 2>&1 && l=\"timeout \(Self.uploadSeconds)\"",
      "w=\"the agent came there damaged, or not within \(Self.uploadSeconds) s\"",
      "echo \"@send \(size)\"; $l head -c \(size) 1<>\"$f\" || return 1",
      "x=`sha256sum <\"$f\"`; case \"$x\" in \(checksum)*) ;; *) return 1 ;; esac",
      "w=\"the agent does not run there\"; \"$f\" version >/dev/null 2>&1 </dev/null || return 1",
      "echo \"@agent session\"; exec \"$f\" run --session --unlink-self --interval "
        + "\(intervalSeconds)s",
    ]
    return "d=; t() { \(steps.joined(separator: "; ")); }; "
      + "t || { rm -rf \"$d\"; trap - EXIT HUP INT TERM PIPE; echo \"@fallback $w\"; }"
  }

  static let uploadSeconds = 600
}

/// The agent on its way to one host.
struct AgentUpload {
  private let agent: TemporaryAgent
  private var sent = 0

  /// Bytes handed over at once: many hosts may be sent to at a time.
  static let pieceBytes = 32 << 10

  init(_ agent: TemporaryAgent) {
    self.agent = agent
  }

  var percent: Int { sent * 100 / max(1, agent.bytes.count) }

  /// What to send next; nothing at the end.
  mutating func next() -> [UInt8] {
    let end = min(agent.bytes.count, sent + AgentUpload.pieceBytes)
    defer { sent = end }
    return Array(agent.bytes[sent..<end])
  }
}
