import Bytes
import Encap

// The fields of `encap … --json`; `culprit deploy` reads them, so names stay.
extension JSONWriter {
  mutating func texts(_ name: String, _ texts: [String]) {
    key(name)
    array { json in
      for text in texts { json.value(text) }
    }
  }

  mutating func write(_ outcome: EncapOutcome) {
    let counts = EncapCounts(outcome.status == .failed ? [] : outcome.steps)
    field("verb", outcome.verb)
    field("package", outcome.package?.description)
    field("status", outcome.status.rawValue)
    texts("previous", outcome.previous.map(\.description))
    field("made", counts.made)
    field("replaced", counts.replaced)
    field("removed", counts.removed)
    field("unchanged", outcome.unchanged)
    key("changes")
    array { json in
      for step in outcome.steps { json.object { $0.write(step) } }
    }
    key("conflicts")
    array { json in
      for conflict in outcome.conflicts { json.object { $0.write(conflict) } }
    }
    key("scripts")
    array { json in
      for script in outcome.scripts { json.object { $0.write(script) } }
    }
    texts("purged", outcome.purged.map(\.description))
    texts("notes", outcome.notes)
  }

  private mutating func write(_ step: EncapStep) {
    func shown(_ text: [UInt8]?) -> String? {
      text.map { Printable.text($0.span, limit: 5000) }
    }
    switch step {
    case .makeFolder: field("do", "make-folder")
    case .link(_, let text, let old):
      field("do", "link")
      field("to", shown(text))
      field("instead_of", shown(old))
    case .unfold(_, let old, let contents):
      field("do", "unfold")
      field("names", contents.count)
      field("instead_of", shown(old))
    case .fold(_, let text, let contents):
      field("do", "fold")
      field("names", contents.count)
      field("to", shown(text))
    case .unlink(_, let text):
      field("do", "unlink")
      field("to", shown(text))
    case .removeFolder: field("do", "remove-folder")
    }
    field("path", step.path.description)
  }

  private mutating func write(_ conflict: EncapConflict) {
    field("path", conflict.path.description)
    field("kind", conflict.kind.rawValue)
    field("what", conflict.what)
    field("remedy", conflict.remedy)
    field("required", conflict.isRequired)
  }

  private mutating func write(_ script: ScriptResult) {
    field("script", script.script)
    field("package", script.package.description)
    field("code", script.code.map(Int.init))
    field("output", script.output)
    field("trouble", script.trouble)
  }

  mutating func write(_ drift: EncapDrift) {
    object { json in
      json.field("kind", drift.kind.rawValue)
      json.field("path", drift.path.description)
      json.field("what", drift.what)
    }
  }

  mutating func writeCheck(_ state: EncapState) {
    writeState(state)
    key("drift")
    array { json in
      for drift in state.drift { json.write(drift) }
    }
  }

  mutating func writeListed(_ state: EncapState) {
    writeState(state)
    field("description", state.info?.description.map { Printable.text($0) })
    field("platform", state.info?.platform.map { Printable.text($0) })
  }

  private mutating func writeState(_ state: EncapState) {
    field("package", state.package.description)
    field("name", state.package.name)
    field("version", state.package.version?.description)
    field("linked", state.isWhole ? "whole" : state.isLinked ? "partly" : "no")
    field("right", state.right)
    field("wanted", state.wanted)
    field("sha256", state.archive)
  }
}
