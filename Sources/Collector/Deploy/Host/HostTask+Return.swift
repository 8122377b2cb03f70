extension HostTask {
  /// Goes back to the version before, and proves it good.
  func rollBack(key: CollectorKey, isDryRun: Bool) throws(StepFailure) -> HostOutcome {
    try enter()
    let found = try look()
    guard let linked = found.linked else { return HostOutcome(host, .absent) }
    guard let version = found.rollbackVersion, let package = found.package(version) else {
      throw refusal("\(linked) is the only version there: install another one")
    }
    guard package.isIntact else {
      throw refusal(
        "\(version), which would be gone back to, was changed "
          + "(\(package.changed.prefix(3).joined(separator: ", "))): install it anew")
    }
    guard !isDryRun else {
      return HostOutcome(host, .planned("go back: \(linked) → \(version)"), version: linked)
    }
    try step(.link, ["link", version], detail: "\(linked) → \(version)")
    try step(.key, ["key", key.authorizedLine, key.blob])
    try step(.service, ["service", version])
    let ofProgram = String(version.prefix { $0 != "+" })
    try prove(HealthProof(key: key, version: ofProgram))
    try step(.keep, ["keep", version])
    return HostOutcome(host, .rolledBack, version: version, previous: linked)
  }

  /// Takes the agent away, and all that deploy made for it.
  func remove(
    keepsSpool: Bool, key: CollectorKey?, isDryRun: Bool
  ) throws(StepFailure) -> HostOutcome {
    try enter(toRemove: !isDryRun)
    let found = try look()
    let isGone = found.packages.isEmpty && found.kept == nil && found.service == "absent"
    if isGone, keepsSpool || !found.hasSpool {
      return HostOutcome(host, .absent)
    }
    let versions = isGone ? "the spool" : found.packages.map(\.version).joined(separator: ", ")
    guard !isDryRun else {
      return HostOutcome(host, .planned("remove \(versions)"), version: found.linked)
    }
    let reply = try step(
      .remove, ["remove", keepsSpool ? "yes" : "no", key?.blob ?? "no key of ours"],
      detail: versions)
    var outcome = HostOutcome(host, .removed, previous: found.linked)
    outcome.notes = reply.notes
    return outcome
  }

  private func refusal(_ why: String) -> StepFailure {
    tell(.step(host: host, .look, .failed(why)))
    return StepFailure(.look, .refused, why)
  }
}
