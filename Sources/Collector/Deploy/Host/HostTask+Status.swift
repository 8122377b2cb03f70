import Bytes

extension HostTask {
  /// Version, health, and what differs from what was rolled out. Nothing is changed.
  ///
  /// - Parameters:
  ///   - key: the collector's; without one its health can't be proven.
  ///   - record: what was rolled out from here.
  func status(key: CollectorKey?, record: PackageRecord) throws(StepFailure) -> HostOutcome {
    try step(.connect) { () throws(HostShell.Failure) in
      try shell.open(within: 60)
      return ((), "")
    }
    let found = try look()
    guard let linked = found.linked else { return HostOutcome(host, .absent) }
    var trouble: String?
    if let key {
      let ofProgram = String(linked.prefix { $0 != "+" })
      do throws(StepFailure) {
        try prove(HealthProof(key: key, version: ofProgram, ticks: 1))
      } catch {
        trouble = error.description
      }
    } else {
      trouble = "there is no collector's key here to ask it with"
    }
    let status = HostStatus(
      service: found.service, rollback: found.rollbackVersion,
      drift: HostTask.drift(found, linked, record), trouble: trouble)
    return HostOutcome(host, .looked(status), version: linked, previous: found.previous)
  }

  /// How many changed files are named.
  private static let namedFiles = 5

  static func drift(
    _ found: HostFindings, _ linked: String, _ record: PackageRecord
  ) -> [String] {
    var drift = found.drift
    if let package = found.package(linked) {
      if !package.isIntact {
        let more = package.changed.count - namedFiles
        drift.append(
          "changed since it was installed: "
            + package.changed.prefix(namedFiles).joined(separator: ", ")
            + (more > 0 ? " and \(more) more" : ""))
      } else if let known = record.checksum(of: linked), known != package.checksum {
        drift.append("its \(linked) isn't the \(linked) that was rolled out from here")
      }
    } else {
      drift.append("it links into \(linked), which is gone")
    }
    if let kept = found.kept, kept != linked {
      drift.append("\(kept) was rolled out, and somebody linked \(linked)")
    }
    if found.service == "running", !found.runs(linked) {
      drift.append("another file runs: \(found.running ?? "?"); restart the service")
    }
    if found.service != "running" { drift.append("the service is \(found.service)") }
    return drift
  }
}
