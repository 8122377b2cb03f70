import Bytes
import Deploy

/// A roll-out as JSON Lines: `event` says what a line is of.
enum RolloutJSON {
  /// `nil` for what isn't told.
  static func line(_ event: RolloutEvent) -> [UInt8]? {
    var writer = JSONWriter()
    writer.object { json in
      switch event {
      case .wave(let number, let count, let hosts):
        json.field("event", "wave")
        json.field("wave", number)
        json.field("waves", count)
        json.key("hosts")
        json.array { list in for host in hosts { list.value(host) } }
      case .step(let host, let step, let stage):
        json.field("event", "step")
        json.field("host", host)
        json.field("step", step.rawValue)
        switch stage {
        case .begun: json.field("stage", "begun")
        case .done(let detail):
          json.field("stage", "done")
          json.field("detail", detail)
        case .failed(let why):
          json.field("stage", "failed")
          json.field("detail", why)
        }
      case .sent: break
      case .ended(let outcome): write(outcome, &json)
      }
    }
    if case .sent = event { return nil }
    return Array(writer.takeLine())
  }

  private static func write(_ outcome: HostOutcome, _ json: inout JSONWriter) {
    json.field("event", "host")
    json.field("host", outcome.host)
    json.field("result", word(outcome.result))
    json.field("version", outcome.version)
    json.field("previous", outcome.previous)
    json.field("sent_bytes", outcome.sentBytes)
    json.field("seconds", outcome.seconds)
    if let failure = outcome.failure {
      json.field("step", failure.step.rawValue)
      json.field("error", failure.description)
    }
    switch outcome.result {
    case .leftHalfDone(_, let why): json.field("undo_error", why)
    case .planned(let what): json.field("plan", what)
    case .looked(let status):
      json.field("healthy", status.trouble == nil)
      json.field("trouble", status.trouble)
      json.field("service", status.service)
      json.field("rollback", status.rollback)
      json.key("drift")
      json.array { list in for text in status.drift { list.value(text) } }
    default: break
    }
    json.key("notes")
    json.array { list in for note in outcome.notes { list.value(note) } }
  }

  private static func word(_ result: HostOutcome.Result) -> String {
    switch result {
    case .installed: "installed"
    case .unchanged: "unchanged"
    case .planned: "planned"
    case .rolledBack: "rolled-back"
    case .removed: "removed"
    case .absent: "absent"
    case .looked: "status"
    case .failed: "failed"
    case .leftHalfDone: "left-half-done"
    case .notTried: "not-tried"
    }
  }
}
