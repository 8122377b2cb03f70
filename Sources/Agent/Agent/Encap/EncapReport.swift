import Bytes
import Encap

/// Says what was done with packages: as text for people, or a line of JSON for each thing.
struct EncapReport {
  private let isJSON: Bool
  private let isDryRun: Bool
  private let verb: EncapArguments.Verb
  private let places: EncapPlaces

  init(_ arguments: EncapArguments) {
    isJSON = arguments.isJSON
    isDryRun = arguments.options.isDryRun
    verb = arguments.verb
    places = arguments.places
  }

  private var target: String { Printable.text(places.target, limit: 200) }

  private func line(_ text: String) { Output.write(text + "\n") }

  private func json(_ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    writer.object(body)
    line(writer.text)
  }

  func show(_ error: EncapError) {
    Output.complain(error.description)
    guard isJSON else { return }
    json { json in
      json.field("verb", verb.rawValue)
      json.field("status", "error")
      json.field("error", error.description)
    }
  }

  func show(_ drift: EncapDrift) {
    guard isJSON else { return line(drift.description) }
    json { json in
      json.field("package", nil as String?)
      json.key("drift")
      json.array { $0.write(drift) }
    }
  }

  /// An upgrade of all that is linked, where nothing is.
  func showNothingLinked() {
    if !isJSON { line("nothing is linked into \(target)") }
  }

  // MARK: changes

  func show(_ outcome: EncapOutcome) {
    guard !isJSON else { return json { $0.write(outcome) } }
    for note in outcome.notes { line("note: \(note)") }
    for script in outcome.scripts where !script.output.isEmpty {
      let lines = script.output.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
      line("\(script.script) of \(script.package):\n\(lines)")
    }
    if outcome.status == .planned { for step in outcome.steps { line(step.sentence) } }
    if outcome.status == .failed || outcome.status == .partial { showTrouble(outcome) }
    let isOnlyPurge = outcome.package == nil && outcome.steps.isEmpty && !outcome.purged.isEmpty
    if outcome.status != .failed, !isOnlyPurge { line(summary(outcome)) }
    for package in outcome.purged {
      line(
        "\(package) \(outcome.status == .planned ? "would be" : "was") removed from \(places.source)"
      )
    }
  }

  private func showTrouble(_ outcome: EncapOutcome) {
    let package = outcome.package.map(\.description) ?? "the package"
    if outcome.conflicts.isEmpty {
      Output.complain("\(verb.rawValue) of \(package) failed")
    } else if outcome.status == .failed {
      Output.complain("\(package) can't be linked into \(target), and nothing was changed:")
    } else {
      Output.complain("\(package) is linked into \(target) only in part:")
    }
    for conflict in outcome.conflicts { Output.complain("  \(conflict)") }
  }

  private func summary(_ outcome: EncapOutcome) -> String {
    let previous = outcome.previous.map(\.description).joined(separator: ", ")
    guard let package = outcome.package else {
      switch outcome.status {
      case .noop: return "nothing of it is linked into \(target)"
      case .planned: return "\(previous): nothing was changed (--dry-run)"
      default: return "\(previous) is no longer linked into \(target): \(counts(outcome.steps))"
      }
    }
    let instead = previous.isEmpty ? "" : ", instead of \(previous)"
    switch outcome.status {
    case .noop where outcome.unchanged == 0: return "\(package) has nothing to be linked"
    case .noop:
      return "\(package) is linked into \(target) already (\(EncapReport.links(outcome.unchanged)))"
    case .planned: return "\(package)\(instead): nothing was changed (--dry-run)"
    default: return "\(package) is linked into \(target)\(instead): \(counts(outcome.steps))"
    }
  }

  private func counts(_ steps: [EncapStep]) -> String {
    let counts = EncapCounts(steps)
    let parts = [
      (counts.made, "made"), (counts.replaced, "replaced"), (counts.removed, "removed"),
    ].filter { $0.0 > 0 }.map { "\(EncapReport.links($0.0)) \($0.1)" }
    return parts.isEmpty ? "no links" : parts.joined(separator: ", ")
  }

