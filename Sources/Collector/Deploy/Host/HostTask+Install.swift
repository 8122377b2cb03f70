extension HostTask {
  /// Brings a package to the host, starts it, and proves it good.
  func install(
    _ package: AgentPackage, key: CollectorKey?, isDryRun: Bool
  ) throws(StepFailure) -> HostOutcome {
    let version = package.version.description
    try enter()
    let found = try look()
    if let obstacle = found.obstacle(to: package) {
      let failure = StepFailure(.look, .refused, obstacle)
      tell(.step(host: host, .look, .failed(obstacle)))
      throw failure
    }
    let isThere = found.isThere(package)
    guard !isDryRun else {
      return HostOutcome(
        host, .planned(HostTask.plan(found, package)), version: version, previous: found.linked)
    }
    guard let key else { throw StepFailure(.key, .refused, "there is no key of the collector's") }
    if !isThere { try bring(package, packs: found.hasGzip) }
    try step(.link, ["link", version], detail: HostTask.change(from: found.linked, to: version))
    try step(.user, ["user"])
    try step(.config, ["config", version])
    try step(.spool, ["spool"])
    try step(.key, ["key", key.authorizedLine, key.blob])
    try step(.service, ["service", version])
    try prove(HealthProof(key: key, version: package.version.ofProgram))
    try step(.keep, ["keep", version])
    let wasGood = isThere && found.runs(version) && found.drift.isEmpty
    return HostOutcome(
      host, wasGood ? .unchanged : .installed, version: version, previous: found.linked)
  }

  /// The executable, and around it the package.
  private func bring(_ package: AgentPackage, packs: Bool) throws(StepFailure) {
    let program = package.program
    let seconds = Double(HostScript.patienceSeconds)
    let packed = packs ? program.packed.bytes : nil
    let payload = packed ?? program.bytes
    try step(
      .upload, ["upload", "\(program.bytes.count)", program.checksum, "\(packed?.count ?? 0)"],
      payloads: [payload], within: seconds, detail: "\(payload.count) bytes")
    try step(.verify, ["verify", program.checksum, package.version.ofProgram])
    try step(
      .unpack,
      [
        "unpack", package.version.description, package.checksum, "\(package.head.count)",
        "\(package.tail.count)", package.archiveChecksum,
      ], payloads: [package.head, package.tail], within: seconds)
  }

  private static func change(from old: String?, to new: String) -> String {
    guard let old, old != new else { return new }
    return "\(old) → \(new)"
  }

  /// What an installation would do.
  private static func plan(_ found: HostFindings, _ package: AgentPackage) -> String {
    let version = package.version.description
    if found.isThere(package), found.linked == version, found.runs(version) {
      return "nothing: \(version) is there and runs"
    }
    var parts: [String] = []
    if !found.isThere(package) {
      let program = package.program
      let sent = (found.hasGzip ? program.packed.bytes : nil) ?? program.bytes
      parts.append("send up to \(sent.count >> 20) MiB")
      if found.package(version) != nil {
        parts.append("replace the \(version) there, which differs")
      }
    }
    if found.linked != version { parts.append("link \(change(from: found.linked, to: version))") }
    if !found.hasUser { parts.append("make the user \(HealthProof.account)") }
    parts.append(
      found.service == "absent" ? "install and start the service" : "restart the service")
    return parts.joined(separator: ", ")
  }
}
