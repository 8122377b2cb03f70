import Foundation
import Synchronization

/// The bytes of a private key at an address that doesn't move: libssh2 wants the same pointer
/// each time a step is repeated.
final class PinnedKey: @unchecked Sendable {
  // Written once, in init; read-only from then on, so any thread may read it.
  let bytes: UnsafeBufferPointer<CChar>
  let path: String
  /// `TYPE BASE64`, where the file tells its public key in clear: given it, libssh2 parses the
  /// private key once instead of twice, which is a quarter of the CPU of a connect.
  let publicLine: UnsafeBufferPointer<CChar>

  init(_ file: IdentityFile) {
    let line = Array((file.publicLine ?? "").utf8)
    let lineBuffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: line.count)
    for (index, byte) in line.enumerated() { lineBuffer[index] = CChar(bitPattern: byte) }
    publicLine = UnsafeBufferPointer(lineBuffer)
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: file.bytes.count)
    for (index, byte) in file.bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
    bytes = UnsafeBufferPointer(buffer)
    path = file.path
  }

  deinit {
    // Key material doesn't stay in freed memory.
    let buffer = UnsafeMutableBufferPointer(mutating: bytes)
    buffer.update(repeating: 0)
    buffer.deallocate()
    publicLine.deallocate()
  }
}

/// One way to try to log in.
enum LoginAttempt: Sendable {
  case key(PinnedKey)
  /// Keys of the ssh-agent; only these blobs, where given.
  case agent(socket: String, wanted: [[UInt8]]?)
}

/// The attempts for a host, in order, and what was passed over and why: sshd counts every
/// refused key against us (MaxAuthTries, PerSourcePenalties), so hopeless ones aren't offered.
struct LoginPlan: Sendable {
  var attempts: [LoginAttempt] = []
  var passedOver: [String] = []
  /// Key files that were passed over and that OpenSSH's program can use.
  var programKeys: [String] = []
  /// The same of keys that only the agent has.
  var agentNeedsProgram = false

  /// Most keys offered to one host: sshd allows 6 by default and the last refusal closes.
  static let offerLimit = 5

  init(_ endpoint: Endpoint, keys: IdentityCache) {
    var wantedOfAgent: [[UInt8]] = []
    var loaded: [LoginAttempt] = []
    for path in endpoint.identities {
      switch keys.key(at: path) {
      case .success(.usable(let key)): loaded.append(.key(key))
      case .success(.forAgent(let blob)):
        wantedOfAgent.append(blob)
        if endpoint.agentSocket == nil {
          passedOver.append("\(path) needs a passphrase: load it into an ssh-agent (ssh-add)")
        }
      case .success(.unusable(let reason)):
        passedOver.append("\(path): \(reason)")
        programKeys.append(path)
      case .failure(let failure):
        // OpenSSH's default names may be missing; a file that the user named may not.
        if endpoint.identitiesAreAll { passedOver.append(failure.description) }
      }
    }
    attempts = Array(loaded.prefix(Self.offerLimit))
    guard let socket = endpoint.agentSocket else { return }
    if !endpoint.identitiesAreAll {
      attempts.insert(.agent(socket: socket, wanted: nil), at: 0)
    } else if !wantedOfAgent.isEmpty {
      attempts.append(.agent(socket: socket, wanted: wantedOfAgent))
    }
  }
}

/// Identity files, read once and again only when they changed.
final class IdentityCache: Sendable {
  enum Key: Sendable {
    case usable(PinnedKey)
    /// Encrypted: the agent may hold it under this blob.
    case forAgent([UInt8])
    case unusable(String)
  }

  private let cached = Mutex<[String: (stamp: FileStamp?, key: Key)]>([:])

  func key(at path: String) -> Result<Key, LinkFailure> {
    let stamp = FileStamp(path: path)
    if let hit = cached.withLock({ $0[path] }), hit.stamp == stamp, stamp != nil {
      return .success(hit.key)
    }
    do throws(LinkFailure) {
      let key = IdentityCache.key(of: try IdentityFile(path: path))
      cached.withLock { $0[path] = (stamp, key) }
      return .success(key)
    } catch {
      return .failure(error)
    }
  }

  private static func key(of file: IdentityFile) -> Key {
    switch file.usability {
    case .usable: return .usable(PinnedKey(file))
    case .encrypted:
      guard let blob = file.publicBlob else {
        return .unusable("needs a passphrase; load it into an ssh-agent (ssh-add)")
      }
      return .forAgent(blob)
    case .rsa:
      return .unusable(
        "an RSA key: libssh2 1.10 signs those with SHA-1 only, which OpenSSH refuses since 8.8; "
          + "use an ed25519 key (ssh-keygen -t ed25519)")
    case .unsupported(let what): return .unusable("libssh2 can't use it (\(what))")
    }
  }
}
