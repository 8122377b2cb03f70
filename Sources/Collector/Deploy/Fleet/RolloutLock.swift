import Collector
import Foundation

/// The right to roll out to a fleet: one process of a user's at a time. Nobody holds it once that
/// process is gone, however it ended (flock(2)). Other operators' roll-outs meet at the hosts'
/// own locks.
public struct RolloutLock: ~Copyable {
  private let descriptor: Int32

  public static var usualPath: String { "\(StandardPlaces.stateFolder)/deploy.lock" }

  deinit { close(descriptor) }

  public init(_ path: String = RolloutLock.usualPath) throws(DeployError) {
    if path.hasPrefix(StandardPlaces.stateFolder + "/") { try? StandardPlaces.makeStateFolder() }
    let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard number >= 0 else { throw .system(path: path, call: "open", errno: errno) }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let pid = RolloutLock.holder(number)
      close(number)
      guard code == EWOULDBLOCK else { throw .system(path: path, call: "flock", errno: code) }
      throw .busy(path: path, pid: pid)
    }
    descriptor = number
    // Who holds it is a courtesy: where that can't be written, it is held all the same.
    let text = Array("\(getpid())\n".utf8)
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
  }

  private static func holder(_ descriptor: Int32) -> pid_t {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let digits = bytes.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }
    return pid_t(String(decoding: digits, as: UTF8.self)) ?? 0
  }
}
