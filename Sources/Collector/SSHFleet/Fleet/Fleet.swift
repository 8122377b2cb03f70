import Foundation
import Glibc
import Logging
import Synchronization

/// Keeps a set of hosts connected, each link on one of a few event-loop threads.
public final class Fleet: Sendable {
  private struct State {
    var links: [String: (link: HostLink, loop: EventLoop)] = [:]
    var nextLoop = 0
  }

  private let loops: [EventLoop]
  private let environment: FleetEnvironment
  private let state = Mutex(State())
  private let threads = DispatchGroup()
  private let log: Logger

  public init(options: FleetOptions, log: Logger) throws(LinkFailure) {
    var loops: [EventLoop] = []
    for _ in 0..<max(1, options.threads) { loops.append(try EventLoop()) }
    self.loops = loops
    self.log = log
    environment = FleetEnvironment(options: options)
  }

  /// The version of libssh2 in use.
  public static var libraryVersion: String { LibSSH2.version }

  /// Starts the threads. Once only.
  public func start() {
    raiseDescriptorLimit()
    log.debug("libssh2 \(Fleet.libraryVersion), \(loops.count) event-loop threads")
    for (index, loop) in loops.enumerated() {
      threads.enter()
      let thread = Thread { [threads] in
        loop.run()
        threads.leave()
      }
      thread.name = "culprit-loop-\(index)"
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  /// Bytes that all hosts' streams brought since the start, without what SSH adds.
  public var receivedBytes: Int64 { environment.receivedBytes.load(ordering: .relaxed) }

  /// Connects a host, and keeps it connected. A host of the same name is replaced.
  public func add(_ target: FleetTarget, delegate: any LinkDelegate) {
    let (link, loop, old) = state.withLock { state in
      let old = state.links[target.name]
      // On the same loop, so that the old link's end can't come after the new one's beginning.
      let loop = old?.loop ?? loops[state.nextLoop % loops.count]
      if old == nil { state.nextLoop += 1 }
      let link = HostLink(
        target: target, delegate: delegate, environment: environment, loop: loop)
      state.links[target.name] = (link, loop)
      return (link, loop, old?.link)
    }
    loop.post {
      old?.stop()
      link.start()
    }
  }

  /// Tries a host now that had been given up or is backing off; any other is left alone.
  public func retry(_ name: String) {
    guard let (link, loop) = state.withLock({ $0.links[name] }) else { return }
    environment.bastions.forgive()
    loop.post { link.retry() }
  }

  /// Writes to the standard input of a host's command; dropped where none runs at the moment.
  /// Where more than 16 MiB wait, the link fails.
  public func send(_ name: String, _ bytes: [UInt8]) {
    guard let (link, loop) = state.withLock({ $0.links[name] }) else { return }
    loop.post { link.send(bytes) }
  }

  /// Has a host's delegate asked on its own thread (`linkDidDrain`) for something to send.
  public func nudge(_ name: String) {
    guard let (link, loop) = state.withLock({ $0.links[name] }) else { return }
    loop.post { link.nudge() }
  }

  /// Closes a host's link; its delegate hears of it.
  public func remove(_ name: String) {
    guard let (link, loop) = state.withLock({ $0.links.removeValue(forKey: name) }) else { return }
    loop.post { link.stop() }
  }

  /// Closes every link and ends the threads; returns when they have ended.
  public func stop() {
    for name in state.withLock({ Array($0.links.keys) }) { remove(name) }
    for loop in loops { loop.stop() }
    threads.wait()
    environment.bastions.stop()
  }

  /// Each link needs a descriptor, and the usual soft limit is 1,024.
  private func raiseDescriptorLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
