import Bytes

/// An agent on its way to a host that has none, and is asked.
extension AskedHost {
  func take(lines text: [UInt8], _ state: inout State, _ output: inout [UInt8]) {
    guard let agent = question.temporaryAgent else { return }
    var lines = state.lines
    defer { state.lines = lines }
    lines.feed(text.span) { piece, line in
      guard case .line = piece, let greeting = GreetingLine(line) else { return }
      switch greeting {
      case .send(let count) where count == agent.bytes.count && state.upload == nil:
        state.upload = AgentUpload(agent)
        output += AskedHost.nextPiece(&state)
      case .agent where state.upload != nil:
        // What it was asked before was meant for an agent that wasn't there.
        state.upload = nil
        state.stage = "its agent is asked and says nothing"
        output += linkWillStart()
      case .fallback(let why):
        state.upload = nil
        state.fallbackReason = why
      default: return
      }
    }
  }

  private static func nextPiece(_ state: inout State) -> [UInt8] {
    let bytes = state.upload?.next() ?? []
    if let upload = state.upload { state.stage = "sending the agent: \(upload.percent) %" }
    return bytes
  }

  func linkDidDrain() -> [UInt8] { state.withLock { AskedHost.nextPiece(&$0) } }
}
