import CSystem
import Foundation
import Glibc

/// What a service's manager wants to hear of it (sd_notify(3)): that it has begun, that it is alive,
/// that it ends. Silent where none listens.
public struct ServiceManager {
  private let socketPath: String?
  /// How often a sign of life is due; `nil` where nobody waits for one.
  private let signSeconds: Double?
  private var lastSign: ContinuousClock.Instant?

  /// - Parameter environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read. Sockets
  ///   without a file are left alone: systemd gives those to containers only.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let path = environment["NOTIFY_SOCKET"] ?? ""
    socketPath = path.hasPrefix("/") ? path : nil
    let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    let limit = environment["WATCHDOG_USEC"].flatMap(Double.init) ?? 0
    // Twice in the time allowed, as sd_watchdog_enabled(3) advises.
    signSeconds = isForUs && limit > 0 ? limit / 2_000_000 : nil
  }

  public func hasBegun() { tell("READY=1") }
  public func isEnding() { tell("STOPPING=1") }

  /// Says that all goes on, where that is due. It is for a loop to call that would stand still with
  /// what it watches over.
  public mutating func showLife() {
    guard let signSeconds else { return }
    if let lastSign, .now - lastSign < .seconds(signSeconds) { return }
    lastSign = .now
    tell("WATCHDOG=1")
  }

  /// One datagram. Whoever doesn't take it isn't waited for.
  private func tell(_ text: String) {
    guard let socketPath else { return }
    let socket = culprit_unix_connect(socketPath, 1)
    guard socket >= 0 else { return }
    defer { close(socket) }
    let bytes = Array(text.utf8)
    _ = send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
  }
}
