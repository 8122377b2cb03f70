import Collector
import Foundation
import Logging
import SSHFleet

/// What `collect` keeps running: the connections of a fleet and the history they go into. Both
/// can be changed while it runs.
struct CollectSession {
  /// What is told of the hosts' connections and bursts, for the log and for who is notified.
  let statuses = FleetEventQueue(limit: 10_000, content: .states)
  private let log: Logger
  private var options: FleetOptions
  /// Of the agent that is copied to hosts.
  private var checksum: String?
  private var collector: FleetCollector
  private var recording: Recording
  /// Rows that an earlier history of this session could not take.
  private var lostBefore = 0

  init(_ plan: FleetPlan, path: String, log: Logger) throws {
    self.log = log
    options = plan.options
    checksum = plan.temporaryAgent?.checksum
    recording = try Recording(path: path, plan: plan, log: log)
    collector = try plan.collector(
      [recording.queue, statuses], backFill: recording.backFill, desk: recording.desk, log)
    recording.start()
    collector.start(plan.targets)
  }

  var path: String { recording.path }

  /// Takes over a fleet file that was read again, and says what changed. What can't be taken
  /// over throws, and everything goes on as it was.
  ///
  /// Hosts that stay keep their connection, unless what changed concerns how all are reached or
  /// where rows go. A thread more or less isn't worth connecting anew: that waits for a restart.
  mutating func apply(_ plan: FleetPlan, path new: String) throws -> String {
    guard
      new != path || plan.options.sshConfigFile != options.sshConfigFile
        || plan.temporaryAgent?.checksum != checksum
    else {
      try recording.apply(plan)
      return collector.apply(plan.targets).description
    }
    var next = recording
    if new == path {
      try recording.apply(plan)
    } else {
      next = try Recording(path: new, plan: plan, log: log)
    }
    let connections: FleetCollector
    do {
      connections = try plan.collector(
        [next.queue, statuses], backFill: next.backFill, desk: next.desk, log)
    } catch {
      if next !== recording { next.close() }
      throw error
    }
    collector.stop()
    if next !== recording {
      lostBefore += recording.stop()
      next.start()
    }
    (collector, recording, options) = (connections, next, plan.options)
    checksum = plan.temporaryAgent?.checksum
    collector.start(plan.targets)
    return "\(plan.targets.count) hosts connected anew, recording into \(path)"
  }

  /// Ends everything; returns how many rows were lost since the start.
  func stop() -> Int {
    collector.stop()
    return recording.stop() + lostBefore
  }
}
