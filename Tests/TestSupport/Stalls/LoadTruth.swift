import Foundation
import Glibc

/// What `culprit-test-load` says that it did: one line of JSON.
public struct LoadTruth: Decodable, Sendable {
  public var verb: String
  /// The process that did it, or whose children did.
  public var pid: pid_t
  /// Bytes given to write(2), or had from read(2), all threads and children together.
  public var written: Int64?
  public var read: Int64?
  public var threads: Int?
  /// The threads that moved the bytes; with one thread that is the leader, unless it was told not to.
  public var tids: [pid_t]?
  public var children: Int?
  public var pids: [pid_t]?
  /// How often all of the `active` woke, together.
  public var wakes: Int64?
  /// `delete-dirty`: who is charged the cancelled bytes.
  public var deleter: pid_t?
  /// `vfork`: who waits; `pid` is the child.
  public var parent: pid_t?
  /// How long the work took; for a lock how long it was waited for.
  public var seconds: Double?
}
