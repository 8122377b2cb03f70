import Foundation
import Logging
import SSHFleet
import Synchronization
import TestSupport

/// Takes a host's stream and keeps what it was told, with the times.
final class LinkRecorder: LinkDelegate {
  struct Change {
    var time: Double
    var state: LinkState
  }

  struct Record {
    var changes: [Change] = []
    var opens = 0
    var received: [UInt8] = []
    var receivedErrors: [UInt8] = []
    var receivedErrorCount = 0
    var ends: [Int32?] = []
    var answers: [[UInt8]?] = []
    var drains = 0

    var state: LinkState? { changes.last?.state }
    var rows: Int { received.count { $0 == UInt8(ascii: "\n") } }
    var text: String { String(decoding: received, as: UTF8.self) }
    var errorText: String { String(decoding: receivedErrors, as: UTF8.self) }

    /// The failures so far, in order.
    var failures: [LinkFailure] {
      changes.compactMap { change in
        switch change.state {
        case .backingOff(let failure, _), .given(up: let failure): failure
        default: nil
        }
      }
    }

    var isConnected: Bool { if case .connected = state { true } else { false } }
    var isGivenUp: Bool { if case .given = state { true } else { false } }
  }

  private let record = Mutex(Record())
  private let question = Mutex<String?>(nil)
  /// What is sent at the next bytes, and a piece each time what was sent before has left.
  private let output = Mutex<[UInt8]>([])
  private let pieces = Mutex<[[UInt8]]>([])
  /// Longest standard error kept: the rest is counted.
  private static let errorLimit = 10_000

  var now: Record { record.withLock { $0 } }

  func linkDidChange(to state: LinkState) {
    record.withLock { $0.changes.append(Change(time: Monotonic.now, state: state)) }
  }

  /// Asks this beside the stream, at its next bytes.
  func ask(_ command: String) {
    question.withLock { $0 = command }
  }

  func linkDidAnswer(_ answer: [UInt8]?) {
    record.withLock { $0.answers.append(answer) }
  }

  /// Writes this to the command's standard input, at its next bytes.
  func send(_ bytes: [UInt8]) {
    output.withLock { $0 += bytes }
  }

  /// Writes these, one at a time, each when the one before has left.
  func send(piecewise new: [[UInt8]]) {
    pieces.withLock { $0 = new.reversed() }
  }

  func linkDidDrain() -> [UInt8] {
    record.withLock { $0.drains += 1 }
    return pieces.withLock { $0.popLast() ?? [] }
  }

  func linkDidOpen() {
    record.withLock { $0.opens += 1 }
  }

  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var isProgress = false
    record.withLock { record in
      for index in bytes.indices {
        record.received.append(bytes[index])
        if bytes[index] == UInt8(ascii: "\n") { isProgress = true }
      }
    }
    let question = question.withLock { question in
      defer { question = nil }
      return question
    }
    var feedback = LinkFeedback(isProgress: isProgress, question: question)
    feedback.output = output.withLock { output in
      defer { output = [] }
      return output
    }
    return feedback
  }

  func linkDidReceiveError(_ bytes: Span<UInt8>) {
    record.withLock { record in
      record.receivedErrorCount += bytes.count
      guard record.receivedErrors.count < LinkRecorder.errorLimit else { return }
      for index in bytes.indices { record.receivedErrors.append(bytes[index]) }
    }
  }

  func linkDidEnd(status: Int32?) -> LinkFailure {
    record.withLock { $0.ends.append(status) }
    return LinkFailure(.unreachable, "ended with \(status.map(String.init) ?? "no status")")
  }

  /// Waits until `condition` holds for what was recorded, and returns that.
  @discardableResult
  func wait(
    for what: String, within seconds: Double = 30, _ condition: (Record) -> Bool
  ) async throws -> Record {
    try await eventually(
      what, within: seconds,
      detail: { "states: \(self.now.changes.map(\.state))\nstderr: \(self.now.errorText)" }
    ) {
      let now = self.now
      return condition(now) ? now : nil
    }
  }

  /// Waits for the first failure.
  func failure(within seconds: Double = 60) async throws -> LinkFailure {
    let record = try await wait(for: "a failure", within: seconds) { !$0.failures.isEmpty }
    guard let failure = record.failures.first else { throw TestTrouble("no failure") }
    return failure
  }
}

/// Runs `body` with a fleet that is stopped when it ends.
func withFleet(
  _ options: FleetOptions = .hermetic, _ body: (Fleet) async throws -> Void
) async throws {
  let fleet = try Fleet(
    options: options, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  fleet.start()
  defer { fleet.stop() }
  try await body(fleet)
}

extension FleetOptions {
  /// Reads no configuration of whoever runs the tests.
  static var hermetic: FleetOptions {
    var options = FleetOptions()
    options.sshConfigFile = "none"
    return options
  }
}

extension SSHServer {
  /// A row every fifth of a second, for as long as somebody reads.
  static let rows = "while echo row; do sleep 0.2; done"

  /// A target at this server: its known host key and its login key, unless others are given.
  func target(
    _ name: String = "web1", address: String = "127.0.0.1", command: String = SSHServer.rows,
    identities: [String]? = nil, knownHosts: String? = nil, interval: Int = 1,
    transport: Transport = .libssh2
  ) throws -> FleetTarget {
    FleetTarget(
      name: name, address: address, transport: transport,
      explicit: LinkSettings(
        user: Machine.user, port: port, identities: identities ?? [login.path],
        knownHosts: [try knownHosts ?? self.knownHosts()]),
      command: command, intervalSeconds: interval)
  }
}

let needsSSHD = "needs openssh-server and openssh-client"
