import Bytes
import Deploy

/// What came of a host, for people.
enum RolloutText {
  /// One line, and one for each thing that people should know.
  static func lines(_ outcome: HostOutcome, _ colours: OutputColours) -> String {
    let host = colours.bold(Printable.text(outcome.host, limit: 80))
    var text = "\(host)  \(summary(outcome, colours))\n"
    for note in details(outcome) { text += "    \(Printable.text(note, limit: 600))\n" }
    return text
  }

  private static func summary(_ outcome: HostOutcome, _ colours: OutputColours) -> String {
    let version = outcome.version ?? ""
    switch outcome.result {
    case .installed:
      let before = outcome.previous.map { $0 == version ? " again" : ", before \($0)" } ?? ""
      return "\(colours.green("installed")) \(version)\(before)  \(cost(outcome))"
    case .unchanged: return "\(colours.green("unchanged")) \(version)  \(cost(outcome))"
    case .planned(let what): return "\(colours.yellow("would")) \(Printable.text(what))"
    case .rolledBack:
      return "\(colours.green("back")) to \(version) from \(outcome.previous ?? "?")"
    case .removed: return colours.green("removed")
    case .absent: return colours.yellow("nothing there")
    case .looked(let status): return looked(status, outcome, colours)
    case .failed(let failure):
      return "\(colours.red("failed")) at \(failure.step.rawValue): "
        + Printable.text(failure.description, limit: 600)
    case .leftHalfDone(let failure, _):
      return "\(colours.red("failed")) at \(failure.step.rawValue), and left half done: "
        + Printable.text(failure.description, limit: 600)
    case .notTried: return colours.faint("not tried")
    }
  }

  private static func looked(
    _ status: HostStatus, _ outcome: HostOutcome, _ colours: OutputColours
  ) -> String {
    let version = outcome.version ?? "?"
    let health = status.trouble == nil ? colours.green("healthy") : colours.red("not healthy")
    let drift = status.drift.isEmpty ? "" : ", \(colours.yellow("drifted"))"
    let back = status.rollback.map { "  (back: \($0))" } ?? ""
    return "\(version)  \(health)\(drift)\(back)"
  }

  private static func details(_ outcome: HostOutcome) -> [String] {
    switch outcome.result {
    case .looked(let status): (status.trouble.map { [$0] } ?? []) + status.drift + outcome.notes
    case .leftHalfDone(_, let why):
      ["what was done could not be taken back: \(why)", "the next run tries that again"]
        + outcome.notes
    default: outcome.notes
    }
  }

  private static func cost(_ outcome: HostOutcome) -> String {
    let sent = outcome.sentBytes
    let seconds = (outcome.seconds * 10).rounded() / 10
    return sent == 0 ? "\(seconds) s" : "\(seconds) s, \(size(sent)) sent"
  }

  private static func size(_ bytes: Int) -> String {
    bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
  }
}
