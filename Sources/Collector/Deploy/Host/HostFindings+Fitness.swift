extension HostFindings {
  /// Why nothing can be installed there, and what to do about it; `nil` where it can.
  func obstacle(to package: AgentPackage) -> String? {
    if let wrong = wrongMachine(package.program.machine) { return wrong }
    if !readOnly.isEmpty {
      return "\(readOnly.joined(separator: ", ")) can't be written to: is it mounted read-only?"
    }
    if let foreign = foreign.first { return HostFindings.text(of: foreign) }
    // The executable comes twice: as it was sent, and unpacked.
    let needed = 2 * package.program.bytes.count + HostFindings.spareBytes
    if !isThere(package), let freeBytes, freeBytes < needed {
      return "\(freeBytes >> 20) MiB are free in /usr/local, and \(needed >> 20) MiB are needed: "
        + "make room there"
    }
    return nil
  }

  /// For all that is small.
  private static let spareBytes = 4 << 20

  /// Whether the host has this very package, whole.
  func isThere(_ package: AgentPackage) -> Bool {
    guard let found = self.package(package.version.description) else { return false }
    return found.isIntact && found.checksum == package.checksum
  }

  private func wrongMachine(_ wanted: String) -> String? {
    let aliases = ["amd64": "x86_64", "arm64": "aarch64"]
    guard system != "Linux" || aliases[machine, default: machine] != wanted else { return nil }
    return
      "it is \(system) on \(machine), and the agent is for Linux on \(wanted): name an agent for "
      + "it with --agent-file"
  }

  private static func text(of foreign: Foreign) -> String {
    let whose =
      foreign.owner.isEmpty
      ? "no package's, put there by hand: remove it first"
      : "of the distribution's package \(foreign.owner): remove that first, or leave this host to it"
    return "\(foreign.path) is there already and is \(whose)"
  }
}
