import Foundation
import Records
import SSHFleet

/// An agent on its way to a host that has none.
extension HostFeed {
  /// The next piece of the agent.
  func nextOfUpload() -> [UInt8] {
    let bytes = upload?.next() ?? []
    let isDue = uploadTold.map { .now - $0 >= .milliseconds(500) } ?? true
    if isDue { tellUpload() }
    return bytes
  }

  /// That, and how far, the agent is on its way; until it runs, nothing else is to be told.
  func tellUpload() {
    uploadTold = .now
    status.state = .connecting
    status.lastError = "sending the agent: \(upload?.percent ?? 0) %"
    send(.status(status))
  }

  func endUpload() {
    guard upload != nil else { return }
    upload = nil
    status.state = .connected
    status.lastError = nil
    send(.status(status))
  }

  /// The host has no agent, and waits for ours.
  func beginUpload(_ count: Int, _ feedback: inout LinkFeedback) {
    guard let temporaryAgent, upload == nil, !isTemporary, count == temporaryAgent.bytes.count
    else { return }
    isTemporary = true
    // What it was asked before was meant for an agent that wasn't there.
    hasAsked = false
    upload = AgentUpload(temporaryAgent)
    tellUpload()
    feedback.isProgress = true
    feedback.output += upload?.next() ?? []
  }
}
