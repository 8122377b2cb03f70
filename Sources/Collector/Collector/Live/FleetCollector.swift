import Foundation
import Logging
import Records
import SSHFleet
import Synchronization

/// Keeps a fleet connected and hands its samples and states to the queues it was given.
public final class FleetCollector: Sendable {
  private let fleet: Fleet
  private let queues: [FleetEventQueue]
  private let backFill: BackFill?
  private let desk: QuestionDesk?
  private let targets = Mutex<[String: FleetTarget]>([:])
  private let temporaryAgent: TemporaryAgent?
  private let log: Logger

  /// - Parameters:
  ///   - backFill: what is stored of agents' streams, where they are recorded: what is missing is
  ///     fetched. Without it frames are only followed.
  ///   - desk: where others' questions for the hosts' agents come from.
  ///   - temporaryAgent: what the targets' commands may ask for.
  public init(
    options: FleetOptions, queues: [FleetEventQueue], backFill: BackFill? = nil,
    desk: QuestionDesk? = nil, temporaryAgent: TemporaryAgent? = nil, log: Logger
  ) throws(LinkFailure) {
    self.backFill = backFill
    self.desk = desk
    fleet = try Fleet(options: options, log: log)
    self.queues = queues
    self.temporaryAgent = temporaryAgent
    self.log = log
  }

  /// Bytes that all hosts' streams brought since the start.
  public var receivedBytes: Int64 { fleet.receivedBytes }

  public func start(_ targets: [FleetTarget]) {
    fleet.start()
    apply(targets)
  }

  /// What changed in the fleet.
  public struct Change: Equatable, Sendable {
    public var added: [String] = []
    public var removed: [String] = []
    public var changed: [String] = []

    public var description: String {
      "\(added.count) added, \(removed.count) removed, \(changed.count) changed"
    }
  }

  /// Makes the fleet what `new` says: hosts that stay as they were keep their connection; those
  /// that were given up (refused or unknown keys) are tried again.
  @discardableResult
  public func apply(_ new: [FleetTarget]) -> Change {
    backFill?.connect({ [weak fleet] in fleet?.nudge($0) }, hosts: new.count)
    desk?.connect({ [weak fleet] in fleet?.nudge($0) })
    let wanted = Dictionary(new.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var change = Change()
    let old = targets.withLock { targets in
      let old = targets
      targets = wanted
      return old
    }
    for name in old.keys where wanted[name] == nil { change.removed.append(name) }
    for target in new where wanted[target.name] == target {
      if old[target.name] == nil {
        change.added.append(target.name)
      } else if old[target.name] != target {
        change.changed.append(target.name)
      } else {
        fleet.retry(target.name)
      }
    }
    for name in change.removed { fleet.remove(name) }
    for name in change.added + change.changed {
      guard let target = wanted[name] else { continue }
      fleet.add(
        target,
        delegate: HostFeed(
          target: target, queues: queues, backFill: backFill, desk: desk,
          temporaryAgent: temporaryAgent))
    }
    return change
  }

  /// Closes every connection; returns when the last is closed.
  public func stop() {
    fleet.stop()
  }
}
