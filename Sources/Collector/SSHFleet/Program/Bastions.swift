import CSystem
import Foundation
import Synchronization

/// The bastions that hosts are reached through: one ssh process and one login for each, however
/// many hosts are behind it.
///
/// The program is OpenSSH's, for a bastion may want what libssh2 doesn't know, and libssh2 1.10
/// can't carry many busy channels in one session (a write that has to wait blocks all others).
/// Each host behind it is a forwarded Unix socket, which its libssh2 session connects to.
final class Bastions: Sendable {
  private struct State {
    var masters: [String: BastionMaster] = [:]
    var folder: String?
    var sockets = 0
    var isStopped = false
  }

  private let options: FleetOptions
  private let state = Mutex(State())

  init(options: FleetOptions) {
    self.options = options
  }

  /// Asks for the socket that leads to `host`:`port` behind `jump`. `completion` is called once,
  /// on any thread. `loop` watches the bastion's process if this is the first to ask.
  func forward(
    through jump: String, host: String, port: UInt16, target: FleetTarget, loop: EventLoop,
    completion: @escaping @Sendable (Result<String, LinkFailure>) -> Void
  ) {
    guard let master = master(of: jump, target, loop) else { return }
    master.loop.post { master.forward(to: placeText(host, port: port), completion) }
  }

  /// Asks for the control socket of the login at `jump`, for a program that goes through it.
  func logIn(
    at jump: String, target: FleetTarget, loop: EventLoop,
    completion: @escaping @Sendable (Result<String, LinkFailure>) -> Void
  ) {
    guard let master = master(of: jump, target, loop) else { return }
    master.loop.post { master.logIn(completion) }
  }

  /// Somebody may have mended what was wrong: every bastion may be tried again.
  func forgive() {
    for master in state.withLock({ Array($0.masters.values) }) {
      master.loop.post { master.forgive() }
    }
  }

  /// Hosts that log in with different keys get masters of their own.
  private func master(
    of jump: String, _ target: FleetTarget, _ loop: EventLoop
  ) -> BastionMaster? {
    let keys = SSHProgram.keysForBastion(target)
    let name = ([jump] + keys).joined(separator: "\0")
    return state.withLock { state -> BastionMaster? in
      guard !state.isStopped else { return nil }
      if let known = state.masters[name] { return known }
      let master = BastionMaster(
        jump: jump, keys: keys, options: options, loop: loop, bastions: self)
      state.masters[name] = master
      return master
    }
  }

  /// A name for a Unix socket that was never used, in a folder that only we can enter.
  func newSocketPath() -> String? {
    state.withLock { state in
      if state.folder == nil { state.folder = Bastions.makeFolder() }
      state.sockets += 1
      return state.folder.map { "\($0)/\(state.sockets)" }
    }
  }

  /// sun_path holds 108 bytes, and ssh makes its socket under a longer name first.
  private static func makeFolder() -> String? {
    let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]
    let parents = [runtime, "/run", "/tmp"].compactMap { $0 }.filter { $0.utf8.count < 40 }
    for parent in parents {
      sweep(parent)
      var name = Array("\(parent)/\(prefix)\(getpid())-XXXXXX".utf8CString)
      if mkdtemp(&name) != nil {
        return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      }
    }
    return nil
  }

  private static let prefix = "culprit-ssh-"

  /// Removes what processes of ours that were killed left behind.
  private static func sweep(_ parent: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let digits = name.dropFirst(prefix.count).prefix { $0.isNumber }
      guard let pid = pid_t(digits), pid != getpid(), kill(pid, 0) != 0, errno == ESRCH else {
        continue
      }
      // Another user's can't be removed, and is left alone.
      try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
    }
  }

  /// Ends every master; to be called when the loops have ended.
  func stop() {
    let (masters, folder) = state.withLock { state in
      state.isStopped = true
      defer { state.masters = [:] }
      return (Array(state.masters.values), state.folder)
    }
    for master in masters { master.stop() }
    if let folder { try? FileManager.default.removeItem(atPath: folder) }
  }
}