  private static func links(_ count: Int) -> String {
    count == 1 ? "1 link" : "\(count) links"
  }

  // MARK: looking

  func showCheck(_ state: EncapState) {
    guard !isJSON else { return json { $0.writeCheck(state) } }
    for drift in state.drift { line("\(state.package): \(drift)") }
    if state.drift.isEmpty { line("\(state.package): fine, \(EncapReport.links(state.right))") }
  }

  func showList(_ states: [EncapState]) {
    guard !isJSON else {
      for state in states { json { $0.writeListed(state) } }
      return
    }
    let width = states.map { $0.package.description.utf8.count }.max() ?? 0
    for state in states {
      let name = state.package.description
      let linked = state.isWhole ? "linked" : state.isLinked ? "partly" : "-"
      let gap = String(repeating: " ", count: width - name.utf8.count + 2)
      let about = state.info?.description.map { "  " + Printable.text($0, limit: 100) } ?? ""
      line(
        name + gap
          + (about.isEmpty
            ? linked : linked + String(repeating: " ", count: 6 - linked.count) + about))
    }
  }

  func show(_ collected: EncapPrefix.Collected) {
    guard !isJSON else {
      return json { json in
        json.field("verb", verb.rawValue)
        json.texts("removed", collected.removed.map(\.description))
        json.texts("kept", collected.kept.map(\.description))
        json.texts("notes", collected.notes)
      }
    }
    for note in collected.notes { line("note: \(note)") }
    let done = isDryRun ? "would be removed" : "removed"
    for package in collected.removed { line("\(package) \(done)") }
    line("\(collected.removed.count) \(done), \(collected.kept.count) kept")
  }

  func show(_ unpacked: Unpacking.Unpacked) {
    guard !isJSON else {
      return json { json in
        json.field("verb", verb.rawValue)
        json.field("package", unpacked.package.description)
        json.field("status", unpacked.wasThere ? "noop" : "success")
        json.field("sha256", unpacked.archive)
        json.field("files", unpacked.files)
        json.field("bytes", Int64(clamping: unpacked.bytes))
      }
    }
    let what = unpacked.wasThere ? "is there already, of the same archive" : "is unpacked"
    line(
      "\(unpacked.package) \(what) in \(Printable.text(places.source, limit: 200)): \(unpacked.files) files, "
        + "\(unpacked.bytes) bytes, SHA-256 \(unpacked.archive)")
  }
}

/// Links that steps make, replace and remove.
struct EncapCounts {
  private(set) var made = 0
  private(set) var replaced = 0
  private(set) var removed = 0

  init(_ steps: [EncapStep]) {
    for step in steps {
      switch step {
      case .link(_, _, replacing: nil): made += 1
      case .link: replaced += 1
      case .unfold(_, _, let contents):
        made += contents.count { $0.text != nil }
        removed += 1
      case .fold(_, _, let contents):
        made += 1
        removed += contents.count { $0.text != nil }
      case .unlink: removed += 1
      case .makeFolder, .removeFolder: break
      }
    }
  }
}

extension EncapStep {
  /// What it would do.
  fileprivate var sentence: String {
    func shown(_ text: [UInt8]) -> String { Printable.text(text.span, limit: 300) }
    switch self {
    case .makeFolder: return "would make the folder \(path)"
    case .link(_, let text, nil): return "would link \(path) -> \(shown(text))"
    case .link(_, let text, let old?):
      return "would link \(path) -> \(shown(text)), instead of \(shown(old))"
    case .unfold(_, let old, let contents):
      return
        "would make the folder \(path) with \(contents.count) names in it, instead of a link to "
        + shown(old)
    case .fold(_, let text, let contents):
      return "would link \(path) -> \(shown(text)), instead of a folder with \(contents.count) "
        + "names in it"
    case .unlink(_, let text): return "would remove the link \(path) -> \(shown(text))"
    case .removeFolder: return "would remove the empty folder \(path)"
    }
  }
}
